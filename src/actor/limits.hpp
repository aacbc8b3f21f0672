// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The fixed bounds of the actor kit. Bounds of message classes stand in each actor's `accepts`.
#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace lepton::actor {

/// Messages taken from a mailbox under one lock: one lock per message costs half of the speed, and
/// more of them keep senders waiting.
inline constexpr std::size_t kBatchMax = 16;
/// Messages one activation handles before it gives the worker to another actor.
inline constexpr int kQuantum = 64;
/// Open asks of one actor; one more completes with `full`. Several per peer of a busy node.
inline constexpr std::size_t kAsksMax = 4096;
/// Pending timers of one actor (deadlines of asks not counted); one more ends the incarnation,
/// because an actor that sets so many forgot to use keys.
inline constexpr std::size_t kTimersMax = 16384;
/// Sources one actor listens to, and actors that watch one actor: a handful, by wiring.
inline constexpr std::size_t kListenersMax = 64;
inline constexpr std::size_t kMonitorsMax = 256;
/// Children of one supervisor: the actors of one node, and those a test spawns.
inline constexpr std::size_t kChildrenMax = 1024;
/// What senders write and what the turn writes lie so far apart: otherwise each write takes the
/// line from the other's processor.
inline constexpr std::size_t kCacheLine = 64;
/// A handler longer than this is counted: ticks of the same actor come late by that much.
inline constexpr Duration kSlowTurn = std::chrono::milliseconds{10};

}  // namespace lepton::actor
