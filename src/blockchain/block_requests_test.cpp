// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/block_requests.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::blockchain {
namespace {

using network_api::FetchStatus;
using std::chrono::seconds;

constexpr Duration kSlot = seconds{4};

Root root(std::uint8_t number) {
    Root made;
    made.bytes[0] = number;
    return made;
}

Time at(int slots) {
    return Time{kSlot * slots};
}

TEST(BlockRequests, a_root_is_asked_for_once_at_a_time) {
    BlockRequests requests(kSlot);
    requests.want(root(1));
    EXPECT_EQ(requests.take_due(at(0)), std::vector{root(1)});
    requests.want(root(1));
    EXPECT_TRUE(requests.take_due(at(100)).empty());
    EXPECT_EQ(requests.open(), 1U);
}

TEST(BlockRequests, a_root_that_was_given_up_is_asked_for_again_with_doubled_waits) {
    BlockRequests requests(kSlot);
    requests.want(root(1));
    int now = 0;
    for (const int wait : {1, 2, 4, 8, 16, 16, 16}) {
        ASSERT_EQ(requests.take_due(at(now)), std::vector{root(1)}) << now;
        requests.answered(root(1), FetchStatus::gave_up, at(now));
        EXPECT_TRUE(requests.take_due(at(now + wait) - Duration{1}).empty());
        now += wait;
    }
    EXPECT_EQ(requests.open(), 0U);
    EXPECT_EQ(requests.size(), 1U);
}

TEST(BlockRequests, a_delivered_root_that_never_arrives_is_asked_for_after_a_slot) {
    BlockRequests requests(kSlot);
    requests.want(root(1));
    ASSERT_EQ(requests.take_due(at(0)).size(), 1U);
    requests.answered(root(1), FetchStatus::delivered, at(0));
    EXPECT_TRUE(requests.take_due(at(1) - Duration{1}).empty());
    EXPECT_EQ(requests.take_due(at(1)), std::vector{root(1)});
}

TEST(BlockRequests, a_forgotten_root_leaves_when_its_ask_ends_and_is_never_asked_for_twice) {
    BlockRequests requests(kSlot);
    requests.want(root(1));
    ASSERT_EQ(requests.take_due(at(0)).size(), 1U);
    requests.forget(root(1));
    EXPECT_EQ(requests.size(), 1U);
    requests.want(root(1));
    EXPECT_TRUE(requests.take_due(at(0)).empty()) << "the first ask is still open";
    requests.forget(root(1));
    requests.answered(root(1), FetchStatus::gave_up, at(1));
    EXPECT_EQ(requests.size(), 0U);
    EXPECT_EQ(requests.open(), 0U);

    requests.want(root(2));
    requests.forget(root(2));
    EXPECT_EQ(requests.size(), 0U);
}

TEST(BlockRequests, the_table_follows_what_is_missing) {
    BlockRequests requests(kSlot);
    requests.want(root(1));
    requests.want(root(2));
    ASSERT_EQ(requests.take_due(at(0)).size(), 2U);
    requests.answered(root(2), FetchStatus::gave_up, at(0));
    requests.set_missing(std::vector{root(3)});
    EXPECT_EQ(requests.size(), 2U) << "root 3, and root 1 until its ask ends";
    EXPECT_EQ(requests.take_due(at(50)), std::vector{root(3)});
    requests.answered(root(1), FetchStatus::gave_up, at(50));
    requests.answered(root(3), FetchStatus::gave_up, at(50));
    EXPECT_EQ(requests.size(), 1U);
}

TEST(BlockRequests, open_asks_are_bounded_and_the_rest_follows) {
    BlockRequests requests(kSlot);
    std::vector<Root> all;
    for (std::uint8_t i = 1; i <= kOpenBlockRequestsMax + 1; ++i) all.push_back(root(i));
    requests.set_missing(all);
    std::vector<Root> asked = requests.take_due(at(0));
    EXPECT_EQ(asked.size(), kOpenBlockRequestsMax);
    EXPECT_TRUE(requests.take_due(at(0)).empty());
    requests.answered(asked.front(), FetchStatus::delivered, at(0));
    const std::vector<Root> last = requests.take_due(at(0));
    ASSERT_EQ(last.size(), 1U);
    asked.push_back(last.front());
    std::ranges::sort(asked);
    EXPECT_EQ(asked, all);
}

}  // namespace
}  // namespace lepton::blockchain
