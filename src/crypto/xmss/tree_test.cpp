// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/tree.hpp"

#include "crypto/xmss/each_kernel.hpp"
#include "crypto/xmss/tweak_hash.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

constexpr Parameter kParameter{1, 2, 3, 4, 5};

std::vector<Digest> some_digests(std::size_t count, std::uint64_t seed) {
    SeededRandom random{seed};
    std::vector<Digest> digests(count);
    for (Digest& digest : digests) {
        for (Fp& element : digest) element = random_element(random);
    }
    return digests;
}

Digest parent_of(std::size_t level, std::uint64_t index, const Digest& left, const Digest& right) {
    std::array<Fp, 24> input;
    Digest parent;
    write_node(input, 0, kParameter, level, index, left, right);
    compress(input, parent);
    return parent;
}

// Climbs from node `index` of level `level` along `path`.
Digest climb(std::size_t level, std::uint64_t index, Digest node, std::span<const Digest> path) {
    for (const Digest& sibling : path) {
        node = index % 2 == 1 ? parent_of(level + 1, index / 2, sibling, node)
                              : parent_of(level + 1, index / 2, node, sibling);
        ++level;
        index /= 2;
    }
    return node;
}

std::vector<LayerShape> shape_of(const SubTree& tree) {
    std::vector<LayerShape> shapes;
    for (const TreeLayer& layer : tree.layers) shapes.push_back({layer.start, layer.nodes.size()});
    return shapes;
}

class BottomTree : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(BottomTree);

TEST_P(BottomTree, every_leaf_has_a_path_to_the_root) {
    const auto leaves = some_digests(16, 1);
    const SubTree tree = build_bottom_tree(kParameter, 5, leaves, run_in_order);
    EXPECT_EQ(shape_of(tree), bottom_tree_shape(4, 5));
    for (std::uint64_t i = 0; i < leaves.size(); ++i) {
        std::array<Digest, 4> path;
        tree.copy_path(80 + i, path);
        EXPECT_EQ(climb(0, 80 + i, leaves[i], path), tree.root()) << i;
    }
}

class TopTree : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(TopTree);

TEST_P(TopTree, every_known_root_has_a_path_to_the_root_of_all) {
    SeededRandom random{2};
    for (std::uint64_t first = 0; first < 16; ++first) {
        for (std::uint64_t count = 1; count <= 16 - first; ++count) {
            const auto roots = some_digests(count, first);
            const SubTree tree = build_top_tree(random, kParameter, 4, 8, first, roots);
            EXPECT_EQ(shape_of(tree), top_tree_shape(4, 8, first, count));
            EXPECT_TRUE(is_consistent(kParameter, tree, run_in_order));
            for (std::uint64_t i = 0; i < count; ++i) {
                std::array<Digest, 4> path;
                tree.copy_path(first + i, path);
                EXPECT_EQ(climb(4, first + i, roots[i], path), tree.root());
            }
        }
    }
}

TEST(TreeShape, layers_begin_even_and_end_odd) {
    EXPECT_EQ(top_tree_shape(4, 8, 3, 4),  // bottom trees 3..6
              (std::vector<LayerShape>{{2, 6}, {0, 4}, {0, 2}, {0, 2}, {0, 2}}));
}

TEST_P(TopTree, a_changed_node_is_inconsistent) {
    SeededRandom random{3};
    const SubTree good = build_top_tree(random, kParameter, 4, 8, 3, some_digests(4, 3));
    for (std::size_t layer = 0; layer < good.layers.size(); ++layer) {
        SubTree changed = good;
        changed.layers[layer].nodes[0][0] ^= 1;
        EXPECT_FALSE(is_consistent(kParameter, changed, run_in_order)) << layer;
    }
}

TEST_P(BottomTree, parallel_items_may_run_in_any_order) {
    const auto leaves = some_digests(4096, 4);
    const ParallelFor backwards = [](std::size_t count, const auto& body) {
        for (std::size_t i = count; i-- > 0;) body(i);
    };
    EXPECT_EQ(build_bottom_tree(kParameter, 0, leaves, backwards),
              build_bottom_tree(kParameter, 0, leaves, run_in_order));
}

}  // namespace
}  // namespace lepton::crypto::xmss
