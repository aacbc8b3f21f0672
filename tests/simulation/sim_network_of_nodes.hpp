// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A network of simulated nodes from a seed, and what must always hold in it. One thread.
#pragma once

#include "sim_node.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::simulation {

struct SimOptions {
    std::uint64_t seed = 1;
    /// 1 to 64.
    std::size_t nodes = 4;
    std::size_t validators_per_node = 1;
};

class SimNetworkOfNodes {
  public:
    /// Makes the nodes and starts them two seconds before genesis.
    explicit SimNetworkOfNodes(const SimOptions& options);

    /// Runs until slot `slot` has begun and three of its intervals are over; checks the oracles at
    /// each interval.
    void run_to_slot(std::uint64_t slot);

    SimNode& node(std::size_t number) { return *nodes_.at(number); }
    std::size_t size() const { return nodes_.size(); }
    actor::Simulator& simulator() { return simulator_; }

    /// The lowest finalized slot of all running nodes.
    std::uint64_t finalized_slot() const;

    /// What was broken so far; empty: nothing. Two nodes finalized different blocks in one slot, a
    /// node's finalized slot went back, or a node ended by itself.
    const std::vector<std::string>& violations() const { return violations_; }

    /// Of all deliveries so far and of the views of all running nodes.
    std::uint64_t trace_hash() const;
    std::string summary() const;

  private:
    void check_oracles();
    UnixMs slot_start_ms(std::uint64_t slot) const;

    SimOptions options_;
    SimGenesis genesis_;
    actor::Simulator simulator_;
    libp2p::SimNetwork network_;
    std::vector<std::unique_ptr<SimNode>> nodes_;
    /// By slot, what any node finalized there.
    std::map<Slot, Root> finalized_;
    /// By node, its highest finalized slot.
    std::map<std::string, Slot> finalized_of_;
    std::vector<std::string> violations_;
};

}  // namespace lepton::simulation
