// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// An open file that no other process, and no other part of this one, has locked. Any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <string>

namespace lepton::validator {

/// Owns a file descriptor with an exclusive lock on it (flock), or nothing.
class FileLock {
  public:
    FileLock() = default;
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

    /// Opens `path` with the flags of open(2), which may create it with mode 0600, and locks it.
    /// Errors: one line with the path; a lock held elsewhere is named as such
    static Result<FileLock, IoError> open(const std::string& path, int flags);

    int descriptor() const { return descriptor_; }

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

}  // namespace lepton::validator
