// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A network of simulated nodes from a seed, what is done to it, and what must always hold in it.
// One thread.
#pragma once

#include "fault_injector.hpp"
#include "guest.hpp"
#include "key_uses.hpp"
#include "memo_scheme.hpp"
#include "oracle.hpp"
#include "sim_node.hpp"
#include "violations.hpp"

#include <cstdint>
#include <functional>
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
    /// Peers that are no nodes. The first `guest_validators` of them have one validator each, the
    /// last ones of the registry: less than a third of it.
    std::vector<GuestFactory> guests{};
    std::size_t guest_validators = 0;
    /// What is done to the network; nothing without a plan.
    std::optional<FaultPlan> plan{};
};

class SimNetworkOfNodes {
  public:
    /// Makes the nodes and starts them two seconds before genesis.
    explicit SimNetworkOfNodes(const SimOptions& options);
    SimNetworkOfNodes(const SimNetworkOfNodes&) = delete;
    SimNetworkOfNodes& operator=(const SimNetworkOfNodes&) = delete;

    /// Runs until slot `slot` has begun and three of its intervals are over; checks the oracles at
    /// each interval.
    void run_to_slot(std::uint64_t slot);
    void run_for(Duration duration);

    /// Starts a node that was crashed, and lets the oracles look at it.
    void restart(SimNode& node);

    std::uint64_t seed() const { return options_.seed; }
    SimNode& node(std::size_t number) { return *nodes_.at(number); }
    std::size_t size() const { return nodes_.size(); }
    actor::Simulator& simulator() { return simulator_; }
    KeyUses& key_uses() { return key_uses_; }
    Duration slot_length() const;
    std::uint64_t current_slot() const;

    /// The lowest and the highest finalized slot of all running nodes.
    std::uint64_t finalized_slot() const;
    std::uint64_t highest_finalized_slot() const;

    /// What was broken so far, in words; empty: nothing.
    const std::vector<std::string>& violations() const { return violations_.lines(); }
    void add_violation(std::string what) { violations_.add(std::move(what)); }
    void add_oracle(std::unique_ptr<Oracle> oracle) { oracles_.push_back(std::move(oracle)); }

    /// How often each fault of the plan did something.
    FaultCounts fault_counts() const;

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
    Violations violations_;
    KeyUses key_uses_{violations_};
    MemoScheme scheme_;
    SimWorld world_;
    std::vector<std::unique_ptr<Oracle>> oracles_;
    std::vector<std::unique_ptr<SimNode>> nodes_;
    std::vector<std::unique_ptr<Guest>> guests_;
    std::optional<FaultInjector> injector_;
};

}  // namespace lepton::simulation
