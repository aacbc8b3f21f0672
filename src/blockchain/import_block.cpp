// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The way of a verified block into the chain.
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "blockchain/store_view.hpp"
#include "consensus/fork_choice.hpp"
#include "consensus/state_transition.hpp"

#include <chrono>
#include <utility>

namespace lepton::blockchain {

using network_api::BlockSource;
using network_api::NewBlock;

void Blockchain::receive(NewBlock message) {
    if (failure_) return;
    import_block(std::move(message));
    settle();
}

void Blockchain::import_block(NewBlock message) {
    const Time begun = clock_.now();
    const Block& block = message.block->block;
    const Root root = message.block.root();
    requests_.forget(root);

    // Known, out of bounds, or built on what is known to be wrong?
    if (store_.blocks.contains(root)) return drop(message, BlockDropped::known);
    if (rejected_.contains(root) || rejected_.contains(block.parent_root)) {
        rejected_.insert(root);
        discard_descendants(root);
        return drop(message, BlockDropped::descends_from_rejected);
    }
    if (block.slot <= store_.latest_finalized.slot) {
        discard_descendants(root);
        return drop(message, BlockDropped::not_after_finalized);
    }
    if (consensus::interval_from_slot(block.slot) > store_.time + kGossipDisparityIntervals) {
        return drop(message, BlockDropped::too_far_in_future);
    }
    const auto proposer = consensus::proposer_for_slot(block.slot, store_.validator_count());
    if (proposer != block.proposer_index) return reject(message, Rejection::WRONG_PROPOSER);

    // Parent known? Then state transition and fork choice.
    const consensus::BlockNode* parent = store_.blocks.find(block.parent_root);
    if (parent == nullptr) return park(std::move(message));
    const Slot parent_slot = parent->slot;
    const auto parent_state = states_.get(block.parent_root);
    if (!parent_state) return fail(parent_state.error());
    const Position before = position();
    auto post_state = consensus::on_block(store_, block, root, **parent_state);
    if (!post_state) return reject(message, post_state.error());
    metrics_.state_transition_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - begun).count());

    // One atomic write: block, state, checkpoints.
    const storage::Checkpoints after = checkpoints_of(store_);
    const auto written = storage_.commit(
        {.block = storage::ImportedBlock{root, *message.block, *post_state}, .checkpoints = after});
    if (!written) return fail(written.error());
    persisted_ = after;

    // From here on the block is part of the chain.
    states_.put(root, std::make_shared<const State>(*std::move(post_state)));
    are_nodes_stale_ = true;
    coverage_.imported(block, root);
    metrics_.imported(message.source).Increment();
    metrics_.slots_processed.Increment(static_cast<double>(block.slot - parent_slot));
    metrics_.attestations_processed.Increment(static_cast<double>(block.body.attestations.size()));
    metrics_.block_processing_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - begun).count());
    log::info("block_imported slot={} root={} parent={} proposer={} attestations={} source={}",
              block.slot,
              root,
              block.parent_root,
              block.proposer_index,
              block.body.attestations.size(),
              to_string(message.source));
    note_changes(before);

    // What waited for it follows: votes now, blocks step by step.
    if (pending_.has_children(root)) ready_parents_.push_back(root);
    for (auto& vote : pending_votes_.take(root)) take_vote(std::move(vote));
    if (message.source == BlockSource::own) on_proposal_imported(std::move(message));
}

void Blockchain::park(NewBlock message) {
    const Block& block = message.block->block;
    const Root root = message.block.root();
    const Root missing = pending_.missing_ancestor(block.parent_root);
    const Slot slot = block.slot;
    const auto [outcome, evicted] = pending_.park(std::move(message), clock_.now());
    metrics_.dropped(BlockDropped::no_room).Increment(static_cast<double>(evicted));
    switch (outcome) {
        case PendingBlocks::Parked::parked:
            log::debug("block_parked slot={} root={} missing={}", slot, root, missing);
            // An imported ancestor's children only wait for their turn.
            if (!store_.blocks.contains(missing)) requests_.want(missing);
            break;
        case PendingBlocks::Parked::duplicate:
            metrics_.dropped(BlockDropped::duplicate).Increment();
            break;
        case PendingBlocks::Parked::too_many_of_proposal:
            metrics_.dropped(BlockDropped::too_many_of_proposal).Increment();
            break;
        case PendingBlocks::Parked::no_room:
            metrics_.dropped(BlockDropped::no_room).Increment();
            break;
    }
    is_view_stale_ = true;
}

void Blockchain::drop(const NewBlock& message, BlockDropped reason) {
    metrics_.dropped(reason).Increment();
    log::debug("block_dropped slot={} root={} reason={} source={}",
               message.block->block.slot,
               message.block.root(),
               to_string(reason),
               to_string(message.source));
}

void Blockchain::reject(const NewBlock& message, Rejection reason) {
    if (rejection_row(reason).is_retryable) {
        drop(message, BlockDropped::too_far_in_future);
        return;
    }
    const Root root = message.block.root();
    metrics_.dropped(BlockDropped::rejected).Increment();
    log::warn("block_rejected slot={} root={} proposer={} reason={} source={} peer={}",
              message.block->block.slot,
              root,
              message.block->block.proposer_index,
              to_string(reason),
              to_string(message.source),
              message.peer);
    rejected_.insert(root);
    discard_descendants(root);
    if (message.source == BlockSource::own) {
        abandon_proposal(DutyMissed::refused, to_string(reason));
    } else {
        emit(network_api::ReportPeer{message.peer, reason, root});
    }
}

void Blockchain::discard_descendants(const Root& root) {
    const std::size_t discarded = pending_.discard_descendants(root);
    metrics_.dropped(BlockDropped::descends_from_rejected)
        .Increment(static_cast<double>(discarded));
}

void Blockchain::request_blocks() {
    for (const Root& root : requests_.take_due(clock_.now())) {
        log::debug("block_requested root={}", root);
        emit(network_api::FetchBlock{root});
    }
}

void Blockchain::fetched(const Root& root, network_api::FetchStatus status) {
    if (failure_) return;
    log::debug("block_fetched root={} status={}", root, to_string(status));
    requests_.answered(root, status, clock_.now());
    settle();
}

}  // namespace lepton::blockchain
