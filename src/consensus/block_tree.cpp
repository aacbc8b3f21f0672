// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Ancestor queries use jump pointers: a node jumps to its parent's second jump when the last two
// jumps of the parent are equally long, otherwise to the parent. Jump lengths then follow the
// skew-binary representation of the depth, and a walk that takes the jump whenever it does not
// overshoot needs O(log depth) steps. Each step goes to a smaller index, so a walk ends.
#include "consensus/block_tree.hpp"

#include "base/assert.hpp"

#include <utility>

namespace lepton::consensus {

BlockTree::BlockTree(const BlockNode& anchor)
    : nodes_{anchor}, links_(1), index_{{anchor.root, 0}} {
    links_.front().jump = 0;
}

void BlockTree::insert(const BlockNode& node) {
    const Index parent = index_of(node.parent_root);
    LEPTON_ASSERT(parent != kNone);
    LEPTON_ASSERT(nodes_[parent].slot < node.slot);
    const Links& up = links_[parent];
    const Links& up_jump = links_[up.jump];
    const bool equal_jumps = up.depth - up_jump.depth == up_jump.depth - links_[up_jump.jump].depth;
    const Links links{parent, equal_jumps ? up_jump.jump : parent, up.depth + 1};
    const bool is_new = index_.emplace(node.root, nodes_.size()).second;
    LEPTON_ASSERT(is_new);
    nodes_.push_back(node);
    links_.push_back(links);
}

const BlockNode* BlockTree::find(const Root& root) const {
    const Index index = index_of(root);
    return index == kNone ? nullptr : &nodes_[index];
}

BlockTree::Index BlockTree::index_of(const Root& root) const {
    const auto at = index_.find(root);
    return at == index_.end() ? kNone : at->second;
}

BlockTree::Index BlockTree::ancestor_at_or_below(Index index, Slot slot) const {
    LEPTON_ASSERT(index < nodes_.size());
    while (nodes_[index].slot > slot) {
        const Links& links = links_[index];
        if (links.parent == kNone) return kNone;
        // The jump is safe when it lands on or above the slot: nothing sought is skipped.
        index = nodes_[links.jump].slot > slot ? links.jump : links.parent;
    }
    return index;
}

bool BlockTree::is_ancestor(const Checkpoint& ancestor, const Root& descendant) const {
    const Index index = index_of(descendant);
    LEPTON_ASSERT(index != kNone);
    const Index found = ancestor_at_or_below(index, ancestor.slot);
    return found != kNone && nodes_[found].slot == ancestor.slot &&
           nodes_[found].root == ancestor.root;
}

std::vector<Root> BlockTree::prune_to(const Root& root) {
    const Index first = index_of(root);
    LEPTON_ASSERT(first != kNone);
    std::vector<Root> removed;
    if (first == 0) return removed;

    std::vector<bool> is_kept(nodes_.size());
    is_kept[first] = true;
    BlockTree kept(nodes_[first]);
    for (Index i = 0; i < nodes_.size(); ++i) {
        if (i == first) continue;
        const Index parent = links_[i].parent;
        is_kept[i] = parent != kNone && is_kept[parent];
        if (is_kept[i]) {
            kept.insert(nodes_[i]);
        } else {
            removed.push_back(nodes_[i].root);
        }
    }
    *this = std::move(kept);
    return removed;
}

}  // namespace lepton::consensus
