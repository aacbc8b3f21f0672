// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/timeline.hpp"

#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

std::size_t pending(const TestChain& chain) {
    return chain.store.latest_new_aggregated_payloads.size();
}

/// A chain at the start of slot 3 with one pending aggregate of every validator for b3.
TestChain waiting_chain() {
    TestChain chain = chain_of(3);
    EXPECT_TRUE(chain.gossip(vote({0, 1, 2, 3}).for_head("b3")));
    return chain;
}

TEST(OnTick, acts_at_the_phases_of_a_slot) {
    TestChain chain = waiting_chain();
    EXPECT_EQ(chain.store.time, Interval{15});
    on_tick(chain.store, Interval{17}, false);
    EXPECT_EQ(chain.name(chain.store.safe_target), "genesis");
    on_tick(chain.store, Interval{18}, false);
    EXPECT_EQ(chain.name(chain.store.safe_target), "b3");
    EXPECT_EQ(pending(chain), 1U);
    on_tick(chain.store, Interval{19}, false);
    EXPECT_EQ(pending(chain), 0U);
}

TEST(OnTick, a_due_proposal_accepts_votes_at_its_slot_only) {
    TestChain chain = waiting_chain();
    chain.store.time = Interval{19};
    TestChain without = chain;
    on_tick(without.store, Interval{20}, false);
    EXPECT_EQ(pending(without), 1U);
    TestChain early = chain;
    on_tick(early.store, Interval{22}, true);
    EXPECT_EQ(pending(early), 1U) << "the proposal is not due in between";
    on_tick(chain.store, Interval{20}, true);
    EXPECT_EQ(pending(chain), 0U);
}

TEST(OnTick, tells_each_interval_it_entered) {
    TestChain chain;
    const TickSummary summary = on_tick(chain.store, Interval{3}, false);
    EXPECT_EQ(summary.entered, (std::vector{Interval{1}, Interval{2}, Interval{3}}));
    EXPECT_EQ(summary.skipped, 0U);
    EXPECT_EQ(chain.store.time, Interval{3});
}

TEST(OnTick, skips_what_lies_more_than_a_slot_back) {
    TestChain chain;
    const TickSummary summary = on_tick(chain.store, Interval{1'000'003}, false);
    EXPECT_EQ(summary.skipped, 999'998U);
    ASSERT_EQ(summary.entered.size(), 5U);
    EXPECT_EQ(summary.entered.front(), Interval{999'999});
    EXPECT_EQ(chain.store.time, Interval{1'000'003});
}

TEST(OnTick, does_nothing_for_the_past) {
    TestChain chain = waiting_chain();
    EXPECT_TRUE(on_tick(chain.store, Interval{15}, true).entered.empty());
    EXPECT_TRUE(on_tick(chain.store, Interval{2}, true).entered.empty());
    EXPECT_EQ(chain.store.time, Interval{15});
    EXPECT_EQ(pending(chain), 1U);
}

}  // namespace
}  // namespace lepton::consensus
