// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace lepton {
namespace {

TEST(SeededRandom, same_seed_gives_the_same_sequence_and_another_seed_another) {
    SeededRandom a{7}, b{7}, c{8};
    const std::uint64_t first = a.next_u64();
    EXPECT_EQ(first, b.next_u64());
    EXPECT_NE(first, c.next_u64());
}

TEST(SeededRandom, below_stays_below_and_reaches_every_value) {
    SeededRandom random{1};
    std::vector<int> seen(5);
    for (int i = 0; i < 1000; ++i) ++seen.at(random.below(5));
    EXPECT_TRUE(std::ranges::all_of(seen, [](int count) { return count > 100; }));
}

TEST(SeededRandom, shuffle_keeps_every_element) {
    SeededRandom random{3};
    std::vector<int> items{1, 2, 3, 4, 5, 6, 7, 8};
    auto shuffled = items;
    random.shuffle(shuffled);
    EXPECT_NE(shuffled, items);
    EXPECT_TRUE(std::ranges::is_permutation(shuffled, items));
}

TEST(SystemRandom, two_draws_differ) {
    SystemRandom random;
    EXPECT_NE(random.next_u64(), random.next_u64());
}

}  // namespace
}  // namespace lepton
