// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A database in memory on a simulated disk, for simulation and tests: the disk outlives the
// database on it, can be copied as a crash would leave it, and fails when told to. The database may
// be used like any other Backend; the disk's own functions belong to one thread.
#pragma once

#include "storage/backend.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

namespace lepton::storage {

class MemoryDisk {
  public:
    MemoryDisk() : contents_(std::make_shared<Contents>()) {}
    MemoryDisk(MemoryDisk&&) = default;
    MemoryDisk& operator=(MemoryDisk&&) = default;
    MemoryDisk(const MemoryDisk&) = delete;
    MemoryDisk& operator=(const MemoryDisk&) = delete;

    /// Returns the database on this disk. One at a time: the next open succeeds when the returned
    /// object is gone.
    /// Errors: in_use
    Result<std::unique_ptr<Backend>, OpenError> open(const std::string& name);

    /// Returns a disk with everything that was committed so far, as after a crash at this moment.
    MemoryDisk clone() const;

    /// Lets the `count`-th write from now fail without an effect (1 is the next one), and every
    /// later one too. 0 takes the order back.
    void fail_at(std::uint64_t count);

    /// Lets the power go in the `count`-th write from now: as the database is atomic, all of it or
    /// nothing is on the disk afterwards. Calls `gone` once, from within that write, which fails,
    /// as does every later one until the order is taken back with count 0.
    void cut_power_at(std::uint64_t count, bool is_kept, std::function<void()> gone);

    /// Returns how many writes failed so far.
    std::uint64_t failures() const;

    /// Returns how many writes succeeded.
    std::uint64_t writes() const;

    /// Returns the records of a table, to be damaged. Requires that nobody reads meanwhile.
    std::map<Bytes, Bytes>& records(Table table);

  private:
    friend class MemoryBackend;
    struct Contents {
        /// As in a real database: many readers or one writer.
        mutable std::shared_mutex mutex;
        std::array<std::map<Bytes, Bytes>, kTableCount> tables;
        std::uint64_t writes = 0;
        std::uint64_t fails_after = UINT64_MAX;
        std::uint64_t failures = 0;
        std::uint64_t power_until = UINT64_MAX;
        bool is_last_kept = false;
        std::function<void()> power_gone;
        bool is_open = false;
    };

    std::shared_ptr<Contents> contents_;
};

}  // namespace lepton::storage
