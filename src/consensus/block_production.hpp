// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Blocks of this node: which votes to carry, and the block around them. Pure; on the store's
// thread. Proofs are merged and the block is signed elsewhere.
#pragma once

#include "consensus/store.hpp"

#include <functional>
#include <vector>

namespace lepton::consensus {

struct ProductionLimits {
    /// Distinct votes to carry; kMaxAttestationsData at most.
    std::size_t attestations_max = kProducedAttestationsDefault;
    /// Proofs that may be merged into one.
    std::size_t proofs_per_attestation_max = kProofsPerDataMax;
    /// Bytes that the block's proof may have.
    std::size_t proof_bytes_max = kProofSizeMax;
    /// Bytes that a component of the block's proof takes for so many participants.
    std::function<std::size_t(std::size_t participants)> proof_size;
};

/// A vote that the block will carry.
struct SelectedAttestation {
    AttestationData data;
    Root data_root;
    /// One, or several to be merged into one.
    std::vector<SingleMessageAggregate> proofs;
    /// The validators that the proofs cover together.
    AggregationBits participants;

    AggregatedAttestation attestation() const { return {participants, data}; }
};

/// Returns the votes for a block at `slot` on the store's head: those that finalize, then those
/// that justify, then those that bring most new voters; each judged by the state that the ones
/// before it lead to. May be empty; never fails.
/// Spec: block_production.py `build_block`
/// Input:  head_state: the post-state of store.head
/// Cost:   known votes times attestations_max
std::vector<SelectedAttestation> select_attestations(const Store& store,
                                                     const State& head_state,
                                                     Slot slot,
                                                     const ProductionLimits& limits);

/// A block with its post-state.
struct AssembledBlock {
    Block block;
    State post_state;
};

/// Returns the block at `slot` that carries `attestations`, with the right state root.
/// Spec: block_production.py `build_block`
/// Input:  parent_state: post-state of the parent; parent_state_root: its root if the caller has it
/// Errors: WRONG_PROPOSER, EMPTY_VALIDATOR_REGISTRY, BLOCK_SLOT_NOT_IN_FUTURE, and those of
///         process_block when an attestation invalidates the block
Result<AssembledBlock, Rejection> assemble_block(const State& parent_state,
                                                 Slot slot,
                                                 ValidatorIndex proposer_index,
                                                 std::vector<AggregatedAttestation> attestations,
                                                 std::optional<Root> parent_state_root = {});

}  // namespace lepton::consensus
