// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/slot.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lepton::consensus {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

bool is_justifiable_by_search(std::uint64_t distance) {
    if (distance <= 5) return true;
    for (std::uint64_t n = 1; n * n <= distance; ++n) {
        if (n * n == distance || n * (n + 1) == distance) return true;
    }
    return false;
}

TEST(Justifiable, equals_a_search_for_squares_and_pronic_numbers) {
    for (std::uint64_t distance = 0; distance < 3000; ++distance) {
        EXPECT_EQ(is_justifiable_after(Slot{distance + 7}, Slot{7}),
                  is_justifiable_by_search(distance))
            << distance;
    }
}

TEST(Justifiable, is_exact_at_the_end_of_the_range) {
    constexpr std::uint64_t kRoot = (std::uint64_t{1} << 32) - 1;
    EXPECT_TRUE(is_justifiable_after(Slot{kRoot * kRoot}, Slot{0}));
    EXPECT_FALSE(is_justifiable_after(Slot{kRoot * kRoot + 1}, Slot{0}));
    EXPECT_TRUE(is_justifiable_after(Slot{kRoot * (kRoot + 1)}, Slot{0}));
    EXPECT_FALSE(is_justifiable_after(Slot{kMax}, Slot{0}));
}

TEST(Justifiable, never_before_the_finalized_slot) {
    EXPECT_FALSE(is_justifiable_after(Slot{6}, Slot{7}));
}

TEST(JustifiedIndex, begins_after_the_finalized_slot) {
    EXPECT_EQ(justified_index_after(Slot{8}, Slot{7}), 0U);
    EXPECT_EQ(justified_index_after(Slot{10}, Slot{7}), 2U);
    EXPECT_EQ(justified_index_after(Slot{7}, Slot{7}), std::nullopt);
}

TEST(Intervals, belong_to_slots_and_phases) {
    EXPECT_EQ(interval_from_slot(Slot{3}), Interval{15});
    EXPECT_EQ(slot_of(Interval{14}), Slot{2});
    EXPECT_EQ(phase_of(Interval{13}), Phase::safe_target);
    EXPECT_EQ(interval_from_slot(Slot{kMax}), Interval{kMax});
}

TEST(WallTime, is_cut_into_intervals_from_genesis_on) {
    const NetworkProfile profile;
    EXPECT_EQ(interval_at(999, 1, profile), Interval{0});
    EXPECT_EQ(interval_at(1'000, 1, profile), Interval{0});
    EXPECT_EQ(interval_at(1'799, 1, profile), Interval{0});
    EXPECT_EQ(interval_at(1'800, 1, profile), Interval{1});
    EXPECT_EQ(start_of(Interval{6}, 1, profile), 5'800U);
    EXPECT_EQ(start_of(Interval{kMax}, 1, profile), kMax);
}

TEST(WallTime, a_profile_may_be_faster) {
    NetworkProfile fast;
    fast.milliseconds_per_interval = 100;
    EXPECT_EQ(interval_at(2'500, 2, fast), Interval{5});
    EXPECT_EQ(start_of(Interval{5}, 2, fast), 2'500U);
}

}  // namespace
}  // namespace lepton::consensus
