// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a validator of this node is to do and to vote for. Pure; on the store's thread.
#pragma once

#include "consensus/store.hpp"

namespace lepton::consensus {

/// Returns whether `validator_index` proposes at `slot`; slot 0 has no proposal.
bool is_proposer(ValidatorIndex validator_index, Slot slot, std::uint64_t validator_count);

/// Returns the checkpoint to vote for as target: at most three blocks back from the head towards
/// the safe target, then back to a justifiable slot; never behind what the head's state justified.
/// Spec: validator_duties.py `get_attestation_target`
Checkpoint get_attestation_target(const Store& store);

/// Returns the vote of every validator of this node at `slot`. Its source is the justified
/// checkpoint of the head's state, so that source, target and head lie on one chain.
/// Spec: validator_duties.py `produce_attestation_data`
AttestationData produce_attestation_data(const Store& store, Slot slot);

}  // namespace lepton::consensus
