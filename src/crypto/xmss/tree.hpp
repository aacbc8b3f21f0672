// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Parts of the key's hash tree. A tree over 2^32 slots is cut at half its height: each bottom tree
// covers 2^16 slots, the top tree holds the roots of the bottom trees the key was made for. Values;
// any thread.
#pragma once

#include "base/random.hpp"
#include "crypto/xmss/parameters.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace lepton::crypto::xmss {

/// The nodes [start, start + nodes.size()) of one level of the whole tree.
struct TreeLayer {
    std::uint64_t start = 0;
    std::vector<Digest> nodes;

    bool operator==(const TreeLayer&) const = default;
};

/// Consecutive levels of the whole tree, lowest first, over a range of nodes. In a top tree every
/// layer begins at an even and ends at an odd node, with a random digest where nothing is known, so
/// that every node has a sibling; also the last, where the root has one that means nothing.
struct SubTree {
    std::uint64_t lowest_level = 0;
    std::vector<TreeLayer> layers;

    /// Returns the root: node 0 of the last layer. Requires layers.
    const Digest& root() const { return layers.back().nodes.front(); }

    /// Writes the siblings of `node` (a number on the lowest level) and of its ancestors below the
    /// root. Requires that `node` is in the lowest layer and path.size() == layers.size() - 1.
    void copy_path(std::uint64_t node, std::span<Digest> path) const;

    bool operator==(const SubTree&) const = default;
};

/// First node and number of nodes of one layer.
struct LayerShape {
    std::uint64_t start = 0;
    std::uint64_t count = 0;

    bool operator==(const LayerShape&) const = default;
};

/// Returns the layers of the top tree over the bottom trees [first, first + count), from
/// `lowest_level` up to the root at level `root_level`.
std::vector<LayerShape> top_tree_shape(std::size_t lowest_level,
                                       std::size_t root_level,
                                       std::uint64_t first,
                                       std::uint64_t count);

/// Returns the layers of bottom tree `index`, whose height is `height`.
std::vector<LayerShape> bottom_tree_shape(std::size_t height, std::uint64_t index);

/// Returns the parents of `nodes`, which begin at the even number `start` of level `level` and are
/// even in number.
/// Cost: one width-24 permutation per parent
std::vector<Digest> parents_of(const Parameter& parameter,
                               std::size_t level,
                               std::uint64_t start,
                               std::span<const Digest> nodes,
                               const ParallelFor& parallel_for);

/// Returns bottom tree `index` over `leaves`, a power of two.
SubTree build_bottom_tree(const Parameter& parameter,
                          std::uint64_t index,
                          std::vector<Digest> leaves,
                          const ParallelFor& parallel_for);

/// Returns the top tree over the roots of the bottom trees [first, first + roots.size()).
SubTree build_top_tree(Random& random,
                       const Parameter& parameter,
                       std::size_t lowest_level,
                       std::size_t root_level,
                       std::uint64_t first,
                       std::vector<Digest> roots);

/// Returns an element that is uniformly distributed.
Fp random_element(Random& random);

/// Returns whether each inner node that has both children in `tree` is their hash.
bool is_consistent(const Parameter& parameter,
                   const SubTree& tree,
                   const ParallelFor& parallel_for);

}  // namespace lepton::crypto::xmss
