// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/open_chain.hpp"

#include "base/assert.hpp"
#include "consensus/fork_choice.hpp"
#include "types/ssz.hpp"

#include <utility>

namespace lepton::blockchain {
namespace {

IoError damaged(std::string_view what, const Root& root) {
    return {fmt::format("the database is damaged: {} {}", what, to_hex(root))};
}

Result<SignedBlock, IoError> load_block(const storage::Storage& storage,
                                        const NetworkProfile& profile,
                                        const Root& root) {
    const auto bytes = storage.signed_block_bytes(root);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::unexpected(damaged("it lacks block", root));
    auto block = ssz::decode<SignedBlock>(**bytes, decode_context(profile));
    if (!block) return std::unexpected(damaged("undecodable block", root));
    return *std::move(block);
}

Result<State, IoError> load_state(const storage::Storage& storage,
                                  const NetworkProfile& profile,
                                  const Root& root) {
    const auto bytes = storage.state_bytes(root);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::unexpected(damaged("it lacks the state of block", root));
    auto state = ssz::decode<State>(**bytes, decode_context(profile));
    if (!state) return std::unexpected(damaged("undecodable state of block", root));
    return *std::move(state);
}

}  // namespace

Result<std::optional<consensus::Store>, IoError> resume_chain(const storage::Storage& storage,
                                                              const NetworkProfile& profile) {
    const auto chain = storage.load_chain();
    if (!chain) return std::unexpected(chain.error());
    if (!*chain) return std::nullopt;
    const auto& [anchor, points, nodes] = **chain;

    const auto anchor_block = load_block(storage, profile, anchor.root);
    if (!anchor_block) return std::unexpected(anchor_block.error());
    const auto anchor_state = load_state(storage, profile, anchor.root);
    if (!anchor_state) return std::unexpected(anchor_state.error());
    auto store = consensus::create_store(*anchor_state, anchor_block->block);
    if (!store) return std::unexpected(damaged(to_string(store.error()), anchor.root));

    for (const storage::TreeNode& node : nodes) {
        if (node.root == anchor.root) continue;
        if (!store->blocks.contains(node.parent_root)) {
            return std::unexpected(damaged("it lacks the parent of block", node.root));
        }
        store->blocks.insert({.root = node.root,
                              .slot = node.slot,
                              .parent_root = node.parent_root,
                              .proposer_index = node.proposer_index,
                              .state_root = node.state_root,
                              .latest_justified = node.latest_justified,
                              .latest_finalized = node.latest_finalized});
        const auto block = load_block(storage, profile, node.root);
        if (!block) return std::unexpected(block.error());
        for (const auto& [bits, data] : block->block.body.attestations) {
            store->latest_known_votes.record(bits, data, hash_tree_root(data));
        }
    }
    if (!store->blocks.contains(points.head.root) ||
        !store->blocks.is_ancestor(points.latest_justified, points.head.root)) {
        return std::unexpected(
            damaged("its checkpoints are not on the chain of", points.head.root));
    }
    store->head = points.head.root;
    store->latest_justified = points.latest_justified;
    // The votes that the last head was chosen by may be gone with the process that heard them.
    consensus::update_head(*store);
    store->safe_target = store->blocks.contains(points.safe_target.root)
                             ? points.safe_target.root
                             : store->latest_finalized.root;
    return *std::move(store);
}

Result<consensus::Store, IoError> begin_chain(storage::Storage& storage, const Anchor& anchor) {
    auto store = consensus::create_store(anchor.state, anchor.block.block);
    LEPTON_ASSERT(store.has_value(),
                  "the anchor's block has the root of its state, with validators");
    const auto written = storage.set_anchor(
        {.root = store->head, .signed_block = anchor.block, .post_state = anchor.state});
    if (!written) return std::unexpected(written.error());
    return *std::move(store);
}

}  // namespace lepton::blockchain
