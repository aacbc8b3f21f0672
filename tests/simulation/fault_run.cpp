// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fault_run.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

namespace lepton::simulation {

FaultRunResult run_with_faults(const FaultRunOptions& options) {
    LEPTON_ASSERT(options.slots > kRecoverySlots);
    SimOptions sim{.seed = options.seed, .nodes = options.nodes};
    // Peace begins anywhere in a slot.
    const Duration slot = std::chrono::seconds{4};
    const Duration faults_end = slot * (options.slots - kRecoverySlots) -
                                std::chrono::milliseconds{options.seed * 977 % 4000};
    FaultRunResult result;
    if (options.with_faults) {
        result.plan = draw_fault_plan(
            options.seed,
            {.nodes = options.nodes, .guests = sim.guests.size(), .faults_end = faults_end});
        sim.plan = result.plan;
    }
    SimNetworkOfNodes network(sim);
    LEPTON_ASSERT(network.slot_length() == slot);
    network.run_for(faults_end);

    const std::uint64_t before = network.highest_finalized_slot();
    const Duration step = std::chrono::milliseconds{800};
    const auto has_recovered = [&] { return network.finalized_slot() > before; };
    while (result.recovery < slot * kRecoverySlots && !has_recovered()) {
        network.run_for(step);
        result.recovery += step;
    }
    if (!has_recovered()) {
        network.add_violation(fmt::format(
            "no node finalizes beyond slot {} within {} slots", before, kRecoverySlots));
    }
    network.run_for(slot * kRecoverySlots - result.recovery);
    result.violations = network.violations();
    result.fault_counts = network.fault_counts();
    result.virtual_time = faults_end + slot * kRecoverySlots;
    result.finalized = network.finalized_slot();
    result.trace_hash = network.trace_hash();
    result.summary = network.summary();
    return result;
}

}  // namespace lepton::simulation
