// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/pending_blocks.hpp"

#include "blockchain/test_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace lepton::blockchain {
namespace {

using network_api::NewBlock;
using Parked = PendingBlocks::Parked;
using test::block_on;
using test::root_of;

// A chain of `length` blocks above `parent`, its first block at `slot`.
std::vector<NewBlock> chain_on(Root parent, std::uint64_t slot, std::size_t length) {
    std::vector<NewBlock> blocks;
    for (std::size_t i = 0; i < length; ++i) {
        blocks.push_back(block_on(parent, slot + i));
        parent = blocks.back().block.root();
    }
    return blocks;
}

TEST(PendingBlocks, children_are_found_by_their_parent_and_given_away_once) {
    PendingBlocks pool;
    NewBlock first = block_on(root_of(1), 5, 1);
    NewBlock second = block_on(root_of(1), 5, 2);
    std::vector roots{first.block.root(), second.block.root()};
    EXPECT_EQ(pool.park(std::move(first), {}), PendingBlocks::ParkResult{});
    EXPECT_EQ(pool.park(std::move(second), {}), PendingBlocks::ParkResult{});
    EXPECT_TRUE(pool.has_children(root_of(1)));

    std::vector<Root> taken;
    while (const auto child = pool.take_child(root_of(1))) taken.push_back(child->block.root());
    std::ranges::sort(roots);
    EXPECT_EQ(taken, roots);
    EXPECT_EQ(pool.size(), 0U);
    EXPECT_EQ(pool.bytes(), 0U);
    EXPECT_FALSE(pool.has_children(root_of(1)));
    EXPECT_TRUE(pool.missing_roots().empty());
}

TEST(PendingBlocks, a_block_is_kept_once) {
    PendingBlocks pool;
    EXPECT_EQ(pool.park(block_on(root_of(1), 5), {}).outcome, Parked::parked);
    EXPECT_EQ(pool.park(block_on(root_of(1), 5), {}).outcome, Parked::duplicate);
    EXPECT_EQ(pool.size(), 1U);
}

TEST(PendingBlocks, the_missing_ancestor_is_the_deepest_one) {
    PendingBlocks pool;
    const auto make = [] { return chain_on(root_of(1), 5, 3); };
    for (auto& block : make()) EXPECT_EQ(pool.park(std::move(block), {}).outcome, Parked::parked);
    const auto blocks = make();
    EXPECT_EQ(pool.missing_ancestor(blocks[2].block.root()), root_of(1));
    EXPECT_EQ(pool.missing_ancestor(root_of(7)), root_of(7));
    EXPECT_EQ(pool.missing_roots(), std::vector{root_of(1)});
    EXPECT_TRUE(pool.take_child(blocks[0].block.root()).has_value());
    EXPECT_EQ(pool.missing_ancestor(blocks[2].block.root()), blocks[1].block.root())
        << "the middle one has left";
}

TEST(PendingBlocks, a_proposer_gets_four_places_per_slot) {
    PendingBlocks pool;
    for (std::uint64_t variant = 0; variant < kPendingPerProposalMax; ++variant) {
        EXPECT_EQ(pool.park(block_on(root_of(1), 5, variant), {}).outcome, Parked::parked);
    }
    EXPECT_EQ(pool.park(block_on(root_of(1), 5, 99), {}).outcome, Parked::too_many_of_proposal);
    EXPECT_EQ(pool.park(block_on(root_of(1), 9, 99), {}).outcome, Parked::parked);
    ASSERT_TRUE(pool.take_child(root_of(1)));
    EXPECT_EQ(pool.park(block_on(root_of(1), 5, 99), {}).outcome, Parked::parked);
}

TEST(PendingBlocks, a_full_pool_keeps_what_is_closest_to_the_known_chain) {
    PendingBlocks pool;
    auto blocks = chain_on(root_of(1), 10, kPendingBlocksMax + 2);
    const Root lowest = blocks[0].block.root();
    const Root highest = blocks.back().block.root();
    // From the tip downwards, as a backfill goes.
    std::size_t evicted = 0;
    while (!blocks.empty()) {
        const auto result = pool.park(std::move(blocks.back()), {});
        blocks.pop_back();
        EXPECT_EQ(result.outcome, Parked::parked);
        evicted += result.evicted;
    }
    EXPECT_EQ(evicted, 2U);
    EXPECT_EQ(pool.size(), kPendingBlocksMax);
    EXPECT_TRUE(pool.contains(lowest));
    EXPECT_FALSE(pool.contains(highest));
    EXPECT_EQ(pool.missing_roots(), std::vector{root_of(1)});

    EXPECT_EQ(pool.park(block_on(root_of(2), 5'000), {}),
              (PendingBlocks::ParkResult{Parked::no_room, 0}));
}

TEST(PendingBlocks, the_pool_is_bounded_in_bytes) {
    PendingBlocks pool;
    std::size_t evicted = 0;
    for (std::uint64_t slot = 1'000; slot > 800; --slot) {
        const auto result = pool.park(block_on(root_of(1), slot, 0, kProofSizeMax), {});
        EXPECT_EQ(result.outcome, Parked::parked);
        evicted += result.evicted;
        EXPECT_LE(pool.bytes(), kPendingBytesMax);
    }
    EXPECT_EQ(pool.size() + evicted, 200U);
    EXPECT_EQ(pool.size(), kPendingBytesMax / (kProofSizeMax + 300));
}

TEST(PendingBlocks, descendants_of_a_bad_block_leave_however_deep_they_are) {
    PendingBlocks pool;
    auto bad = chain_on(root_of(1), 10, kPendingBlocksMax - 1);
    for (auto& block : bad) {
        ASSERT_EQ(pool.park(std::move(block), {}).outcome, Parked::parked);
    }
    ASSERT_EQ(pool.park(block_on(root_of(2), 5), {}).outcome, Parked::parked);
    EXPECT_EQ(pool.discard_descendants(root_of(1)), kPendingBlocksMax - 1);
    EXPECT_EQ(pool.size(), 1U);
    EXPECT_EQ(pool.missing_roots(), std::vector{root_of(2)});
    EXPECT_EQ(pool.discard_descendants(root_of(1)), 0U);
}

TEST(PendingBlocks, blocks_expire_by_the_time_of_their_arrival) {
    PendingBlocks pool;
    const auto at = [](int seconds) { return Time{std::chrono::seconds{seconds}}; };
    ASSERT_EQ(pool.park(block_on(root_of(1), 5), at(10)).outcome, Parked::parked);
    ASSERT_EQ(pool.park(block_on(root_of(1), 6), at(20)).outcome, Parked::parked);
    EXPECT_EQ(pool.expire(at(10)), 0U);
    EXPECT_EQ(pool.expire(at(11)), 1U);
    EXPECT_EQ(pool.take_child(root_of(1))->block->block.slot, Slot{6});
}

TEST(PendingBlocks, finality_discards_what_lies_below_it) {
    PendingBlocks pool;
    for (const std::uint64_t slot : {5U, 6U, 7U}) {
        ASSERT_EQ(pool.park(block_on(root_of(1), slot), {}).outcome, Parked::parked);
    }
    EXPECT_EQ(pool.discard_up_to(Slot{6}), 2U);
    EXPECT_EQ(pool.take_child(root_of(1))->block->block.slot, Slot{7});
}

}  // namespace
}  // namespace lepton::blockchain
