// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/block_tree.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::consensus {
namespace {

Root root(std::uint8_t n) {
    return Root{{n, 1}};
}

BlockNode node(std::uint8_t name, std::uint8_t parent, std::uint64_t slot) {
    return {root(name), Slot{slot}, root(parent), {}, {}, {}, {}};
}

/// 0 ── 1 ── 2 ── 4
///       └── 3        at slots 0, 2, 3, 5 and 7
BlockTree small_tree() {
    BlockTree tree(node(0, 99, 0));
    tree.insert(node(1, 0, 2));
    tree.insert(node(2, 1, 3));
    tree.insert(node(3, 1, 5));
    tree.insert(node(4, 2, 7));
    return tree;
}

TEST(BlockTree, finds_blocks_by_root) {
    const BlockTree tree = small_tree();
    EXPECT_EQ(tree.find(root(3))->slot, Slot{5});
    EXPECT_EQ(tree.find(root(9)), nullptr);
    EXPECT_EQ(tree.index_of(root(9)), BlockTree::kNone);
    EXPECT_EQ(tree.parent_of(0), BlockTree::kNone);
}

TEST(BlockTree, a_checkpoint_is_an_ancestor_by_root_and_slot) {
    const BlockTree tree = small_tree();
    EXPECT_TRUE(tree.is_ancestor({root(1), Slot{2}}, root(4)));
    EXPECT_TRUE(tree.is_ancestor({root(4), Slot{7}}, root(4)));
    EXPECT_FALSE(tree.is_ancestor({root(3), Slot{5}}, root(4)));
    EXPECT_FALSE(tree.is_ancestor({root(1), Slot{1}}, root(4)));
    EXPECT_FALSE(tree.is_ancestor({root(4), Slot{7}}, root(1)));
    EXPECT_FALSE(tree.is_ancestor({root(99), Slot{0}}, root(1)));
}

TEST(BlockTree, pruning_keeps_one_subtree) {
    BlockTree tree = small_tree();
    EXPECT_EQ(tree.prune_to(root(2)), (std::vector{root(0), root(1), root(3)}));
    ASSERT_EQ(tree.nodes().size(), 2U);
    EXPECT_EQ(tree.nodes()[0].root, root(2));
    EXPECT_EQ(tree.parent_of(1), 0U);
    EXPECT_TRUE(tree.is_ancestor({root(2), Slot{3}}, root(4)));
    EXPECT_FALSE(tree.is_ancestor({root(1), Slot{2}}, root(4)));
    EXPECT_TRUE(tree.prune_to(root(2)).empty());
}

TEST(BlockTree, ancestors_equal_a_walk_along_parents_on_random_trees) {
    SeededRandom random{11};
    for (int round = 0; round < 20; ++round) {
        BlockTree tree(node(0, 255, 0));
        for (std::uint8_t i = 1; i < 200; ++i) {
            // Mostly long chains, sometimes a fork from anywhere.
            const auto parent = static_cast<std::uint8_t>(
                random.below(4) == 0 ? random.below(i) : static_cast<std::uint64_t>(i - 1));
            const Slot parent_slot = tree.find(root(parent))->slot;
            tree.insert(node(i, parent, parent_slot.value + 1 + random.below(3)));
        }
        for (int query = 0; query < 300; ++query) {
            const auto start = static_cast<BlockTree::Index>(random.below(200));
            const Slot slot{random.below(400)};
            BlockTree::Index expected = start;
            while (expected != BlockTree::kNone && tree.nodes()[expected].slot > slot) {
                expected = tree.parent_of(expected);
            }
            EXPECT_EQ(tree.ancestor_at_or_below(start, slot), expected);
        }
    }
}

}  // namespace
}  // namespace lepton::consensus
