// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The read side of the database: what serving peers and the HTTP API may see of the stored chain.
// Every function may be called from any thread, also while the owner writes; each answer comes from
// one committed state of the database.
#pragma once

#include "base/result.hpp"
#include "types/checkpoint.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace lepton::storage {

/// The four checkpoints of the fork-choice store.
struct Checkpoints {
    Checkpoint head;
    Checkpoint latest_justified;
    Checkpoint latest_finalized;
    Checkpoint safe_target;

    static constexpr auto kSszFields = std::tuple(&Checkpoints::head,
                                                  &Checkpoints::latest_justified,
                                                  &Checkpoints::latest_finalized,
                                                  &Checkpoints::safe_target);
    bool operator==(const Checkpoints&) const = default;
};

class BlockReader {
  public:
    virtual ~BlockReader() = default;

    /// Returns the SSZ form of the signed block `root`, as it goes over the wire; nothing when the
    /// database does not have it.
    /// Errors: the database cannot be read, or the record is damaged
    virtual Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& root) const = 0;

    /// Returns the SSZ form of the state after block `block_root`; nothing when the database does
    /// not have it: it keeps the states of the anchor and of the blocks above it.
    /// Errors: as signed_block_bytes
    /// Cost:   up to kStateSnapshotSpacing small reads and one copy of the state
    virtual Result<std::optional<Bytes>, IoError> state_bytes(const Root& block_root) const = 0;

    /// Returns the blocks of the head's chain with start <= slot < start + count, ascending; slots
    /// without a block are left out. A count above kMaxRequestBlocks means kMaxRequestBlocks.
    virtual Result<std::vector<Checkpoint>, IoError> canonical_blocks(
        Slot start, std::uint64_t count) const = 0;

    /// Returns the checkpoints as of the latest commit; nothing while the database is empty.
    virtual Result<std::optional<Checkpoints>, IoError> checkpoints() const = 0;
};

}  // namespace lepton::storage
