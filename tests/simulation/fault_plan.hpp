// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What goes wrong in one simulated network, and when: drawn from a seed, as data. Each seed enables
// a random part of the kinds and draws how bad each is, so that some networks see one fault alone
// and others many at a time. Pure values; any thread.
#pragma once

#include "base/clock.hpp"
#include "libp2p/simulation/sim_network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::simulation {

enum class FaultKind : std::uint8_t {
    // Of the ways between `node` and `other`, or between `node` and everybody if that is kAll.
    latency,            ///< up to `intensity` milliseconds more, drawn for each delivery
    loss,               ///< `intensity` per thousand
    duplication,        ///< `intensity` per thousand of dials and of requests arrive twice
    bandwidth,          ///< `intensity` bytes per second
    partition,          ///< nothing arrives, in both directions
    one_way_partition,  ///< nothing arrives at `other` from `node`
    cut,                ///< every connection between the two ends, once
    // Of `node`.
    pause,           ///< stands still, as by SIGSTOP
    clock_offset,    ///< wall time is off by (`intensity` - 2000) ms; the process starts anew
    clock_drift,     ///< both clocks run (`intensity` - 500) ppm too fast
    clock_step,      ///< wall time is stepped by (`intensity` - 10000) ms, and back
    kill,            ///< the process dies, the machine goes on; starts again at the end
    power_cut,       ///< what was not synced is kept, lost or torn; starts again at the end
    crash_in_write,  ///< the power goes within the `intensity`-th write from now on
    chain_error,     ///< writes of the database fail, from the `intensity`-th on
    journal_error,   ///< writes and syncs of the journal fail, from the `intensity`-th on
    slow_verifier,   ///< each signature and proof costs `intensity` times as much
    full_queue,      ///< at most `intensity` pieces of work and messages of a class wait
    stalled_actor,   ///< actor `other` of kActors is given no turn
    // Of guest `node`.
    byzantine,  ///< misbehaves; how is drawn from `intensity`
};
inline constexpr std::size_t kFaultKinds = 20;
std::string_view to_string(FaultKind kind);

/// `Fault::other` of a fault of all ways from and to a node.
inline constexpr std::size_t kAll = SIZE_MAX;
/// What a stalled_actor fault may stop.
inline constexpr std::array<std::string_view, 4> kActors{
    "verifier", "blockchain", "swarm_adapter", "p2p"};

struct Fault {
    FaultKind kind{};
    /// Since the start of the simulation.
    Duration begin{};
    Duration end{};
    std::size_t node = 0;
    std::size_t other = 0;
    std::uint64_t intensity = 0;
};
std::string to_string(const Fault& fault);

struct FaultPlan {
    /// Ascending by begin. All end at `faults_end` at the latest; wrong clocks so long before that
    /// nodes, which do not believe a step for a minute, show the right time again.
    std::vector<Fault> faults;
    Duration faults_end{};
    /// Windows, pieces and streams: small ones make queues fill and messages come in parts.
    libp2p::SimNetworkOptions network{};
};

/// What a plan is drawn for.
struct PlanShape {
    std::size_t nodes = 4;
    /// Peers that are no nodes and may get `byzantine` faults.
    std::size_t guests = 0;
    Duration faults_end{};
};

/// Returns the plan of `seed`, always the same for the same input.
FaultPlan draw_fault_plan(std::uint64_t seed, const PlanShape& shape);

}  // namespace lepton::simulation
