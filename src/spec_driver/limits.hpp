// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Bounds of the test driver, each with its reason: no request may exhaust the process or keep it
// busy for minutes. The vectors stay far below all of them.
#pragma once

#include "types/constants.hpp"

#include <cstddef>
#include <cstdint>

namespace lepton::spec_driver {

/// Bytes of a request. An anchor state of 4096 validators takes 1.2 MB of JSON, with their pending
/// votes and some ten thousand slots of history a few more. Also keeps each list of a state below
/// its limit by so much that no block can fill it up.
inline constexpr std::size_t kRequestSizeMax = 16 * 1024 * 1024;
/// A simulator has one connection, and each may hold a request.
inline constexpr std::size_t kConnectionsMax = 8;
/// Intervals that one step may move the time: 4096 slots, a second of work. Vectors stay below 100.
inline constexpr std::uint64_t kTickIntervalsMax = 4096 * kIntervalsPerSlot;
/// Blocks of one fork-choice vector; there are vectors with 30.
inline constexpr std::size_t kBlocksMax = 4096;
/// Bytes of all states of one fork-choice vector: each block keeps one.
inline constexpr std::size_t kStateBytesMax = std::size_t{1} << 30;
/// Blocks of one state-transition vector. A block on the largest state takes some 100 ms.
inline constexpr std::size_t kTransitionBlocksMax = 512;

}  // namespace lepton::spec_driver
