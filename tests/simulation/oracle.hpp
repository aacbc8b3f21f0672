// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What must always hold in a simulated network. An oracle looks from outside, at what a node
// publishes, counts and stores, between two turns. One thread.
#pragma once

#include "sim_node.hpp"
#include "violations.hpp"

namespace lepton::simulation {

class Oracle {
  public:
    virtual ~Oracle() = default;

    /// Looks at a running node: at each interval, and right before the node is crashed.
    virtual void check(const SimNode& node, Violations& violations) = 0;
    /// Looks at a node that has just been started, before it had a turn.
    virtual void started(const SimNode& /*node*/, Violations& /*violations*/) {}
};

}  // namespace lepton::simulation
