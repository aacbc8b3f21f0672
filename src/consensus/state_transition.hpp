// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// From a state and a block to the next state. Pure; any thread. Signatures are checked elsewhere,
// before.
#pragma once

#include "base/result.hpp"
#include "types/rejection.hpp"
#include "types/ssz.hpp"

#include <optional>
#include <span>

namespace lepton::consensus {

/// Returns the validator that proposes at `slot`.
/// Spec: containers/identifiers.py `proposer_for_slot`
/// Errors: EMPTY_VALIDATOR_REGISTRY
Result<ValidatorIndex, Rejection> proposer_for_slot(Slot slot, std::uint64_t validator_count);

/// Returns whether source, target and head of `data` are blocks of the chain that
/// `historical_block_hashes` holds by slot (zero: no block).
/// Spec: containers/checkpoint.py `lies_on_chain`
bool lies_on_chain(const AttestationData& data, std::span<const Root> historical_block_hashes);

/// Moves `state` through empty slots to `target_slot`.
/// Spec: state_transition.py `process_slots`
/// Input:  state_root: hash_tree_root of `state` if the caller has it: saves hashing the state
/// Errors: BLOCK_SLOT_NOT_IN_FUTURE; `state` is then unchanged
/// Cost:   one state root after a block unless given, whatever the number of slots
Result<void, Rejection> process_slots(State& state,
                                      Slot target_slot,
                                      std::optional<Root> state_root = {});

/// Applies header and body of `block` to `state`, which stands at its slot. After an error
/// `state` is not to be used.
/// Spec: state_transition.py `process_block`
/// Errors: BLOCK_SLOT_MISMATCH, BLOCK_OLDER_THAN_LATEST_HEADER, EMPTY_VALIDATOR_REGISTRY,
///         WRONG_PROPOSER, PARENT_ROOT_MISMATCH, BLOCK_SLOT_GAP_TOO_LARGE,
///         TOO_MANY_ATTESTATION_DATA, JUSTIFICATION_VOTES_LENGTH_MISMATCH,
///         ZERO_HASH_JUSTIFICATION_ROOT, JUSTIFIED_SLOT_OUT_OF_RANGE, EMPTY_AGGREGATION_BITS,
///         VALIDATOR_INDEX_OUT_OF_RANGE
Result<void, Rejection> process_block(State& state, const Block& block);

/// Returns the state after `block` on `parent`.
/// Spec: state_transition.py `state_transition`
/// Input:  parent_state_root: hash_tree_root of `parent` if the caller has it
/// Errors: those of process_slots and process_block; STATE_ROOT_MISMATCH
/// Cost:   a copy and one or two roots of the state
Result<State, Rejection> state_transition(const State& parent,
                                          const Block& block,
                                          std::optional<Root> parent_state_root = {});

}  // namespace lepton::consensus
