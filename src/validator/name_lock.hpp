// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A name that one process of this machine holds at a time: finds a second user of a key whatever
// file it read the key from, where a lock on the file sees only those who opened that very file.
// Any thread.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string_view>

namespace lepton::validator {

/// Owns a name, or none. The kernel takes it back when the process ends, however it ends.
///
/// It is the address of a socket without a file (unix(7), abstract), so its reach is that of the
/// network namespace: containers see each other's names only when they share the host's network.
class NameLock {
  public:
    NameLock() = default;
    ~NameLock();
    NameLock(NameLock&& other) noexcept;
    NameLock& operator=(NameLock&& other) noexcept;
    NameLock(const NameLock&) = delete;
    NameLock& operator=(const NameLock&) = delete;

    /// Takes `name`, at most 100 bytes. Returns nothing when it is held already.
    /// Errors: the system has no socket to give
    static Result<std::optional<NameLock>, IoError> take(std::string_view name);

  private:
    explicit NameLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

}  // namespace lepton::validator
