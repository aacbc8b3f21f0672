// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/store.hpp"

#include "base/assert.hpp"
#include "consensus/slot.hpp"

namespace lepton::consensus {

const BlockNode& Store::head_block() const {
    const BlockNode* node = blocks.find(head);
    LEPTON_ASSERT(node != nullptr);
    return *node;
}

Result<void, Rejection> verify_checkpoint_state(const State& state) {
    if (state.validators->empty()) return std::unexpected(Rejection::EMPTY_VALIDATOR_REGISTRY);
    return {};
}

Result<Store, Rejection> create_store(const State& anchor_state, const Block& anchor_block) {
    if (auto verified = verify_checkpoint_state(anchor_state); !verified) {
        return std::unexpected(verified.error());
    }
    if (hash_tree_root(anchor_state) != anchor_block.state_root) {
        return std::unexpected(Rejection::ANCHOR_STATE_ROOT_MISMATCH);
    }
    const Root root = hash_tree_root(anchor_block);
    const Checkpoint anchor{root, anchor_block.slot};
    const std::size_t validator_count = anchor_state.validators->size();
    return Store{
        .time = interval_from_slot(anchor_block.slot),
        .config = anchor_state.config,
        .validators = anchor_state.validators,
        .head = root,
        .safe_target = root,
        .latest_justified = anchor,
        .latest_finalized = anchor,
        .blocks = BlockTree(BlockNode{root,
                                      anchor_block.slot,
                                      anchor_block.parent_root,
                                      anchor_block.proposer_index,
                                      anchor_block.state_root,
                                      anchor_state.latest_justified,
                                      anchor_state.latest_finalized}),
        .latest_new_votes = LatestVotes(validator_count),
        .latest_known_votes = LatestVotes(validator_count),
    };
}

}  // namespace lepton::consensus
