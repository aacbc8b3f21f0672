// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a state-transition vector does. What it expects is for others to compare. Pure; any thread.
#pragma once

#include "spec_driver/json.hpp"
#include "types/rejection.hpp"

namespace lepton::spec_driver {

/// Returns the state that the vector's blocks lead to from its "pre". Throws BadVector when it has
/// another shape or more than kTransitionBlocksMax blocks.
/// Errors: those of consensus::state_transition
Result<State, Rejection> run_state_transition(const json::object& vector);

}  // namespace lepton::spec_driver
