// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/store_view.hpp"

#include "base/assert.hpp"
#include "consensus/fork_choice.hpp"

#include <algorithm>
#include <utility>

namespace lepton::blockchain {

storage::Checkpoints checkpoints_of(const consensus::Store& store) {
    const auto at = [&](const Root& root) {
        const consensus::BlockNode* node = store.blocks.find(root);
        LEPTON_ASSERT(node != nullptr);
        return Checkpoint{root, node->slot};
    };
    return {.head = at(store.head),
            .latest_justified = store.latest_justified,
            .latest_finalized = store.latest_finalized,
            .safe_target = at(store.safe_target)};
}

std::shared_ptr<const std::vector<network_api::ChainNode>> chain_nodes_of(
    const consensus::Store& store) {
    const auto weights = consensus::compute_block_weights(store);
    const auto nodes = store.blocks.nodes();
    std::vector<network_api::ChainNode> list;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const consensus::BlockNode& node = nodes[i];
        if (node.slot < store.latest_finalized.slot) continue;
        list.push_back({node.root, node.slot, node.parent_root, node.proposer_index, weights[i]});
    }
    std::ranges::sort(list, {}, &network_api::ChainNode::root);
    return std::make_shared<const std::vector<network_api::ChainNode>>(std::move(list));
}

network_api::ChainView view_of(const consensus::Store& store) {
    const storage::Checkpoints points = checkpoints_of(store);
    network_api::ChainView view;
    view.time = store.time;
    view.head = points.head;
    view.latest_justified = points.latest_justified;
    view.latest_finalized = points.latest_finalized;
    view.safe_target = points.safe_target;
    view.validator_count = store.validator_count();
    view.nodes = chain_nodes_of(store);
    return view;
}

}  // namespace lepton::blockchain
