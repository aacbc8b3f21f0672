// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The blocks of fork choice as a tree of small nodes, without bodies and states. A value that
// belongs to one thread; copies may be read anywhere.
#pragma once

#include "types/checkpoint.hpp"

#include <cstddef>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

namespace lepton::consensus {

/// What fork choice must know of an imported block.
struct BlockNode {
    Root root;
    Slot slot;
    Root parent_root;
    ValidatorIndex proposer_index;
    Root state_root;
    /// Checkpoints of the block's post-state.
    Checkpoint latest_justified;
    Checkpoint latest_finalized;

    bool operator==(const BlockNode&) const = default;
};

/// Every node but the first has its parent in the tree, before it: indices are a topological order,
/// so one pass forwards goes from parents to children and one pass backwards from children to
/// parents.
class BlockTree {
  public:
    using Index = std::size_t;
    static constexpr Index kNone = std::numeric_limits<Index>::max();

    /// A tree of one block, the anchor. Its parent is not looked up.
    explicit BlockTree(const BlockNode& anchor);

    /// Adds a block. Requires that its parent is in the tree, that its slot is above the parent's,
    /// and that it is not in the tree itself.
    void insert(const BlockNode& node);

    /// Returns the node of `root`, nullptr when it is not in the tree. Valid until the next change.
    const BlockNode* find(const Root& root) const;
    /// Returns the index of `root`, kNone when it is not in the tree.
    Index index_of(const Root& root) const;
    bool contains(const Root& root) const { return index_of(root) != kNone; }

    /// All nodes by index.
    std::span<const BlockNode> nodes() const { return nodes_; }
    /// Returns the index of the parent, kNone for the first node.
    Index parent_of(Index index) const { return links_[index].parent; }

    /// Returns the highest ancestor of `index` (itself included) at or below `slot`, kNone when the
    /// tree begins above.
    /// Cost: logarithmic in the depth
    Index ancestor_at_or_below(Index index, Slot slot) const;

    /// Returns whether `ancestor` lies on the chain of ancestors of `descendant`, which is in the
    /// tree. A block is its own ancestor.
    /// Spec: fork_choice.py `_checkpoint_is_ancestor`
    bool is_ancestor(const Checkpoint& ancestor, const Root& descendant) const;

    /// Keeps `root` and its descendants only. Requires that it is in the tree. Returns the roots of
    /// the blocks that left.
    /// Cost: linear in the tree
    std::vector<Root> prune_to(const Root& root);

  private:
    /// `jump` skips over many ancestors; how many follows from the depth alone, so that any
    /// ancestor is reached in a logarithmic number of steps.
    struct Links {
        Index parent = kNone;
        Index jump = kNone;
        std::size_t depth = 0;
    };

    std::vector<BlockNode> nodes_;
    std::vector<Links> links_;
    std::unordered_map<Root, Index> index_;
};

}  // namespace lepton::consensus
