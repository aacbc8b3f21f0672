// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a step of a fork-choice vector does to the node. What it expects afterwards is not looked
// at: that is for others to compare. One thread.
#pragma once

#include "spec_driver/fork_choice_node.hpp"
#include "spec_driver/json.hpp"

namespace lepton::spec_driver {

/// Does what `step` says: a tick, a block, a vote, an aggregate, or nothing ("checks"). Throws
/// BadVector on a step of another shape or beyond a bound of limits.hpp.
/// Errors: those of the node's functions
Result<void, Rejection> play_step(ForkChoiceNode& node, const json::object& step);

}  // namespace lepton::spec_driver
