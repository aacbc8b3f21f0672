// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/recent_set.hpp"

#include <gtest/gtest.h>

namespace lepton {
namespace {

TEST(RecentSet, forgets_the_oldest_when_full) {
    RecentSet<int> seen(2);
    EXPECT_TRUE(seen.insert(1));
    EXPECT_TRUE(seen.insert(2));
    EXPECT_TRUE(seen.insert(3));
    EXPECT_EQ(seen.size(), 2U);
    EXPECT_FALSE(seen.contains(1));
    EXPECT_TRUE(seen.contains(2));
    EXPECT_TRUE(seen.contains(3));
}

TEST(RecentSet, a_repeated_key_is_not_kept_longer) {
    RecentSet<int> seen(2);
    EXPECT_TRUE(seen.insert(1));
    EXPECT_TRUE(seen.insert(2));
    EXPECT_FALSE(seen.insert(1));
    EXPECT_TRUE(seen.insert(3));
    EXPECT_FALSE(seen.contains(1));
    EXPECT_TRUE(seen.insert(1));
    EXPECT_EQ(seen.size(), 2U);
}

}  // namespace
}  // namespace lepton
