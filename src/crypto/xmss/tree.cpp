// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/tree.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/tweak_hash.hpp"

#include <algorithm>
#include <bit>

namespace lepton::crypto::xmss {
namespace {

// Parents hashed in one item of parallel work.
constexpr std::size_t kParentsPerItem = 512;

// The range of a layer with the padding that makes it begin even and end odd.
LayerShape padded(LayerShape shape) {
    const std::uint64_t start = shape.start & ~std::uint64_t{1};
    const std::uint64_t last = (shape.start + shape.count - 1) | 1;
    return {start, last - start + 1};
}

Digest random_digest(Random& random) {
    Digest digest;
    for (Fp& element : digest) element = random_element(random);
    return digest;
}

}  // namespace

void SubTree::copy_path(std::uint64_t node, std::span<Digest> path) const {
    LEPTON_ASSERT(path.size() + 1 == layers.size());
    for (std::size_t i = 0; i < path.size(); ++i, node >>= 1) {
        const TreeLayer& layer = layers[i];
        const std::uint64_t place = (node ^ 1) - layer.start;
        LEPTON_ASSERT(place < layer.nodes.size());
        path[i] = layer.nodes[place];
    }
}

std::vector<LayerShape> top_tree_shape(std::size_t lowest_level,
                                       std::size_t root_level,
                                       std::uint64_t first,
                                       std::uint64_t count) {
    std::vector<LayerShape> shapes{padded({first, count})};
    for (std::size_t level = lowest_level; level < root_level; ++level) {
        shapes.push_back(padded({shapes.back().start / 2, shapes.back().count / 2}));
    }
    return shapes;
}

std::vector<LayerShape> bottom_tree_shape(std::size_t height, std::uint64_t index) {
    std::vector<LayerShape> shapes;
    for (std::size_t above = height + 1; above-- > 0;) {
        shapes.push_back({index << above, std::uint64_t{1} << above});
    }
    return shapes;
}

std::vector<Digest> parents_of(const Parameter& parameter,
                               std::size_t level,
                               std::uint64_t start,
                               std::span<const Digest> nodes,
                               const ParallelFor& parallel_for) {
    LEPTON_ASSERT(start % 2 == 0 && nodes.size() % 2 == 0);
    std::vector<Digest> parents(nodes.size() / 2);
    const std::size_t items = (parents.size() + kParentsPerItem - 1) / kParentsPerItem;
    parallel_for(items, [&](std::size_t item) {
        const std::size_t begin = item * kParentsPerItem;
        const std::size_t end = std::min(begin + kParentsPerItem, parents.size());
        for (std::size_t i = begin; i < end; i += kLanes) {
            Lanes<24> states;
            Lanes<8> hashes;
            const std::size_t count = std::min(kLanes, end - i);
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const std::size_t place = i + std::min(lane, count - 1);
                write_node(states,
                           lane,
                           parameter,
                           level + 1,
                           start / 2 + place,
                           nodes[2 * place],
                           nodes[2 * place + 1]);
            }
            compress(states, hashes);
            for (std::size_t lane = 0; lane < count; ++lane) {
                parents[i + lane] = digest_of(hashes, lane);
            }
        }
    });
    return parents;
}

SubTree build_bottom_tree(const Parameter& parameter,
                          std::uint64_t index,
                          std::vector<Digest> leaves,
                          const ParallelFor& parallel_for) {
    LEPTON_ASSERT(std::has_single_bit(leaves.size()));
    SubTree tree;
    tree.layers.push_back({index * leaves.size(), std::move(leaves)});
    while (tree.layers.back().nodes.size() > 1) {
        const TreeLayer& below = tree.layers.back();
        TreeLayer layer{
            below.start / 2,
            parents_of(parameter, tree.layers.size() - 1, below.start, below.nodes, parallel_for)};
        tree.layers.push_back(std::move(layer));
    }
    return tree;
}

SubTree build_top_tree(Random& random,
                       const Parameter& parameter,
                       std::size_t lowest_level,
                       std::size_t root_level,
                       std::uint64_t first,
                       std::vector<Digest> roots) {
    SubTree tree{lowest_level, {}};
    TreeLayer layer{first, std::move(roots)};
    for (std::size_t level = lowest_level;; ++level) {
        const LayerShape shape = padded({layer.start, layer.nodes.size()});
        if (shape.start < layer.start) {
            layer.nodes.insert(layer.nodes.begin(), random_digest(random));
        }
        if (shape.count > layer.nodes.size()) layer.nodes.push_back(random_digest(random));
        layer.start = shape.start;
        tree.layers.push_back(std::move(layer));
        if (level == root_level) return tree;
        const TreeLayer& below = tree.layers.back();
        layer = {below.start / 2,
                 parents_of(parameter, level, below.start, below.nodes, run_in_order)};
    }
}

Fp random_element(Random& random) {
    while (true) {
        std::array<std::uint8_t, 4> bytes;
        random.fill(bytes);
        bytes[3] &= 0x7f;
        std::array<Fp, 1> element;
        if (read_elements(bytes, element)) return element[0];
    }
}

bool is_consistent(const Parameter& parameter,
                   const SubTree& tree,
                   const ParallelFor& parallel_for) {
    for (std::size_t i = 0; i + 1 < tree.layers.size(); ++i) {
        const TreeLayer& below = tree.layers[i];
        const TreeLayer& above = tree.layers[i + 1];
        const auto parents =
            parents_of(parameter, tree.lowest_level + i, below.start, below.nodes, parallel_for);
        const std::uint64_t place = below.start / 2 - above.start;
        if (place + parents.size() > above.nodes.size() ||
            !std::ranges::equal(parents, std::span{above.nodes}.subspan(place, parents.size()))) {
            return false;
        }
    }
    return true;
}

}  // namespace lepton::crypto::xmss
