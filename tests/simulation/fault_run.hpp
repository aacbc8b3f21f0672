// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One seed from its start to its verdict: faults, then peace, in which the network must recover.
// One thread.
#pragma once

#include "fault_plan.hpp"
#include "sim_network_of_nodes.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lepton::simulation {

/// After the last fault every node must finalize something new within so many slots.
inline constexpr std::uint64_t kRecoverySlots = 8;
/// Returns whether so many nodes have a guest beside them.
bool has_guest(std::size_t nodes);

/// Returns within how many slots of peace that is possible when faults end at slot `peace`:
/// kRecoverySlots, or more where the rule of which slots may be justified demands more.
std::uint64_t recovery_slots_max(std::uint64_t peace, std::uint64_t finalized, std::size_t nodes);

struct FaultRunOptions {
    std::uint64_t seed = 1;
    std::size_t nodes = 4;
    /// Slots of the run, the last kRecoverySlots of them without faults; more when recovery may
    /// take longer.
    std::uint64_t slots = 40;
    /// Faults, and beside three nodes or more a guest with one validator, for byzantine ones.
    bool with_faults = true;
    /// Called with the network before it runs: tests of the oracles plant their bugs here.
    std::function<void(SimNetworkOfNodes&)> plant{};
};

struct FaultRunResult {
    std::vector<std::string> violations;
    FaultPlan plan;
    FaultCounts fault_counts{};
    Duration virtual_time{};
    std::uint64_t finalized = 0;
    std::uint64_t trace_hash = 0;
    /// After the end of the faults until every node had finalized something new.
    Duration recovery{};
    std::string summary;
};

/// Runs the network of a seed. Requires slots > kRecoverySlots.
FaultRunResult run_with_faults(const FaultRunOptions& options);

}  // namespace lepton::simulation
