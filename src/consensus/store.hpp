// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The fork-choice store: this node's view of the chain, without full states and block bodies. The
// caller holds those and passes a state where one is needed. Belongs to one thread.
#pragma once

#include "base/result.hpp"
#include "consensus/block_tree.hpp"
#include "consensus/limits.hpp"
#include "consensus/vote_pools.hpp"
#include "types/rejection.hpp"
#include "types/ssz.hpp"

#include <memory>

namespace lepton::consensus {

/// Spec: containers/store.py `Store`. Changed only by the functions of fork_choice.hpp,
/// timeline.hpp and aggregation.hpp; always holds: head, safe target and both checkpoints are in
/// `blocks`, and head descends from both checkpoints.
struct Store {
    /// Intervals since genesis that have begun.
    Interval time;
    GenesisConfig config;
    /// The registry, the same for every block. Never null.
    std::shared_ptr<const Validators> validators;
    Root head;
    Root safe_target;
    /// Highest-slot justified checkpoint seen on any fork; never goes back.
    Checkpoint latest_justified;
    /// Finalized checkpoint of the head's chain; goes back when the head moves to a fork that
    /// finalized less.
    Checkpoint latest_finalized;
    BlockTree blocks;

    /// Votes and proofs that have arrived since the last acceptance: they do not weigh yet.
    LatestVotes latest_new_votes;
    AggregatedPayloads latest_new_aggregated_payloads{kNewProofsMax};
    /// Votes that weigh, and the proofs there are for them.
    LatestVotes latest_known_votes;
    AggregatedPayloads latest_known_aggregated_payloads{kKnownProofsMax};
    /// Kept by aggregators only.
    AttestationSignatures attestation_signatures{kAttestationSignaturesMax};

    const BlockNode& head_block() const;
    std::uint64_t validator_count() const { return validators->size(); }
};

/// Checks that a chain can begin with `state`, which nobody has executed here. That its registry is
/// within the limit is for the decoder to see.
/// Spec: checkpoint_sync.py `verify_checkpoint_state`
/// Errors: EMPTY_VALIDATOR_REGISTRY
Result<void, Rejection> verify_checkpoint_state(const State& state);

/// Returns the store that begins with one trusted block and its post-state: it is head, safe
/// target, justified and finalized, whatever the state says. Time is the start of its slot.
/// Spec: fork_choice.py `create_store`
/// Errors: those of verify_checkpoint_state, ANCHOR_STATE_ROOT_MISMATCH
/// Cost:   one state root
Result<Store, Rejection> create_store(const State& anchor_state, const Block& anchor_block);

}  // namespace lepton::consensus
