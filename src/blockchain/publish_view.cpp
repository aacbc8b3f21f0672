// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What others may see of the chain: the view, the gauges, the log lines of changes.
#include "base/assert.hpp"
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "blockchain/store_view.hpp"

#include <memory>
#include <utility>

namespace lepton::blockchain {
namespace {

// Returns how many blocks of the chain of `from` are no ancestors of `to`.
std::size_t blocks_left_behind(const consensus::BlockTree& blocks,
                               const Root& from,
                               const Root& to) {
    std::size_t count = 0;
    auto at = blocks.index_of(from);
    while (at != consensus::BlockTree::kNone) {
        const consensus::BlockNode& node = blocks.nodes()[at];
        if (blocks.is_ancestor({node.root, node.slot}, to)) break;
        ++count;
        at = blocks.parent_of(at);
    }
    return count;
}

}  // namespace

Blockchain::Position Blockchain::position() const {
    return {.head = {store_.head, store_.head_block().slot},
            .justified = store_.latest_justified,
            .finalized = store_.latest_finalized};
}

void Blockchain::note_changes(const Position& before) {
    const Position now = position();
    if (now.head != before.head) {
        if (store_.blocks.is_ancestor(before.head, now.head.root)) {
            log::info("head_updated slot={} root={}", now.head.slot, now.head.root);
        } else {
            const std::size_t depth =
                blocks_left_behind(store_.blocks, before.head.root, now.head.root);
            metrics_.reorgs.Increment();
            metrics_.reorg_depth.Observe(static_cast<double>(depth));
            log::warn("reorg slot={} root={} old_slot={} old_root={} depth={}",
                      now.head.slot,
                      now.head.root,
                      before.head.slot,
                      before.head.root,
                      depth);
        }
    }
    if (now.justified != before.justified) {
        log::info("justified slot={} root={}", now.justified.slot, now.justified.root);
    }
    if (now.finalized.slot > before.finalized.slot) {
        metrics_.finalizations.Increment();
        log::info("finalized slot={} root={}", now.finalized.slot, now.finalized.root);
    } else if (now.finalized != before.finalized) {
        log::warn("finalized_moved_back slot={} root={}", now.finalized.slot, now.finalized.root);
    }
}

void Blockchain::publish_view() {
    const auto old = view_.get();
    network_api::ChainView view;
    view.time = store_.time;
    view.current_slot = current_slot();
    view.last_tick_unix_ms = last_tick_unix_ms_;
    const storage::Checkpoints points = checkpoints_of(store_);
    view.head = points.head;
    view.latest_justified = points.latest_justified;
    view.latest_finalized = points.latest_finalized;
    view.safe_target = points.safe_target;
    view.validator_count = store_.validator_count();
    view.is_aggregator = options_.is_aggregator;
    view.is_syncing = !gate_.allows_duties();
    view.nodes = are_nodes_stale_ ? chain_nodes_of(store_) : old->nodes;
    view_.set(std::make_shared<const network_api::ChainView>(view));
    are_nodes_stale_ = false;
    is_view_stale_ = false;
}

void Blockchain::set_gauges() {
    const auto set = [](Gauge& gauge, auto value) { gauge.Set(static_cast<double>(value)); };
    const consensus::BlockNode& head = store_.head_block();
    set(metrics_.current_slot, current_slot().value);
    set(metrics_.head_slot, head.slot.value);
    set(metrics_.safe_target_slot, store_.blocks.find(store_.safe_target)->slot.value);
    set(metrics_.latest_justified_slot, store_.latest_justified.slot.value);
    set(metrics_.latest_finalized_slot, store_.latest_finalized.slot.value);
    set(metrics_.justified_slot, head.latest_justified.slot.value);
    set(metrics_.finalized_slot, head.latest_finalized.slot.value);
    set(metrics_.blocks_waiting, pending_.size());
    set(metrics_.block_requests, requests_.size());
    set(metrics_.votes_waiting, pending_votes_.size());
    set(metrics_.gossip_signatures, store_.attestation_signatures.size());
    set(metrics_.new_aggregated_payloads, store_.latest_new_aggregated_payloads.size());
    set(metrics_.known_aggregated_payloads, store_.latest_known_aggregated_payloads.size());
    set(metrics_.is_aggregator, options_.is_aggregator ? 1 : 0);
    set(metrics_.sync_idle, last_tick_ ? 0 : 1);
    set(metrics_.sync_syncing, last_tick_ && gate_.is_behind() ? 1 : 0);
    set(metrics_.sync_synced, last_tick_ && !gate_.is_behind() ? 1 : 0);
}

}  // namespace lepton::blockchain
