// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The fork-choice store at the start of a process: rebuilt from the database, or begun at an
// anchor. Before the actors run; the thread that opened the storage.
#pragma once

#include "base/result.hpp"
#include "consensus/store.hpp"
#include "storage/storage.hpp"
#include "types/network_profile.hpp"

#include <optional>

namespace lepton::blockchain {

/// A trusted block with its post-state: genesis, or what a checkpoint server gave.
struct Anchor {
    SignedBlock block;
    State state;
};

/// Returns the store of the chain that `storage` has: its blocks, the votes that they carry, and
/// the checkpoints as last written; what only gossip brought is gone. Nothing when the storage is
/// empty.
/// Errors: the database cannot be read or contradicts itself
/// Cost:   reads every block above the finalized one, and one state root
Result<std::optional<consensus::Store>, IoError> resume_chain(const storage::Storage& storage,
                                                              const NetworkProfile& profile);

/// Returns the store of a chain that begins at `anchor`, and writes the anchor, so that it can be
/// served and resumed from. A stored chain is kept as far as it is finalized before the anchor.
/// Requires that the anchor's block has the root of its state, which has validators.
/// Errors: the database cannot be written
Result<consensus::Store, IoError> begin_chain(storage::Storage& storage, const Anchor& anchor);

}  // namespace lepton::blockchain
