// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Votes of others: before their block, before their time, wrong.
#include "blockchain/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using network_api::NewAggregatedAttestation;
using network_api::NewAttestation;
using network_api::VerifiedForTests;
using test::follower;
using test::TestChain;

BlockchainOptions aggregating_follower() {
    BlockchainOptions options = follower();
    options.is_aggregator = true;
    return options;
}

NewAttestation heard(const SignedAttestation& vote) {
    return {VerifiedForTests::attestation(vote), "peer"};
}
NewAggregatedAttestation heard(const SignedAggregatedAttestation& aggregate) {
    return {VerifiedForTests::aggregate(aggregate), "peer"};
}

// A builder at slot 2, with the votes of all for its block of slot 2.
class VotesTest : public testing::Test {
  protected:
    void SetUp() override {
        builder_.go_to(2, 2);
        ASSERT_EQ(builder_.votes.back().data.slot, Slot{2});
        ASSERT_EQ(builder_.votes.back().data.head.slot, Slot{2});
        ASSERT_EQ(builder_.aggregates.back().data, builder_.votes.back().data);
    }
    const SignedAttestation& vote() const { return builder_.votes.back(); }
    const SignedAggregatedAttestation& aggregate() const { return builder_.aggregates.back(); }

    TestChain builder_;
};

TEST_F(VotesTest, an_aggregator_keeps_votes_and_others_only_judge_them) {
    for (const bool is_aggregator : {true, false}) {
        TestChain node(is_aggregator ? aggregating_follower() : follower());
        node.go_to(2, 1);
        for (const SignedBlock& block : builder_.blocks) node.hear(block);
        node.receive(heard(vote()));
        EXPECT_EQ(node.metrics.gossip_signatures.Value(), is_aggregator ? 1 : 0);
        EXPECT_EQ(node.metrics.attestations_valid.Value(), 1);
        EXPECT_TRUE(node.votes.empty()) << "others' votes are not published again";
    }
}

TEST_F(VotesTest, votes_for_a_missing_block_count_once_it_is_there) {
    TestChain node(aggregating_follower());
    node.go_to(2, 1);
    node.hear(builder_.blocks[0]);
    node.receive(heard(vote()));
    node.receive(heard(aggregate()));
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 2);
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 0);
    EXPECT_EQ(node.metrics.attestations_invalid.Value(), 0);
    node.hear(builder_.blocks[1]);
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 1);
    EXPECT_EQ(node.metrics.new_aggregated_payloads.Value(), 1);
    EXPECT_EQ(node.metrics.attestations_valid.Value(), 2);
    node.go_to(2, 4);
    EXPECT_EQ(node.view()->find(hash_tree_root(builder_.blocks[1].block))->weight, 4U);
}

TEST_F(VotesTest, votes_for_a_block_that_never_comes_expire) {
    TestChain node(aggregating_follower());
    node.go_to(2, 1);
    node.receive(heard(vote()));
    node.go_to(2 + kPendingVoteAgeMax, 4);
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 1);
    node.go_to(3 + kPendingVoteAgeMax, 4);
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.dropped(VoteDropped::expired).Value(), 1);
}

TEST_F(VotesTest, a_vote_that_is_early_counts_when_its_slot_begins) {
    TestChain node(aggregating_follower());
    node.go_to(1, 3);
    node.hear(builder_.blocks[0]);
    // The builder's votes of slot 1, moved into slot 2.
    SignedAttestation early = builder_.votes[4];
    ASSERT_EQ(early.data.slot, Slot{1});
    early.data.slot = Slot{2};
    node.receive(heard(early));
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 1);
    SignedAttestation far = early;
    far.data.slot = Slot{3};
    node.receive(heard(far));
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 1);
    EXPECT_EQ(node.metrics.dropped(VoteDropped::too_far_in_future).Value(), 1);
    node.go_to(2);
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 1);
}

TEST_F(VotesTest, a_wrong_vote_is_counted_and_nobody_is_blamed) {
    TestChain node(aggregating_follower());
    node.go_to(2, 1);
    for (const SignedBlock& block : builder_.blocks) node.hear(block);
    SignedAttestation wrong = vote();
    wrong.data.target.slot = wrong.data.target.slot + 1;
    node.receive(heard(wrong));
    EXPECT_EQ(node.metrics.attestations_invalid.Value(), 1);
    EXPECT_EQ(node.metrics.dropped(VoteDropped::invalid).Value(), 1);
    EXPECT_TRUE(node.reports.empty()) << "whoever forwards it cannot know";
}

TEST_F(VotesTest, a_vote_for_an_unknown_block_that_can_never_come_does_not_wait) {
    TestChain node(aggregating_follower());
    node.go_to(2, 1);
    SignedAttestation lost = vote();
    lost.data.head = {test::root_of(1), Slot{0}};
    lost.data.source = {hash_tree_root(test::test_genesis().block.block), Slot{0}};
    lost.data.target = lost.data.source;
    node.receive(heard(lost));
    EXPECT_EQ(node.metrics.votes_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.attestations_invalid.Value(), 1);
}

}  // namespace
}  // namespace lepton::blockchain
