// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What metrics and health read from the actors: values copied at one moment, without stopping them.
#pragma once

#include "actor/message.hpp"
#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::actor {

/// Counts by powers of two of nanoseconds: bucket i holds durations below 2^i (and not below
/// 2^(i-1)), the last bucket all longer ones.
using DurationHistogram = std::array<std::uint64_t, 36>;

/// One message class. Between turns
/// `enqueued = handled + dropped + undelivered + depth` holds.
struct ClassSnapshot {
    ClassSpec spec;
    std::uint64_t enqueued = 0;     ///< accepted
    std::uint64_t handled = 0;      ///< given to a handler, also if it threw
    std::uint64_t rejected = 0;     ///< refused because full
    std::uint64_t dropped = 0;      ///< accepted, then displaced by newer ones
    std::uint64_t undelivered = 0;  ///< left over when the actor ended
    std::uint64_t depth = 0;        ///< waiting now
    std::uint64_t high_water = 0;   ///< most that ever waited
    DurationHistogram handling_ns{};
    DurationHistogram waiting_ns{};  ///< of about every eighth message
    std::uint64_t handling_sum_ns = 0;
    std::uint64_t waiting_sum_ns = 0;  ///< of those in waiting_ns
};

enum class CellState : std::uint8_t {
    created,   ///< not started yet; messages wait
    starting,  ///< in its constructor or started() hook
    running,
    draining,  ///< handles what waits, takes nothing new
    down,      ///< between two incarnations; messages wait
    stopped,   ///< for good
};
std::string_view to_string(CellState state);

/// One actor or supervisor. Between turns
/// `asks_opened = asks_completed + asks_forgotten + asks_pending` holds.
struct CellSnapshot {
    std::string name;
    std::uint64_t id = 0;
    CellState state = CellState::created;
    std::uint32_t incarnation = 0;  ///< starts so far: restarts + 1
    std::uint64_t turns = 0;        ///< deliveries so far
    std::uint64_t slow_turns = 0;   ///< handlers longer than kSlowTurn
    std::uint64_t asks_opened = 0;
    std::uint64_t asks_completed = 0;  ///< continuation called
    std::uint64_t asks_forgotten = 0;  ///< ended with a failed or killed incarnation
    std::uint64_t asks_pending = 0;    ///< waiting for an answer or their time limit
    Time oldest_ask_due{};  ///< time limit of the oldest pending ask, by the actor's scheduler
    std::uint64_t late_replies = 0;  ///< answers to asks that were over
    std::uint64_t timers = 0;        ///< pending now
    std::vector<ClassSnapshot> classes;
};

}  // namespace lepton::actor
