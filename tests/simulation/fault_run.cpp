// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fault_run.hpp"

#include "base/assert.hpp"
#include "byzantine_guest.hpp"
#include "consensus/slot.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::simulation {

bool has_guest(std::size_t nodes) {
    // One of the validators, and less than a third of them.
    return nodes >= 3;
}

// A block becomes final when its slot is justified and then the next slot that may be justified.
// Those slots grow rare with their distance from the latest finalized one: twenty slots after it
// there are five in between. The network is whole again within three slots of peace; the first such
// slot from then on, and the one behind it, need two more slots to be voted for and to get into a
// block, of which the second has to pass.
// What a guest proposes need not be of use: its slots count as empty, and a pair of which one is
// empty finalizes nothing.
std::uint64_t recovery_slots_max(std::uint64_t peace, std::uint64_t finalized, std::size_t nodes) {
    const auto is_empty = [nodes](std::uint64_t slot) {
        return has_guest(nodes) && slot % (nodes + 1) == nodes;
    };
    const auto next = [&](std::uint64_t slot) {
        while (!consensus::is_justifiable_after(Slot{slot}, Slot{finalized})) ++slot;
        return slot;
    };
    std::uint64_t first = next(peace + 4);
    std::uint64_t second = next(first + 1);
    while (is_empty(first) || is_empty(second)) {
        first = second;
        second = next(first + 1);
    }
    const std::uint64_t carried = is_empty(second + 1) ? second + 2 : second + 1;
    return std::max(kRecoverySlots, carried + 2 - peace);
}

FaultRunResult run_with_faults(const FaultRunOptions& options) {
    LEPTON_ASSERT(options.slots > kRecoverySlots);
    SimOptions sim{.seed = options.seed, .nodes = options.nodes};
    if (options.with_faults && has_guest(options.nodes)) {
        sim.guests.push_back(byzantine_guests());
        sim.guest_validators = 1;
    }
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
    // A node may have seen more finalized than the chain that all will follow.
    const std::uint64_t bound = std::max(
        recovery_slots_max(network.current_slot(), before, options.nodes),
        recovery_slots_max(network.current_slot(), network.finalized_slot(), options.nodes));
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
