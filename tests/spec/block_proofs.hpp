// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The proofs that the generator of fork-choice vectors has beside those that a vector hands in: its
// pools can only be compared when a node has them too. One thread.
#pragma once

#include "spec/json.hpp"
#include "spec_driver/fork_choice_node.hpp"

namespace lepton::spec {

/// Does to `node` what the generator did while it built `block`: it signed votes, aggregated them
/// with what was in the pools, and put the proofs among the known ones. The vector does not list
/// these votes: some attestations of a body were forced into it without a signature, and some
/// signed votes were left out of the body. Which ones were signed can only be told from the known
/// proofs in the snapshot that the generator took after the step.
void take_over_block_proofs(spec_driver::ForkChoiceNode& node,
                            const Block& block,
                            const json::object& snapshot);

}  // namespace lepton::spec
