// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A file on a simulated disk, for simulation and tests: what was not synced may be lost or torn at
// any byte when the power goes. The disk outlives the files opened on it. One thread.
#pragma once

#include "base/random.hpp"
#include "validator/journal_file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lepton::validator {

/// One file of a simulated disk.
class SimulatedDisk {
  public:
    SimulatedDisk() : state_(std::make_shared<State>()) {}
    SimulatedDisk(SimulatedDisk&&) = default;
    SimulatedDisk& operator=(SimulatedDisk&&) = default;
    SimulatedDisk(const SimulatedDisk&) = delete;
    SimulatedDisk& operator=(const SimulatedDisk&) = delete;

    /// Opens the file. One at a time: the next open succeeds when the returned object is gone, or
    /// after a crash, which leaves the object without effect.
    Result<std::unique_ptr<JournalFile>, IoError> open(const std::string& name);

    /// The process dies, the machine goes on: everything that was written stays readable, and may
    /// still be lost by a power cut.
    void kill();

    /// The power goes: each write since the last sync, on its own, is lost, done, or done up to
    /// some byte.
    void cut_power(Random& random);

    /// The power goes: of the writes since the last sync the first `whole` are done, the next up to
    /// `bytes` bytes, and the others lost.
    void cut_power_after(std::size_t whole, std::size_t bytes);

    /// Lets the `count`-th write or sync from now fail (1 is the next one), and every later one
    /// too; what a failing sync would have made durable is as if not synced. 0 takes the order
    /// back.
    void fail_at(std::uint64_t count);

    /// Lets the power go in the `count`-th write or sync from now: a write is then among those that
    /// cut_power() keeps, loses or tears, a sync has made nothing durable. Calls `gone` once, from
    /// within that operation, which fails, as does every later one until the order is taken back
    /// with count 0.
    void cut_power_at(std::uint64_t count, std::function<void()> gone);

    /// Returns how many writes and syncs failed so far.
    std::uint64_t failures() const { return state_->failures; }

    /// Returns a disk with the same contents, written and synced, on which nothing is open.
    SimulatedDisk clone() const;

    /// Returns the sizes of the writes since the last sync, in order.
    std::vector<std::size_t> unsynced_writes() const;

    /// Returns what is on the disk, to be damaged.
    Bytes& durable();

  private:
    friend class SimulatedJournalFile;
    struct Write {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    struct State {
        Bytes durable;
        std::vector<Write> unsynced;
        /// Number of the object that may use the file; 0 for none.
        std::uint64_t open_file = 0;
        std::uint64_t files = 0;
        std::uint64_t operations = 0;
        std::uint64_t fails_from = UINT64_MAX;
        std::uint64_t failures = 0;
        std::uint64_t power_until = UINT64_MAX;
        std::function<void()> power_gone;
    };

    static void apply(Bytes& contents, std::uint64_t offset, ByteView bytes);

    std::shared_ptr<State> state_;
};

}  // namespace lepton::validator
