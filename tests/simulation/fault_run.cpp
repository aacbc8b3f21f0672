// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fault_run.hpp"

#include "base/assert.hpp"
#include "consensus/slot.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::simulation {

// A block becomes final when its slot is justified and then the next slot that may be justified.
// Those slots grow rare with their distance from the latest finalized one: twenty slots after it
// there are five in between. The network is whole again within three slots of peace; the first such
// slot from then on, and the one behind it, need two more slots to be voted for and to get into a
// block, of which the second has to pass.
std::uint64_t recovery_slots_max(std::uint64_t peace, std::uint64_t finalized) {
    const auto next = [finalized](std::uint64_t slot) {
        while (!consensus::is_justifiable_after(Slot{slot}, Slot{finalized})) ++slot;
        return slot;
    };
    return std::max(kRecoverySlots, next(next(peace + 4) + 1) + 3 - peace);
}

FaultRunResult run_with_faults(const FaultRunOptions& options) {
    LEPTON_ASSERT(options.slots > kRecoverySlots);
    SimOptions sim{.seed = options.seed,
                   .nodes = options.nodes,
                   .guests = options.guests,
                   .guest_validators = options.guest_validators};
    // Peace begins anywhere in a slot.
    const Duration slot = std::chrono::seconds{4};
    const Duration faults_end = slot * static_cast<Duration::rep>(options.slots - kRecoverySlots) -
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
    if (options.plant) options.plant(network);
    network.run_for(faults_end);

    const std::uint64_t before = network.highest_finalized_slot();
    const std::uint64_t bound = recovery_slots_max(network.current_slot(), before);
    const Duration step = std::chrono::milliseconds{800};
    const Duration peace = slot * static_cast<Duration::rep>(kRecoverySlots);
    const auto has_recovered = [&] { return network.finalized_slot() > before; };
    while (result.recovery < slot * static_cast<Duration::rep>(bound) && !has_recovered()) {
        network.run_for(step);
        result.recovery += step;
    }
    if (!has_recovered()) {
        network.add_violation(fmt::format(
            "not every node finalizes beyond slot {} within {} slots of peace", before, bound));
    }
    network.run_for(std::max(Duration::zero(), peace - result.recovery));
    result.violations = network.violations();
    result.fault_counts = network.fault_counts();
    result.virtual_time = faults_end + std::max(peace, result.recovery);
    result.finalized = network.finalized_slot();
    result.trace_hash = network.trace_hash();
    result.summary = network.summary();
    return result;
}

}  // namespace lepton::simulation
