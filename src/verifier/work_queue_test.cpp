// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/work_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lepton::verifier {
namespace {

constexpr auto kGossip = network_api::BlockSource::gossip;

Origin from(std::string peer) {
    return {.peer = std::move(peer)};
}

Origin own() {
    return {.is_own = true};
}

VoteTask vote(Origin origin, std::uint64_t validator = 0) {
    VoteTask task{{}, {}, std::move(origin), {}};
    task.message.validator_index = ValidatorIndex{validator};
    return task;
}

AggregateTask aggregate(Origin origin, std::uint64_t slot = 0) {
    AggregateTask task{{}, {}, std::move(origin), {}};
    task.message.data.slot = Slot{slot};
    return task;
}

BlockTask block(Origin origin, std::uint64_t slot = 0, std::size_t proof_size = 0) {
    BlockTask task{{}, {}, std::move(origin), {}, kGossip};
    task.message.block.slot = Slot{slot};
    task.message.proof.proof.resize(proof_size);
    return task;
}

// Says what `take` gave, so that an order can be compared as a whole.
std::string next_gathered(WorkQueue& queue, bool own_only = false) {
    const auto tasks = queue.take(own_only);
    if (!tasks) return "nothing";
    if (const auto* batch = std::get_if<VoteBatch>(&*tasks)) {
        return std::to_string(batch->tasks.size()) +
               (batch->tasks.front().origin.is_own ? " own votes" : " votes");
    }
    return std::visit(
        [](const auto& task) {
            return std::string{task.origin.is_own ? "own " : ""} +
                   std::string{to_string(task.kKind)};
        },
        std::get<ProofTask>(*tasks));
}

// The same for votes that wait for no more of them.
std::string next(WorkQueue& queue, bool own_only = false) {
    queue.end_gathering();
    return next_gathered(queue, own_only);
}

TEST(WorkQueue, own_messages_come_first_then_blocks_aggregates_votes) {
    WorkQueue queue;
    EXPECT_FALSE(queue.push(vote(from("a"))));
    EXPECT_FALSE(queue.push(vote(from("b"))));
    EXPECT_FALSE(queue.push(aggregate(from("a"))));
    EXPECT_FALSE(queue.push(block(from("a"))));
    EXPECT_FALSE(queue.push(vote(own())));
    EXPECT_FALSE(queue.push(aggregate(own())));
    EXPECT_FALSE(queue.push(block(own())));
    EXPECT_EQ(queue.size(), 7U);
    EXPECT_EQ(next(queue), "own block");
    EXPECT_EQ(next(queue), "own aggregate");
    EXPECT_EQ(next(queue), "1 own votes");
    EXPECT_EQ(next(queue, /*own_only=*/true), "nothing");
    EXPECT_EQ(next(queue), "block");
    EXPECT_EQ(next(queue), "aggregate");
    EXPECT_EQ(next(queue), "2 votes");
    EXPECT_EQ(next(queue), "nothing");
    EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, votes_come_in_batches_of_a_bounded_size) {
    WorkQueue queue;
    for (std::size_t i = 0; i < kVotesPerBatch + 1; ++i) EXPECT_FALSE(queue.push(vote(from("a"))));
    EXPECT_EQ(next(queue), std::to_string(kVotesPerBatch) + " votes");
    EXPECT_EQ(next(queue), "1 votes");
}

TEST(WorkQueue, votes_wait_until_they_fill_the_lanes_or_are_due) {
    WorkQueue queue;
    const auto push = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) EXPECT_FALSE(queue.push(vote(from("a"))));
    };
    push(kVotesGathered - 1);
    EXPECT_EQ(next_gathered(queue), "nothing");
    EXPECT_TRUE(queue.is_gathering());
    push(1);
    EXPECT_EQ(next_gathered(queue), "16 votes");
    EXPECT_FALSE(queue.is_gathering()) << "nothing is left";

    push(2 * kVotesGathered + 3);
    EXPECT_EQ(next_gathered(queue), "32 votes");
    EXPECT_EQ(next_gathered(queue), "nothing");
    EXPECT_TRUE(queue.is_gathering());
    queue.end_gathering();
    EXPECT_FALSE(queue.is_gathering());
    push(2);
    EXPECT_TRUE(queue.is_gathering()) << "those that came later are not due";
    EXPECT_EQ(next_gathered(queue), "5 votes") << "but go along with those that are";
    EXPECT_EQ(next_gathered(queue), "nothing");

    push(3);
    queue.end_gathering();
    push(kVotesGathered);
    EXPECT_EQ(next_gathered(queue), "16 votes") << "the due ones are among them";
    EXPECT_EQ(next_gathered(queue), "nothing") << "the others are not due";

    push(kVotesPerBatch);
    queue.end_gathering();
    EXPECT_EQ(next_gathered(queue), "64 votes");
    EXPECT_EQ(next_gathered(queue), "3 votes");
}

TEST(WorkQueue, votes_that_were_put_back_are_due) {
    WorkQueue queue;
    EXPECT_FALSE(queue.push(vote(from("a"))));
    queue.end_gathering();
    auto tasks = queue.take(false);
    ASSERT_TRUE(tasks);
    queue.put_back(std::move(std::get<VoteBatch>(*tasks)));
    EXPECT_FALSE(queue.is_gathering());
    EXPECT_EQ(next_gathered(queue), "1 votes");
}

TEST(WorkQueue, a_due_vote_that_made_room_leaves_none_due_behind_it) {
    WorkQueue queue;
    EXPECT_FALSE(queue.push(vote(from("old"))));
    queue.end_gathering();
    for (std::size_t i = 0; i < kVotesWaitingMax - 1; ++i) {
        EXPECT_FALSE(queue.push(vote(from(std::to_string(i % 4)))));
    }
    EXPECT_TRUE(queue.push(vote(from("new")))) << "the due one made room";
    while (queue.size() > kVotesPerBatch) EXPECT_EQ(next_gathered(queue), "64 votes");
    EXPECT_EQ(next_gathered(queue), "64 votes");
    EXPECT_FALSE(queue.push(vote(from("a"))));
    EXPECT_EQ(next_gathered(queue), "nothing");
}

TEST(WorkQueue, a_peer_over_its_budget_is_refused_until_something_of_it_is_done) {
    WorkQueue queue;
    for (std::size_t i = 0; i < kBlocksPerPeerMax; ++i) {
        EXPECT_FALSE(queue.push(block(from("greedy"))));
    }
    const auto refused = queue.push(block(from("greedy"), 77));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->why, Shed::over_budget);
    EXPECT_EQ(refused->task.message.block.slot, Slot{77});
    EXPECT_FALSE(queue.push(block(from("modest"))));
    EXPECT_FALSE(queue.push(vote(from("greedy")))) << "each kind has its own budget";

    ASSERT_TRUE(queue.take(false));
    EXPECT_TRUE(queue.push(block(from("greedy")))) << "work under way counts";
    queue.done(from("greedy"), Kind::block);
    EXPECT_FALSE(queue.push(block(from("greedy"))));
}

TEST(WorkQueue, blocks_that_were_asked_for_do_not_count_against_their_peer) {
    WorkQueue queue;
    for (std::size_t i = 0; i < 2 * kBlocksPerPeerMax; ++i) {
        EXPECT_FALSE(queue.push(block({.peer = "a", .is_answer = true})));
    }
    EXPECT_EQ(queue.peers(), 0U);
}

TEST(WorkQueue, a_peer_is_forgotten_when_nothing_of_it_is_left) {
    WorkQueue queue;
    EXPECT_FALSE(queue.push(vote(from("a"))));
    EXPECT_FALSE(queue.push(aggregate(from("a"))));
    EXPECT_EQ(queue.peers(), 1U);
    queue.done(from("a"), Kind::vote);
    EXPECT_EQ(queue.peers(), 1U);
    queue.done(from("a"), Kind::aggregate);
    EXPECT_EQ(queue.peers(), 0U);
}

TEST(WorkQueue, the_oldest_vote_makes_room_for_a_fresh_one) {
    WorkQueue queue;
    for (std::size_t i = 0; i < kVotesWaitingMax; ++i) {
        EXPECT_FALSE(queue.push(vote(from(std::to_string(i % 4)), i)));
    }
    const auto refused = queue.push(vote(from("4"), kVotesWaitingMax));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->why, Shed::queue_full);
    EXPECT_EQ(refused->task.message.validator_index, ValidatorIndex{0});
    EXPECT_EQ(queue.size(), kVotesWaitingMax);
    EXPECT_FALSE(queue.push(vote(own())));
    EXPECT_EQ(queue.size(), kVotesWaitingMax + 1) << "our own takes nobody's place";
}

TEST(WorkQueue, blocks_are_bounded_in_number_and_in_bytes) {
    WorkQueue queue;
    for (std::size_t i = 0; i < kBlocksWaitingMax; ++i) {
        EXPECT_FALSE(queue.push(block(from(std::to_string(i)))));
    }
    const auto refused = queue.push(block(from("x"), 5));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->why, Shed::queue_full);
    EXPECT_EQ(refused->task.message.block.slot, Slot{5}) << "of blocks the new one is refused";
    EXPECT_EQ(queue.peers(), kBlocksWaitingMax) << "a refused block is not charged";

    WorkQueue large;
    std::size_t accepted = 0;
    while (!large.push(block(from(std::to_string(accepted)), 0, kProofSizeMax))) ++accepted;
    EXPECT_EQ(accepted, kBlockBytesWaitingMax / kProofSizeMax - 1);
    ASSERT_TRUE(large.take(false));
    EXPECT_FALSE(large.push(block(from("y"), 0, kProofSizeMax)));
}

TEST(WorkQueue, our_own_messages_are_bounded_too) {
    WorkQueue queue;
    for (std::size_t i = 0; i < kOwnBlocksWaitingMax; ++i)
        EXPECT_FALSE(queue.push(block(own(), i)));
    const auto refused = queue.push(block(own(), 9));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->why, Shed::queue_full);
    EXPECT_EQ(refused->task.message.block.slot, Slot{0}) << "the oldest one is of no use any more";
}

TEST(WorkQueue, what_is_put_back_comes_first_again) {
    WorkQueue queue;
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_FALSE(queue.push(vote(from("a"), i)));
    queue.end_gathering();
    auto tasks = queue.take(false);
    ASSERT_TRUE(tasks);
    EXPECT_FALSE(queue.push(vote(from("a"), 3)));
    queue.put_back(std::move(std::get<VoteBatch>(*tasks)));
    tasks = queue.take(false);
    ASSERT_TRUE(tasks);
    const auto& batch = std::get<VoteBatch>(*tasks);
    ASSERT_EQ(batch.tasks.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(batch.tasks[i].message.validator_index, ValidatorIndex{i});
    }

    EXPECT_FALSE(queue.push(block(from("a"), 1)));
    EXPECT_FALSE(queue.push(block(from("a"), 2)));
    tasks = queue.take(false);
    queue.put_back(std::move(std::get<ProofTask>(*tasks)));
    tasks = queue.take(false);
    EXPECT_EQ(std::get<BlockTask>(std::get<ProofTask>(*tasks)).message.block.slot, Slot{1});
}

}  // namespace
}  // namespace lepton::verifier
