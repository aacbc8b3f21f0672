// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The first state and block of a chain. Pure; any thread.
#pragma once

#include "types/state.hpp"

namespace lepton {

/// Returns the state of slot 0: an empty history, zero checkpoints, the given registry.
/// Spec: state_transition.py `generate_genesis`
/// Input:  validators: element i has index i
/// Units:  genesis_time: Unix seconds
State genesis_state(std::uint64_t genesis_time, Validators validators);

/// Returns the block of slot 0 whose post-state is `genesis`: proposer 0, zero parent, empty body.
/// Spec: node/anchor.py
Block genesis_block(const State& genesis);

}  // namespace lepton
