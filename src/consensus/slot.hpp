// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Arithmetic of slots, intervals and wall time, and the 3SF-mini rule of justifiable slots. Pure;
// any thread.
#pragma once

#include "base/clock.hpp"
#include "types/constants.hpp"
#include "types/network_profile.hpp"
#include "types/primitives.hpp"

#include <cstdint>
#include <optional>

namespace lepton::consensus {

/// The five action points of a slot, in order.
/// Spec: timeline.py
enum class Phase : std::uint8_t {
    propose = 0,
    attest = 1,
    aggregate = 2,
    safe_target = 3,
    accept_votes = 4,
};

/// Returns whether `slot` may become justified while `finalized_slot` is the last finalized one:
/// its distance is at most five, a square or a pronic number. False before the finalized slot.
/// Spec: slot.py `is_justifiable_after`
bool is_justifiable_after(Slot slot, Slot finalized_slot);

/// Returns the position of `slot` in the justified-slots bits, nothing when it is finalized.
/// Spec: slot.py `justified_index_after`
std::optional<std::uint64_t> justified_index_after(Slot slot, Slot finalized_slot);

/// Returns the first interval of `slot`; the largest interval there is when it lies beyond.
/// Spec: containers/interval.py `from_slot`
Interval interval_from_slot(Slot slot);
/// Returns the slot that `interval` belongs to.
inline Slot slot_of(Interval interval) {
    return Slot{interval.value / kIntervalsPerSlot};
}
inline Phase phase_of(Interval interval) {
    return static_cast<Phase>(interval.value % kIntervalsPerSlot);
}

/// Returns the intervals since genesis at wall time `now`, 0 before genesis.
/// Spec: chain/clock.py `total_intervals`
/// Units:  genesis_time: Unix seconds; now: Unix milliseconds
Interval interval_at(UnixMs now, std::uint64_t genesis_time, const NetworkProfile& profile);

/// Returns the wall time at which `interval` begins; the largest one there is when it lies beyond.
/// Units:  genesis_time: Unix seconds; result: Unix milliseconds
UnixMs start_of(Interval interval, std::uint64_t genesis_time, const NetworkProfile& profile);

}  // namespace lepton::consensus
