// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Carries out a fault plan on a simulated network: begins and ends each fault at its time, starts
// what a fault has ended, and when all faults are over makes everything good again. One thread.
//
// What a fault does to paths and machines follows from the set of faults that are under way: after
// each change everything is set anew, so faults of a kind may overlap.
#pragma once

#include "fault_plan.hpp"
#include "guest.hpp"
#include "oracle.hpp"
#include "sim_node.hpp"

#include <array>
#include <list>
#include <memory>
#include <vector>

namespace lepton::simulation {

/// How often each kind of fault has done something.
using FaultCounts = std::array<std::uint64_t, kFaultKinds>;

class FaultInjector {
  public:
    /// What faults are done to. References outlive the injector.
    struct Targets {
        actor::Simulator& simulator;
        libp2p::SimNetwork& network;
        std::vector<std::unique_ptr<SimNode>>& nodes;
        std::vector<std::unique_ptr<Guest>>& guests;
        std::vector<std::unique_ptr<Oracle>>& oracles;
        Violations& violations;
    };

    /// Schedules all of `plan`, whose times count from now.
    FaultInjector(const Targets& targets, FaultPlan plan, std::uint64_t seed);

    /// Sees to a node that has ended by itself: after a failed write of its disks with the code of
    /// the environment, it is started again soon; otherwise that is a violation.
    void see_to(SimNode& node);

    bool is_over() const { return is_over_; }
    const FaultPlan& plan() const { return plan_; }
    FaultCounts counts() const;

  private:
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void end_all();
    /// Sets paths and machines from the faults under way.
    void apply();
    libp2p::SimPath path_of(std::size_t from, std::size_t to) const;
    void crash(SimNode& node, CrashKind kind);
    void start(SimNode& node);
    void start_later(SimNode& node);
    /// Whether a fault under way keeps the node down.
    bool is_held_down(const SimNode& node) const;
    /// The power of the node's machine goes within a write.
    void power_gone(std::size_t node);
    std::uint64_t& count(FaultKind kind) { return counts_[static_cast<std::size_t>(kind)]; }

    Targets targets_;
    FaultPlan plan_;
    SeededRandom random_;
    /// Those under way, in the order of their begin.
    std::list<Fault> active_;
    /// Nodes whose machine has no power.
    std::set<std::size_t> dark_;
    std::vector<Time> failing_since_;
    bool is_over_ = false;
    FaultCounts counts_{};
};

}  // namespace lepton::simulation
