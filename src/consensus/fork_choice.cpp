// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The head is found in three passes over arrays, without maps or recursion. Every counted vote adds
// one to the weight of its head block. Going through the blocks backwards, each hands its weight to
// its parent: children come after parents in the tree, so a block is complete when its turn comes.
// Going forwards, each block applies to be its parent's best child, by weight and then by root; the
// head is where the best children lead from the justified block. Cost: votes plus blocks.
#include "consensus/fork_choice.hpp"

#include "base/assert.hpp"
#include "consensus/slot.hpp"
#include "consensus/state_transition.hpp"

#include <set>
#include <tuple>

namespace lepton::consensus {
namespace {

using Index = BlockTree::Index;

/// Spec: fork_choice.py `_accumulate_ancestor_weights`
std::vector<std::uint64_t> weigh(const BlockTree& blocks, const LatestVotes& votes) {
    std::vector<std::uint64_t> weights(blocks.nodes().size());
    for (const auto& vote : votes.votes()) {
        if (!vote) continue;
        const Index head = blocks.index_of(vote->data.head.root);
        if (head != BlockTree::kNone) ++weights[head];
    }
    for (Index i = weights.size(); i-- > 1;) weights[blocks.parent_of(i)] += weights[i];
    return weights;
}

/// Returns the head from `start` on; children lighter than `min_weight` are not followed.
/// Spec: fork_choice.py `_compute_lmd_ghost_head`
Root lmd_ghost_head(const BlockTree& blocks,
                    const Root& start,
                    const std::vector<std::uint64_t>& weights,
                    std::uint64_t min_weight) {
    const auto nodes = blocks.nodes();
    std::vector<Index> best_child(nodes.size(), BlockTree::kNone);
    for (Index i = 1; i < nodes.size(); ++i) {
        if (weights[i] < min_weight) continue;
        Index& best = best_child[blocks.parent_of(i)];
        if (best == BlockTree::kNone ||
            std::tie(weights[i], nodes[i].root) > std::tie(weights[best], nodes[best].root)) {
            best = i;
        }
    }
    Index head = blocks.index_of(start);
    LEPTON_ASSERT(head != BlockTree::kNone);
    while (best_child[head] != BlockTree::kNone) head = best_child[head];
    return nodes[head].root;
}

/// Returns how many distinct votes the attestations are for.
std::size_t count_distinct_data(const BlockBody& body) {
    std::set<AttestationData> distinct;
    for (const AggregatedAttestation& attestation : body.attestations) {
        distinct.insert(attestation.data);
    }
    return distinct.size();
}

void record_block_votes(Store& store, const BlockBody& body) {
    for (const auto& [bits, data] : body.attestations) {
        store.latest_known_votes.record(bits, data, hash_tree_root(data));
    }
}

/// Takes over the finalized checkpoint of the head's chain.
void update_finalized(Store& store) {
    const Checkpoint& finalized = store.head_block().latest_finalized;
    if (store.blocks.is_ancestor(finalized, store.head)) {
        store.latest_finalized = finalized;
    } else if (!store.blocks.is_ancestor(store.latest_finalized, store.head)) {
        // The head's chain finalized less than where this tree begins.
        const BlockNode& first = store.blocks.nodes().front();
        store.latest_finalized = Checkpoint{first.root, first.slot};
    }
}

}  // namespace

Result<void, Rejection> validate_attestation(const Store& store, const AttestationData& data) {
    const auto& [slot, head, target, source] = data;
    const BlockNode* source_block = store.blocks.find(source.root);
    if (source_block == nullptr) return std::unexpected(Rejection::UNKNOWN_SOURCE_BLOCK);
    const BlockNode* target_block = store.blocks.find(target.root);
    if (target_block == nullptr) return std::unexpected(Rejection::UNKNOWN_TARGET_BLOCK);
    const BlockNode* head_block = store.blocks.find(head.root);
    if (head_block == nullptr) return std::unexpected(Rejection::UNKNOWN_HEAD_BLOCK);

    if (source.slot > target.slot) return std::unexpected(Rejection::SOURCE_AFTER_TARGET);
    if (head.slot < target.slot) return std::unexpected(Rejection::HEAD_OLDER_THAN_TARGET);
    if (source_block->slot != source.slot) return std::unexpected(Rejection::SOURCE_SLOT_MISMATCH);
    if (target_block->slot != target.slot) return std::unexpected(Rejection::TARGET_SLOT_MISMATCH);
    if (head_block->slot != head.slot) return std::unexpected(Rejection::HEAD_SLOT_MISMATCH);

    if (!store.blocks.is_ancestor(source, target.root)) {
        return std::unexpected(Rejection::SOURCE_NOT_ANCESTOR_OF_TARGET);
    }
    if (!store.blocks.is_ancestor(target, head.root)) {
        return std::unexpected(Rejection::TARGET_NOT_ANCESTOR_OF_HEAD);
    }
    if (!store.blocks.is_ancestor(store.latest_finalized, head.root)) {
        return std::unexpected(Rejection::HEAD_NOT_DESCENDANT_OF_FINALIZED);
    }
    if (slot < head.slot) return std::unexpected(Rejection::ATTESTATION_SLOT_BEFORE_HEAD);
    // In slots, not intervals: a slot near 2^64 would overflow.
    if (slot > slot_of(store.time + kGossipDisparityIntervals)) {
        return std::unexpected(Rejection::ATTESTATION_TOO_FAR_IN_FUTURE);
    }
    return {};
}

Result<void, Rejection> on_gossip_attestation(Store& store,
                                              const SignedAttestation& vote,
                                              const Root& data_root,
                                              bool is_aggregator) {
    if (auto valid = validate_attestation(store, vote.data); !valid) return valid;
    if (vote.validator_index.value >= store.validator_count()) {
        return std::unexpected(Rejection::VALIDATOR_NOT_IN_STATE);
    }
    if (is_aggregator) {
        store.attestation_signatures.add(
            vote.data, data_root, vote.validator_index, vote.signature);
    }
    return {};
}

Result<void, Rejection> on_gossip_aggregated_attestation(
    Store& store, const SignedAggregatedAttestation& aggregate, const Root& data_root) {
    if (auto valid = validate_attestation(store, aggregate.data); !valid) return valid;
    const std::vector<std::size_t> participants = aggregate.proof.participants.ones();
    if (participants.empty()) return std::unexpected(Rejection::EMPTY_AGGREGATION_BITS);
    if (participants.back() >= store.validator_count()) {
        return std::unexpected(Rejection::VALIDATOR_NOT_IN_STATE);
    }
    store.latest_new_votes.record(aggregate.proof.participants, aggregate.data, data_root);
    store.latest_new_aggregated_payloads.add(aggregate.data, data_root, aggregate.proof);
    return {};
}

Result<void, Rejection> validate_block(const Store& store, const Block& block) {
    const BlockNode* parent = store.blocks.find(block.parent_root);
    if (parent == nullptr) return std::unexpected(Rejection::UNKNOWN_PARENT_BLOCK);
    if (block.slot > parent->slot && block.slot - parent->slot > kHistoricalRootsLimit) {
        return std::unexpected(Rejection::BLOCK_SLOT_GAP_TOO_LARGE);
    }
    if (block.slot > slot_of(store.time) + 1) {
        return std::unexpected(Rejection::BLOCK_TOO_FAR_IN_FUTURE);
    }
    const std::size_t distinct = count_distinct_data(block.body);
    if (distinct != block.body.attestations.size()) {
        return std::unexpected(Rejection::DUPLICATE_ATTESTATION_DATA);
    }
    if (distinct > kMaxAttestationsData) {
        return std::unexpected(Rejection::TOO_MANY_ATTESTATION_DATA);
    }
    return {};
}

Result<State, Rejection> on_block(Store& store,
                                  const Block& block,
                                  const Root& root,
                                  const State& parent_state) {
    LEPTON_ASSERT(!store.blocks.contains(root));
    if (auto valid = validate_block(store, block); !valid) return std::unexpected(valid.error());
    const Root parent_state_root = store.blocks.find(block.parent_root)->state_root;
    auto post_state = state_transition(parent_state, block, parent_state_root);
    if (!post_state) return post_state;

    store.blocks.insert(BlockNode{root,
                                  block.slot,
                                  block.parent_root,
                                  block.proposer_index,
                                  block.state_root,
                                  post_state->latest_justified,
                                  post_state->latest_finalized});
    record_block_votes(store, block.body);
    // A justified block that is no ancestor can only come from an anchor state with a made-up
    // history: the walk could not begin there.
    const Checkpoint& justified = post_state->latest_justified;
    if (justified.slot > store.latest_justified.slot && store.blocks.is_ancestor(justified, root)) {
        store.latest_justified = justified;
    }
    update_head(store);
    return post_state;
}

std::vector<std::uint64_t> compute_block_weights(const Store& store) {
    return weigh(store.blocks, store.latest_known_votes);
}

void update_head(Store& store) {
    store.head =
        lmd_ghost_head(store.blocks, store.latest_justified.root, compute_block_weights(store), 0);
    update_finalized(store);
}

void accept_new_attestations(Store& store) {
    store.latest_known_votes.merge(store.latest_new_votes);
    store.latest_new_votes.clear();
    for (auto& [data_root, entry] : store.latest_new_aggregated_payloads.take()) {
        for (SingleMessageAggregate& proof : entry.proofs) {
            store.latest_known_aggregated_payloads.add(entry.data, data_root, std::move(proof));
        }
    }
    update_head(store);
}

void update_safe_target(Store& store) {
    const std::uint64_t two_thirds = (2 * store.validator_count() + 2) / 3;
    store.safe_target = lmd_ghost_head(store.blocks,
                                       store.latest_justified.root,
                                       weigh(store.blocks, store.latest_new_votes),
                                       two_thirds);
}

std::size_t prune_stale_attestation_data(Store& store) {
    const auto is_stale = [&](const AttestationData& data) {
        return data.head.slot <= store.latest_finalized.slot ||
               !store.blocks.contains(data.head.root) ||
               !store.blocks.is_ancestor(store.latest_finalized, data.head.root);
    };
    return store.attestation_signatures.erase_if(is_stale) +
           store.latest_new_aggregated_payloads.erase_if(is_stale) +
           store.latest_known_aggregated_payloads.erase_if(is_stale);
}

std::vector<Root> prune(Store& store) {
    prune_stale_attestation_data(store);
    std::vector<Root> removed = store.blocks.prune_to(store.latest_finalized.root);
    LEPTON_ASSERT(store.blocks.contains(store.head));
    LEPTON_ASSERT(store.blocks.contains(store.latest_justified.root));
    // The safe target of an abandoned fork; the next one is found at phase 3.
    if (!store.blocks.contains(store.safe_target)) store.safe_target = store.latest_finalized.root;
    return removed;
}

}  // namespace lepton::consensus
