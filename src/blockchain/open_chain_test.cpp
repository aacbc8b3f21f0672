// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/open_chain.hpp"

#include "blockchain/test_chain.hpp"
#include "consensus/fork_choice.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using test::TestChain;

std::unique_ptr<storage::Storage> open(storage::MemoryDisk& disk) {
    return storage::Storage::open(disk.open("test").value(),
                                  {.network_profile = test::test_profile().name,
                                   .genesis_time = test::kGenesisTime,
                                   .registry_root = {}})
        .value();
}

TEST(OpenChain, an_empty_database_has_no_chain) {
    storage::MemoryDisk disk;
    const auto resumed = resume_chain(*open(disk), test::test_profile());
    ASSERT_TRUE(resumed);
    EXPECT_FALSE(*resumed);
}

TEST(OpenChain, a_chain_begun_at_an_anchor_can_be_resumed) {
    storage::MemoryDisk disk;
    const Anchor genesis = test::test_genesis();
    Root head;
    {
        const auto storage = open(disk);
        const auto store = begin_chain(*storage, genesis);
        ASSERT_TRUE(store);
        head = store->head;
        EXPECT_EQ(head, hash_tree_root(genesis.block.block));
    }
    const auto resumed = resume_chain(*open(disk), test::test_profile());
    ASSERT_TRUE(resumed && *resumed);
    EXPECT_EQ((*resumed)->head, head);
    EXPECT_EQ((*resumed)->latest_finalized, (Checkpoint{head, Slot{0}}));
    EXPECT_EQ((*resumed)->blocks.nodes().size(), 1U);
}

TEST(OpenChain, the_votes_in_blocks_weigh_again) {
    TestChain node;
    node.go_to(3, 4);
    storage::MemoryDisk disk = node.disk.clone();
    const auto resumed = resume_chain(*open(disk), test::test_profile());
    ASSERT_TRUE(resumed && *resumed);
    const consensus::Store& store = **resumed;
    // The block of slot 3 carries the votes of slot 2 for the block of slot 2.
    const auto weights = consensus::compute_block_weights(store);
    const Root voted = hash_tree_root(node.blocks[1].block);
    EXPECT_EQ(weights[store.blocks.index_of(voted)], 4U);
    EXPECT_EQ(store.head, node.view()->head.root);
    EXPECT_EQ(store.latest_justified, node.view()->latest_justified);
    EXPECT_EQ(store.latest_finalized, node.view()->latest_finalized);
    EXPECT_EQ(store.safe_target, node.view()->safe_target.root);
}

TEST(OpenChain, a_damaged_database_is_named_and_not_used) {
    TestChain node;
    node.go_to(3, 4);
    storage::MemoryDisk no_blocks = node.disk.clone();
    no_blocks.records(storage::Table::blocks).clear();
    const auto resumed = resume_chain(*open(no_blocks), test::test_profile());
    ASSERT_FALSE(resumed);
    EXPECT_NE(resumed.error().what.find("block"), std::string::npos) << resumed.error().what;

    storage::MemoryDisk no_states = node.disk.clone();
    no_states.records(storage::Table::states).clear();
    EXPECT_FALSE(resume_chain(*open(no_states), test::test_profile()));
}

TEST(OpenChain, an_anchor_that_cannot_be_written_is_an_error) {
    storage::MemoryDisk disk;
    const auto storage = open(disk);
    disk.fail_at(1);
    const auto store = begin_chain(*storage, test::test_genesis());
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().what.find("write failed"), std::string::npos);
}

}  // namespace
}  // namespace lepton::blockchain
