// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The oracles of every simulated network. One thread.
#pragma once

#include "oracle.hpp"

#include <map>
#include <memory>
#include <span>
#include <vector>

namespace lepton::simulation {

/// No two nodes finalize different blocks at one slot, and no node's finalized slot goes back, over
/// restarts too.
class FinalityOracle final : public Oracle {
  public:
    void check(const SimNode& node, Violations& violations) override;
    void started(const SimNode& node, Violations& violations) override { check(node, violations); }

  private:
    /// By slot, what any node finalized there.
    std::map<Slot, Root> finalized_;
    /// By node, its highest finalized slot.
    std::map<std::size_t, Slot> highest_;
};

/// What a node has published is on its disk after any restart: the head, the justified and the
/// finalized block. (Every write is durable before the view that follows from it.)
class DurabilityOracle final : public Oracle {
  public:
    void check(const SimNode& node, Violations& violations) override;
    void started(const SimNode& node, Violations& violations) override;

  private:
    std::map<std::size_t, std::shared_ptr<const network_api::ChainView>> published_;
};

/// Every message is accounted for, no queue is longer than its bound, and every ask ends in time.
class ActorOracle final : public Oracle {
  public:
    void check(const SimNode& node, Violations& violations) override;
};

/// Judges one actor of `node`; what ActorOracle does to each. For its own test too.
void check_actor(const std::string& node, const actor::CellSnapshot& actor, Violations& violations);

/// Returns one of each.
std::vector<std::unique_ptr<Oracle>> all_oracles();

}  // namespace lepton::simulation
