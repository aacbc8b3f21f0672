// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/slot.hpp"

#include "base/assert.hpp"

#include <limits>

namespace lepton::consensus {
namespace {

constexpr std::uint64_t kUint64Max = std::numeric_limits<std::uint64_t>::max();

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
    return a != 0 && b > kUint64Max / a ? kUint64Max : a * b;
}

/// Returns the largest number whose square is at most `n`, by bisection: exact for all of 64 bits.
std::uint64_t integer_square_root(std::uint64_t n) {
    std::uint64_t low = 0;
    std::uint64_t high = std::uint64_t{1} << 32;
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (middle * middle <= n) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace

bool is_justifiable_after(Slot slot, Slot finalized_slot) {
    if (slot < finalized_slot) return false;
    const std::uint64_t distance = slot - finalized_slot;
    if (distance <= kImmediateJustificationWindow) return true;
    const std::uint64_t root = integer_square_root(distance);
    // A pronic number n * (n + 1) lies between the squares of n and n + 1.
    return root * root == distance || distance - root * root == root;
}

std::optional<std::uint64_t> justified_index_after(Slot slot, Slot finalized_slot) {
    if (slot <= finalized_slot) return std::nullopt;
    return slot - finalized_slot - 1;
}

Interval interval_from_slot(Slot slot) {
    return Interval{saturating_multiply(slot.value, kIntervalsPerSlot)};
}

Interval interval_at(UnixMs now, std::uint64_t genesis_time, const NetworkProfile& profile) {
    LEPTON_ASSERT(profile.milliseconds_per_interval > 0);
    const UnixMs genesis = saturating_multiply(genesis_time, 1000);
    return Interval{now <= genesis ? 0 : (now - genesis) / profile.milliseconds_per_interval};
}

UnixMs start_of(Interval interval, std::uint64_t genesis_time, const NetworkProfile& profile) {
    const UnixMs genesis = saturating_multiply(genesis_time, 1000);
    const UnixMs offset = saturating_multiply(interval.value, profile.milliseconds_per_interval);
    return offset > kUint64Max - genesis ? kUint64Max : genesis + offset;
}

}  // namespace lepton::consensus
