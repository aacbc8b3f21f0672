// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fault_plan.hpp"

#include "base/assert.hpp"
#include "base/guarded_clock.hpp"
#include "base/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace lepton::simulation {
namespace {

using std::chrono::milliseconds;

/// How a kind is drawn.
struct KindRange {
    FaultKind kind;
    std::string_view name;
    /// At most so many in one plan.
    std::uint64_t count_max;
    /// Milliseconds.
    std::uint64_t length_min, length_max;
    std::uint64_t intensity_min, intensity_max;
};

constexpr std::array<KindRange, kFaultKinds> kRanges{{
    {FaultKind::latency, "latency", 4, 1'000, 40'000, 10, 400},
    {FaultKind::loss, "loss", 4, 1'000, 40'000, 5, 300},
    {FaultKind::duplication, "duplication", 3, 5'000, 60'000, 50, 500},
    {FaultKind::bandwidth, "bandwidth", 3, 1'000, 30'000, 2'000, 100'000},
    {FaultKind::partition, "partition", 3, 500, 45'000, 0, 0},
    {FaultKind::one_way_partition, "one_way_partition", 3, 500, 45'000, 0, 0},
    {FaultKind::cut, "cut", 6, 0, 0, 0, 0},
    {FaultKind::pause, "pause", 2, 1'000, 60'000, 0, 0},
    {FaultKind::clock_offset, "clock_offset", 2, 1'000, 60'000, 0, 4'000},
    {FaultKind::clock_drift, "clock_drift", 3, 5'000, 90'000, 0, 1'000},
    {FaultKind::clock_step, "clock_step", 2, 500, 20'000, 0, 20'000},
    {FaultKind::kill, "kill", 4, 0, 20'000, 0, 0},
    {FaultKind::power_cut, "power_cut", 4, 0, 20'000, 0, 0},
    {FaultKind::crash_in_write, "crash_in_write", 4, 1'000, 10'000, 1, 8},
    {FaultKind::chain_error, "chain_error", 2, 1'000, 10'000, 1, 8},
    {FaultKind::journal_error, "journal_error", 2, 1'000, 10'000, 1, 8},
    {FaultKind::slow_verifier, "slow_verifier", 3, 2'000, 40'000, 4, 400},
    {FaultKind::full_queue, "full_queue", 3, 1'000, 20'000, 1, 4},
    {FaultKind::stalled_actor, "stalled_actor", 4, 100, 15'000, 0, 0},
    {FaultKind::byzantine, "byzantine", 3, 5'000, 90'000, 0, UINT64_MAX - 1},
}};

/// From the end of a fault of wall time to the moment from which the node believes in it.
constexpr Duration kClockRepair = GuardedClock::kHold + std::chrono::seconds{1};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        if (static_cast<std::size_t>(kRanges[i].kind) != i) return false;
    }
    return true;
}
static_assert(is_in_order());

std::uint64_t draw(Random& random, std::uint64_t from, std::uint64_t to) {
    return from + random.below(to - from + 1);
}

bool has_other_node(FaultKind kind) {
    return kind <= FaultKind::cut;
}

Fault draw_fault(Random& random, const KindRange& range, const PlanShape& shape) {
    Fault fault{.kind = range.kind};
    const bool is_step =
        range.kind == FaultKind::clock_offset || range.kind == FaultKind::clock_step;
    const Duration end = is_step ? shape.faults_end - kClockRepair : shape.faults_end;
    const auto end_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(end).count());
    fault.begin = milliseconds{random.below(end_ms)};
    // Short ones more often than long ones.
    const std::uint64_t length_max = draw(random, range.length_min, range.length_max);
    fault.end = std::min<Duration>(
        end, fault.begin + milliseconds{draw(random, range.length_min, length_max)});
    fault.intensity = draw(random, range.intensity_min, range.intensity_max);
    if (range.kind == FaultKind::byzantine) {
        fault.node = static_cast<std::size_t>(random.below(shape.guests));
        return fault;
    }
    fault.node = static_cast<std::size_t>(random.below(shape.nodes));
    if (range.kind == FaultKind::stalled_actor) {
        fault.other = static_cast<std::size_t>(random.below(kActors.size()));
    }
    if (has_other_node(range.kind)) {
        const bool is_of_all = shape.nodes == 1 || random.below(3) == 0;
        fault.other =
            is_of_all ? kAll
                      : (fault.node + 1 + static_cast<std::size_t>(random.below(shape.nodes - 1))) %
                            shape.nodes;
    }
    return fault;
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    return kRanges.at(static_cast<std::size_t>(kind)).name;
}

std::string to_string(const Fault& fault) {
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    const std::string other = fault.other == kAll ? "all" : std::to_string(fault.other);
    return fmt::format("{} node {} other {} intensity {} from {:.3f} s to {:.3f} s",
                       to_string(fault.kind),
                       fault.node,
                       other,
                       fault.intensity,
                       seconds(fault.begin),
                       seconds(fault.end));
}

FaultPlan draw_fault_plan(std::uint64_t seed, const PlanShape& shape) {
    LEPTON_ASSERT(shape.nodes > 0 && shape.faults_end > milliseconds{1});
    SeededRandom random{seed ^ 0xfa017};
    FaultPlan plan;
    plan.faults_end = shape.faults_end;
    for (const KindRange& range : kRanges) {
        const bool is_enabled = random.below(3) == 0;
        if (!is_enabled) continue;
        if (range.kind == FaultKind::byzantine && shape.guests == 0) continue;
        const bool is_step =
            range.kind == FaultKind::clock_offset || range.kind == FaultKind::clock_step;
        if (is_step && shape.faults_end <= kClockRepair) continue;
        const std::uint64_t count = draw(random, 1, range.count_max);
        for (std::uint64_t i = 0; i < count; ++i) {
            plan.faults.push_back(draw_fault(random, range, shape));
        }
    }
    std::ranges::sort(plan.faults, {}, [](const Fault& fault) {
        return std::tuple(fault.begin, fault.kind, fault.node, fault.other);
    });
    if (random.below(2) == 0) {
        plan.network.stream_window = draw(random, 16 * 1024, 256 * 1024);
        plan.network.connection_window = 4 * plan.network.stream_window;
        plan.network.read_size_max = draw(random, 100, 4'000);
        plan.network.streams_max = draw(random, 8, 64);
    }
    return plan;
}

}  // namespace lepton::simulation
