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

    /// What check() does with the finalized block that a node shows.
    void judge(std::size_t number,
               const std::string& name,
               const Checkpoint& finalized,
               Violations& violations);

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

/// Every message is accounted for, no queue is longer than its bound, and every ask ends within its
/// time limit, if its actor gets turns.
class ActorOracle final : public Oracle {
  public:
    void check(const SimNode& node, Violations& violations) override;
};

/// Judges the counters of one actor of `node` at `now`, a time of its scheduler: what ActorOracle
/// does to each.
void check_actor(const std::string& node,
                 const actor::CellSnapshot& actor,
                 Time now,
                 Violations& violations);

/// Returns one of each.
std::vector<std::unique_ptr<Oracle>> all_oracles();

}  // namespace lepton::simulation
