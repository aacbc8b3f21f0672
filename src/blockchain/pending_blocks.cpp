// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/pending_blocks.hpp"

#include "base/assert.hpp"
#include "types/ssz.hpp"

#include <iterator>

namespace lepton::blockchain {
namespace {

std::pair<Slot, ValidatorIndex> proposal_of(const network_api::NewBlock& block) {
    return {block.block->block.slot, block.block->block.proposer_index};
}

std::pair<Slot, Root> order_of(const network_api::NewBlock& block) {
    return {block.block->block.slot, block.block.root()};
}

}  // namespace

PendingBlocks::ParkResult PendingBlocks::park(network_api::NewBlock block, Time now) {
    const Root root = block.block.root();
    if (entries_.contains(root)) return {Parked::duplicate};
    if (const auto at = per_proposal_.find(proposal_of(block));
        at != per_proposal_.end() && at->second >= kPendingPerProposalMax) {
        return {Parked::too_many_of_proposal};
    }
    const std::size_t bytes = ssz::Codec<SignedBlock>::encoded_size(*block.block);
    if (bytes > kPendingBytesMax) return {Parked::no_room};

    std::size_t evicted = 0;
    while (entries_.size() + 1 > kPendingBlocksMax || bytes_ + bytes > kPendingBytesMax) {
        const auto farthest = std::prev(by_slot_.end());
        if (order_of(block) >= *farthest) return {Parked::no_room, evicted};
        remove(entries_.find(farthest->second));
        ++evicted;
    }

    children_[block.block->block.parent_root].insert(root);
    ++per_proposal_[proposal_of(block)];
    by_slot_.insert(order_of(block));
    bytes_ += bytes;
    entries_.emplace(root, Entry{std::move(block), now, bytes});
    LEPTON_ASSERT(entries_.size() == by_slot_.size());
    return {Parked::parked, evicted};
}

std::optional<network_api::NewBlock> PendingBlocks::take_child(const Root& parent) {
    const auto at = children_.find(parent);
    if (at == children_.end()) return std::nullopt;
    const auto child = entries_.find(*at->second.begin());
    LEPTON_ASSERT(child != entries_.end());
    return remove(child);
}

Root PendingBlocks::missing_ancestor(const Root& parent) const {
    Root root = parent;
    // A block's root depends on its parent's, so there is no cycle; each step visits another entry.
    for (auto at = entries_.find(root); at != entries_.end(); at = entries_.find(root)) {
        root = at->second.block.block->block.parent_root;
    }
    return root;
}

std::vector<Root> PendingBlocks::missing_roots() const {
    std::vector<Root> missing;
    for (const auto& [parent, waiting] : children_) {
        if (!entries_.contains(parent)) missing.push_back(parent);
    }
    return missing;
}

std::size_t PendingBlocks::discard_descendants(const Root& root) {
    std::size_t discarded = 0;
    std::vector<Root> parents{root};
    while (!parents.empty()) {
        const Root parent = parents.back();
        if (const auto child = take_child(parent)) {
            parents.push_back(child->block.root());
            ++discarded;
        } else {
            parents.pop_back();
        }
    }
    return discarded;
}

std::size_t PendingBlocks::expire(Time before) {
    std::size_t expired = 0;
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto next = std::next(at);
        if (at->second.parked_at < before) {
            remove(at);
            ++expired;
        }
        at = next;
    }
    return expired;
}

std::size_t PendingBlocks::discard_up_to(Slot finalized_slot) {
    std::size_t discarded = 0;
    while (!by_slot_.empty() && by_slot_.begin()->first <= finalized_slot) {
        remove(entries_.find(by_slot_.begin()->second));
        ++discarded;
    }
    return discarded;
}

network_api::NewBlock PendingBlocks::remove(Entries::iterator at) {
    LEPTON_ASSERT(at != entries_.end());
    network_api::NewBlock block = std::move(at->second.block);
    bytes_ -= at->second.bytes;
    entries_.erase(at);
    by_slot_.erase(order_of(block));

    const auto siblings = children_.find(block.block->block.parent_root);
    siblings->second.erase(block.block.root());
    if (siblings->second.empty()) children_.erase(siblings);

    const auto proposal = per_proposal_.find(proposal_of(block));
    if (--proposal->second == 0) per_proposal_.erase(proposal);
    return block;
}

std::string_view to_string(PendingBlocks::Parked parked) {
    switch (parked) {
        case PendingBlocks::Parked::parked:
            return "parked";
        case PendingBlocks::Parked::duplicate:
            return "duplicate";
        case PendingBlocks::Parked::too_many_of_proposal:
            return "too_many_of_proposal";
        case PendingBlocks::Parked::no_room:
            return "no_room";
    }
    LEPTON_ASSERT(false);
}

}  // namespace lepton::blockchain
