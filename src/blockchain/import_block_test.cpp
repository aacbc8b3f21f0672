// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The way of blocks into the chain: in order, out of order, wrong, never.
#include "blockchain/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using network_api::BlockSource;
using network_api::FetchStatus;
using test::blocks_until;
using test::follower;
using test::TestChain;

Root root_of(const SignedBlock& block) {
    return hash_tree_root(block.block);
}

// The block of slot 1 by a node that heard no votes: a sibling of that of blocks_until.
SignedBlock lonely_block() {
    BlockchainOptions options = follower();
    options.own_validators = {ValidatorIndex{1}};
    TestChain lonely(options);
    lonely.go_to(1, 1);
    return lonely.blocks.at(0);
}

TEST(ImportBlock, a_block_without_parent_waits_and_its_parent_is_asked_for_once) {
    const auto blocks = blocks_until(3);
    TestChain node(follower());
    node.go_to(3);
    node.hear(blocks[2]);
    node.hear(blocks[1]);
    EXPECT_EQ(node.fetches, (std::vector{root_of(blocks[1]), root_of(blocks[0])}))
        << "the deepest missing one, each once";
    EXPECT_EQ(node.view()->head.slot, Slot{0});
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 2);

    node.hear(blocks[0], BlockSource::sync);
    EXPECT_EQ(node.view()->head.slot, Slot{1}) << "one block per step";
    EXPECT_TRUE(node.chain().has_work());
    node.chain().work();
    EXPECT_EQ(node.view()->head.slot, Slot{2});
    node.work();
    EXPECT_EQ(node.view()->head, (Checkpoint{root_of(blocks[2]), Slot{3}}));
    EXPECT_FALSE(node.chain().has_work());
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.imported(BlockSource::sync).Value(), 1);
    EXPECT_EQ(node.metrics.imported(BlockSource::gossip).Value(), 2);

    node.chain().fetched(root_of(blocks[0]), FetchStatus::delivered);
    node.chain().fetched(root_of(blocks[1]), FetchStatus::gave_up);
    node.go_to(20);
    EXPECT_EQ(node.fetches.size(), 2U) << "nothing is missing any more";
}

TEST(ImportBlock, ticks_go_on_during_a_cascade) {
    const auto blocks = blocks_until(9);
    TestChain node(follower());
    node.go_to(9);
    for (std::size_t i = blocks.size(); i-- > 1;) node.hear(blocks[i]);
    node.hear(blocks[0]);
    node.chain().work();
    EXPECT_EQ(node.view()->head.slot, Slot{2});
    node.go_to(9, 1);
    EXPECT_EQ(node.view()->time, Interval{46});
    EXPECT_TRUE(node.chain().has_work());
    node.work();
    EXPECT_EQ(node.view()->head.slot, Slot{9});
}

TEST(ImportBlock, nothing_is_asked_for_whose_parent_was_just_imported) {
    const auto blocks = blocks_until(4);
    TestChain node(follower());
    node.go_to(4);
    node.hear(blocks[2]);
    node.hear(blocks[1]);
    node.hear(blocks[0]);
    for (const Root& root : node.fetches) node.chain().fetched(root, FetchStatus::delivered);
    const std::size_t fetches = node.fetches.size();
    ASSERT_TRUE(node.chain().has_work());
    node.hear(blocks[3]);
    node.go_to(4, 4);
    EXPECT_EQ(node.fetches.size(), fetches) << "its ancestors only wait for their turn";
    node.work();
    EXPECT_EQ(node.view()->head.slot, Slot{4});
}

TEST(ImportBlock, the_state_of_a_recent_parent_is_in_memory) {
    const auto blocks = blocks_until(3);
    TestChain node(follower());
    node.go_to(3);
    node.hear(blocks[0]);
    node.disk.records(storage::Table::states).clear();
    node.hear(blocks[1]);
    node.hear(blocks[2]);
    EXPECT_FALSE(node.chain().failure());
    EXPECT_EQ(node.view()->head.slot, Slot{3});
}

TEST(ImportBlock, pruning_waits_for_the_end_of_a_cascade) {
    const auto blocks = blocks_until(10);
    const SignedBlock fork = lonely_block();
    TestChain node(follower());
    node.go_to(10);
    node.hear(fork);
    for (std::size_t i = blocks.size(); i-- > 1;) node.hear(blocks[i]);
    node.hear(blocks[0]);
    while (node.chain().has_work()) {
        EXPECT_TRUE(node.storage->signed_block_bytes(root_of(fork)).value());
        for (const auto& shown : *node.view()->nodes) {
            EXPECT_GE(shown.slot, node.view()->latest_finalized.slot);
        }
        node.chain().work();
    }
    EXPECT_EQ(node.view()->head.slot, Slot{10});
    EXPECT_GT(node.view()->latest_finalized.slot, Slot{5});
    EXPECT_FALSE(node.storage->signed_block_bytes(root_of(fork)).value()) << "finality decided";
    EXPECT_TRUE(node.storage->signed_block_bytes(root_of(blocks[0])).value()) << "canonical";
    EXPECT_EQ(node.view()->nodes->size(), 10 - node.view()->latest_finalized.slot.value + 1);
}

TEST(ImportBlock, a_fetch_that_was_given_up_is_repeated_later_and_later) {
    const auto blocks = blocks_until(2);
    TestChain node(follower());
    node.go_to(2);
    node.hear(blocks[1]);
    std::vector<std::uint64_t> asked_at;
    for (std::uint64_t slot = 2; slot < 40; ++slot) {
        node.go_to(slot, 4);
        if (node.fetches.empty()) continue;
        EXPECT_EQ(node.fetches, std::vector{root_of(blocks[0])});
        node.fetches.clear();
        asked_at.push_back(slot);
        node.chain().fetched(root_of(blocks[0]), FetchStatus::gave_up);
        node.run();
    }
    EXPECT_EQ(asked_at, (std::vector<std::uint64_t>{2, 3, 5, 9, 17, 33}));
}

TEST(ImportBlock, a_delivered_block_that_never_arrives_is_asked_for_again) {
    const auto blocks = blocks_until(2);
    TestChain node(follower());
    node.go_to(2);
    node.hear(blocks[1]);
    ASSERT_EQ(node.fetches.size(), 1U);
    node.chain().fetched(root_of(blocks[0]), FetchStatus::delivered);
    node.go_to(2, 4);
    EXPECT_EQ(node.fetches.size(), 1U);
    node.go_to(3, 1);
    EXPECT_EQ(node.fetches.size(), 2U);
}

TEST(ImportBlock, blocks_that_wait_too_long_are_let_go_and_no_more_asked_for) {
    const auto blocks = blocks_until(2);
    TestChain node(follower());
    node.go_to(2);
    node.hear(blocks[1]);
    node.chain().fetched(root_of(blocks[0]), FetchStatus::gave_up);
    node.go_to(1 + kPendingBlockAgeMax, 4);
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 1) << "not before its time";
    node.go_to(2 + kPendingBlockAgeMax, 4);
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.block_requests.Value(), 1) << "the ask under way";
    EXPECT_EQ(node.metrics.dropped(BlockDropped::expired).Value(), 1);
    node.chain().fetched(root_of(blocks[0]), FetchStatus::gave_up);
    const std::size_t fetches = node.fetches.size();
    node.go_to(100 + kPendingBlockAgeMax);
    EXPECT_EQ(node.fetches.size(), fetches);
    EXPECT_EQ(node.metrics.block_requests.Value(), 0);
}

TEST(ImportBlock, a_wrong_block_is_reported_and_what_builds_on_it_is_discarded) {
    const auto blocks = blocks_until(2);
    TestChain node(follower());
    node.go_to(5);
    SignedBlock wrong = blocks[1];
    wrong.block.state_root.bytes[0] ^= 1;
    SignedBlock child = blocks[1];
    child.block.slot = Slot{3};
    child.block.proposer_index = ValidatorIndex{3};
    child.block.parent_root = root_of(wrong);
    SignedBlock grandchild = child;
    grandchild.block.slot = Slot{4};
    grandchild.block.proposer_index = ValidatorIndex{0};
    grandchild.block.parent_root = root_of(child);
    node.hear(grandchild);
    node.hear(child);
    node.hear(wrong);
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 3);
    const std::uint64_t writes = node.disk.writes();
    node.hear(blocks[0]);
    node.work();

    ASSERT_EQ(node.reports.size(), 1U);
    EXPECT_EQ(node.reports[0].peer, "peer");
    EXPECT_EQ(node.reports[0].reason, Rejection::STATE_ROOT_MISMATCH);
    EXPECT_EQ(node.reports[0].root, root_of(wrong));
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 0);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::rejected).Value(), 1);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::descends_from_rejected).Value(), 2);
    EXPECT_EQ(node.disk.writes(), writes + 1) << "nothing of it is on disk";

    const std::size_t fetches = node.fetches.size();
    node.hear(child);
    node.hear(wrong);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::descends_from_rejected).Value(), 4);
    EXPECT_EQ(node.fetches.size(), fetches) << "known to be wrong: not asked for";
    EXPECT_EQ(node.reports.size(), 1U);
    node.hear(blocks[1]);
    EXPECT_EQ(node.view()->head, (Checkpoint{root_of(blocks[1]), Slot{2}}));
}

TEST(ImportBlock, a_block_of_the_wrong_proposer_does_not_even_wait) {
    TestChain node(follower());
    node.go_to(5);
    SignedBlock block;
    block.block.slot = Slot{4};
    block.block.proposer_index = ValidatorIndex{1};
    block.block.parent_root = test::root_of(1);
    node.hear(block);
    ASSERT_EQ(node.reports.size(), 1U);
    EXPECT_EQ(node.reports[0].reason, Rejection::WRONG_PROPOSER);
    EXPECT_TRUE(node.fetches.empty());
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 0);
}

TEST(ImportBlock, a_block_may_be_one_interval_early_and_no_more) {
    const auto blocks = blocks_until(2);
    TestChain node(follower());
    node.go_to(1, 3);
    node.hear(blocks[0]);
    node.hear(blocks[1]);
    EXPECT_EQ(node.view()->head.slot, Slot{1});
    EXPECT_EQ(node.metrics.dropped(BlockDropped::too_far_in_future).Value(), 1);
    EXPECT_TRUE(node.reports.empty()) << "it may be our clock";
    node.go_to(1, 4);
    node.hear(blocks[1]);
    EXPECT_EQ(node.view()->head.slot, Slot{2});

    SignedBlock far = blocks[1];
    far.block.slot = Slot{std::uint64_t{1} << 63};
    far.block.parent_root = test::root_of(9);
    node.hear(far);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::too_far_in_future).Value(), 2);
    EXPECT_TRUE(node.fetches.empty());
}

TEST(ImportBlock, nothing_below_the_finalized_block_is_taken) {
    const auto blocks = blocks_until(10);
    TestChain node(follower());
    node.go_to(10);
    for (const SignedBlock& block : blocks) node.hear(block);
    ASSERT_GT(node.view()->latest_finalized.slot, Slot{4});
    SignedBlock fork = blocks[2];
    fork.block.state_root.bytes[0] ^= 1;
    SignedBlock above = fork;
    above.block.slot = Slot{9};
    above.block.proposer_index = ValidatorIndex{1};
    above.block.parent_root = root_of(fork);
    node.hear(above);
    EXPECT_EQ(node.fetches, std::vector{root_of(fork)});
    node.hear(fork, BlockSource::sync);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::not_after_finalized).Value(), 1);
    EXPECT_EQ(node.metrics.blocks_waiting.Value(), 0) << "what needs it can never be imported";
    EXPECT_TRUE(node.reports.empty());
}

TEST(ImportBlock, a_reorg_is_counted_with_its_depth) {
    TestChain builder;
    builder.go_to(3, 4);
    const SignedBlock other = lonely_block();

    TestChain node(follower());
    node.go_to(3, 4);
    ASSERT_NE(root_of(builder.blocks[0]), root_of(other));
    node.hear(other);
    EXPECT_EQ(node.view()->head.root, root_of(other));
    for (const SignedBlock& block : builder.blocks) node.hear(block);
    EXPECT_EQ(node.view()->head.root, root_of(builder.blocks.back()));
    EXPECT_GE(node.metrics.reorgs.Value(), 1);
    EXPECT_NE(node.registry.text().find("lean_fork_choice_reorg_depth_bucket{le=\"1\"} 1"),
              std::string::npos);
}

TEST(ImportBlock, a_deep_way_back_is_walked_to_its_end) {
    const auto blocks = blocks_until(30);
    TestChain node(follower());
    node.go_to(30);
    node.hear(blocks.back());
    // Answers each fetch, as the P2P actor would.
    std::map<Root, const SignedBlock*> by_root;
    for (const SignedBlock& block : blocks) by_root.emplace(root_of(block), &block);
    while (!node.fetches.empty()) {
        const Root root = node.fetches.back();
        node.fetches.pop_back();
        node.chain().fetched(root, FetchStatus::delivered);
        node.hear(*by_root.at(root), BlockSource::sync);
    }
    node.work();
    EXPECT_EQ(node.view()->head, (Checkpoint{root_of(blocks.back()), Slot{30}}));
    EXPECT_EQ(node.metrics.block_requests.Value(), 0);
    EXPECT_EQ(node.metrics.dropped(BlockDropped::known).Value(), 0);
}

}  // namespace
}  // namespace lepton::blockchain
