// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The file below the signing journal, and nothing else of a file system: two implementations, the
// real one (posix_journal_file.hpp) and a simulated disk that loses and tears what was not synced
// (simulated_journal_file.hpp). One thread. Whoever holds the object holds the file exclusively.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace lepton::validator {

class JournalFile {
  public:
    virtual ~JournalFile() = default;

    /// Returns the size in bytes; 0 for a file that was just made.
    virtual Result<std::uint64_t, IoError> size() const = 0;
    /// Fills all of `out` from `offset`; an error when the file ends before.
    virtual Result<void, IoError> read(std::uint64_t offset, MutableByteView out) const = 0;
    /// Writes all of `bytes` at `offset`, growing the file when it ends before. Not durable yet.
    virtual Result<void, IoError> write(std::uint64_t offset, ByteView bytes) = 0;
    /// Makes everything written so far durable, the size included. After an error nothing is known
    /// of what is on disk: the caller must not go on.
    virtual Result<void, IoError> sync() = 0;
    /// Returns what messages call the file: its path.
    virtual const std::string& name() const = 0;
};

}  // namespace lepton::validator
