// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/pending_votes.hpp"

#include "blockchain/test_messages.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using test::aggregate_for;
using test::root_of;
using test::vote_for;

std::uint64_t validator_of(const PendingVotes::Vote& vote) {
    return std::get<network_api::NewAttestation>(vote).attestation->validator_index.value;
}

TEST(PendingVotes, votes_come_back_with_the_block_that_they_wait_for) {
    PendingVotes votes;
    EXPECT_EQ(votes.park(vote_for(root_of(1), 5, 0), root_of(1)), 0U);
    EXPECT_EQ(votes.park(vote_for(root_of(2), 5, 1), root_of(2)), 0U);
    EXPECT_EQ(votes.park(vote_for(root_of(1), 5, 2), root_of(1)), 0U);
    EXPECT_EQ(votes.park_early(vote_for(root_of(1), 6, 3)), 0U);

    const auto taken = votes.take(root_of(1));
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(validator_of(taken[0]), 0U);
    EXPECT_EQ(validator_of(taken[1]), 2U);
    EXPECT_TRUE(votes.take(root_of(1)).empty());
    ASSERT_EQ(votes.take_early().size(), 1U);
    EXPECT_EQ(votes.size(), 1U);
}

TEST(PendingVotes, one_vote_too_many_pushes_out_the_oldest) {
    PendingVotes votes;
    for (std::uint64_t i = 0; i < kPendingVotesMax; ++i) {
        EXPECT_EQ(votes.park(vote_for(root_of(1), 5, i), root_of(1)), 0U);
    }
    EXPECT_EQ(votes.park(vote_for(root_of(1), 5, kPendingVotesMax), root_of(1)), 1U);
    const auto taken = votes.take(root_of(1));
    ASSERT_EQ(taken.size(), kPendingVotesMax);
    EXPECT_EQ(validator_of(taken.front()), 1U);
    EXPECT_EQ(validator_of(taken.back()), kPendingVotesMax);
}

TEST(PendingVotes, aggregates_have_a_bound_of_their_own_and_push_out_no_votes) {
    PendingVotes votes;
    EXPECT_EQ(votes.park(vote_for(root_of(1), 5, 9), root_of(1)), 0U);
    for (std::uint64_t i = 0; i < kPendingAggregatesMax; ++i) {
        EXPECT_EQ(votes.park(aggregate_for(root_of(1), 5, i), root_of(1)), 0U);
    }
    EXPECT_EQ(votes.park(aggregate_for(root_of(1), 5, 100), root_of(1)), 1U);
    const auto taken = votes.take(root_of(1));
    ASSERT_EQ(taken.size(), kPendingAggregatesMax + 1);
    EXPECT_EQ(validator_of(taken.front()), 9U);
    EXPECT_EQ(std::get<network_api::NewAggregatedAttestation>(taken[1])
                  .attestation->proof.participants.size(),
              2U);
}

TEST(PendingVotes, old_votes_expire) {
    PendingVotes votes;
    EXPECT_EQ(votes.park(vote_for(root_of(1), 5), root_of(1)), 0U);
    EXPECT_EQ(votes.park(aggregate_for(root_of(1), 6), root_of(1)), 0U);
    EXPECT_EQ(votes.expire(Slot{5 + kPendingVoteAgeMax}), 0U);
    EXPECT_EQ(votes.expire(Slot{6 + kPendingVoteAgeMax}), 1U);
    EXPECT_EQ(votes.expire(Slot{7 + kPendingVoteAgeMax}), 1U);
    EXPECT_EQ(votes.size(), 0U);
}

}  // namespace
}  // namespace lepton::blockchain
