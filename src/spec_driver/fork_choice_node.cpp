// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/fork_choice_node.hpp"

#include "consensus/aggregation.hpp"
#include "consensus/timeline.hpp"
#include "spec_driver/json.hpp"
#include "spec_driver/limits.hpp"
#include "verifier/tasks.hpp"

#include <limits>

namespace lepton::spec_driver {
namespace {

constexpr consensus::AggregationLimits kNoLimits{
    .jobs_max = std::numeric_limits<std::size_t>::max(),
    .children_max = std::numeric_limits<std::size_t>::max(),
};

SingleMessageAggregate placeholder(const AggregationBits& participants) {
    return {participants, ProofBytes(to_bytes(lepton::as_bytes("placeholder")))};
}

/// Bytes that grow with the chain.
std::size_t bytes_of(const State& state) {
    return sizeof(State) + state.historical_block_hashes.size() * sizeof(Root) +
           state.justifications_roots.size() * sizeof(Root) +
           (state.justified_slots.size() + state.justifications_validators.size()) / 8;
}

const crypto::SignatureScheme& scheme_of(const Signature& signature) {
    const auto& test = crypto::signature_scheme(crypto::SchemeId::leansig_test);
    return signature.bytes.size() == test.signature_size()
               ? test
               : crypto::signature_scheme(crypto::SchemeId::leansig_prod);
}

}  // namespace

Result<ForkChoiceNode, Rejection> ForkChoiceNode::create(const State& anchor_state,
                                                         const Block& anchor_block,
                                                         const Proofs& proofs) {
    auto store = consensus::create_store(anchor_state, anchor_block);
    if (!store) return std::unexpected(store.error());
    ForkChoiceNode node(std::move(*store), proofs);
    node.keep(node.store_.head, anchor_state);
    return node;
}

void ForkChoiceNode::keep(const Root& root, State state) {
    state_bytes_ += bytes_of(state);
    states_.insert_or_assign(root, std::move(state));
}

void ForkChoiceNode::tick(Interval target, bool has_proposal) {
    if (target > store_.time && target - store_.time > kTickIntervalsMax) {
        throw BadVector("the time moves too far in one step");
    }
    while (store_.time < target) {
        const Interval next = store_.time + 1;
        consensus::on_tick(store_, next, has_proposal && next == target);
        if (consensus::phase_of(next) == consensus::Phase::aggregate) aggregate();
    }
}

void ForkChoiceNode::aggregate() {
    const auto jobs =
        consensus::select_aggregation_jobs(store_, consensus::slot_of(store_.time), kNoLimits);
    // The specification replaces the pool of new proofs by the results: a proof that had nothing to
    // be merged with is lost. lepton keeps it; here the vectors want it gone, and its votes too.
    store_.latest_new_aggregated_payloads.take();
    store_.latest_new_votes.clear();
    for (const consensus::AggregationJob& job : jobs) {
        consensus::apply_aggregate(
            store_, {job.data, placeholder(job.participants)}, job.data_root);
    }
}

Result<void, Rejection> ForkChoiceNode::on_block(const Block& block) {
    const Root root = hash_tree_root(block);
    if (store_.blocks.contains(root)) return {};
    if (states_.size() >= kBlocksMax || state_bytes_ >= kStateBytesMax) {
        throw BadVector("too many blocks, or too large states");
    }
    const Slot finalized_slot = store_.latest_finalized.slot;
    static const State kNoState;
    const auto parent = states_.find(block.parent_root);
    auto post_state = consensus::on_block(
        store_, block, root, parent == states_.end() ? kNoState : parent->second);
    if (!post_state) return std::unexpected(post_state.error());
    keep(root, std::move(*post_state));
    // Blocks stay: the vectors look for every block ever imported.
    if (store_.latest_finalized.slot > finalized_slot) {
        consensus::prune_stale_attestation_data(store_);
    }
    return {};
}

Result<void, Rejection> ForkChoiceNode::on_attestation(const SignedAttestation& vote,
                                                       bool is_aggregator) {
    const Root data_root = hash_tree_root(vote.data);
    // Everything but the signature first: that is the order of the reasons.
    if (auto valid = consensus::on_gossip_attestation(store_, vote, data_root, false); !valid) {
        return valid;
    }
    const auto index = static_cast<std::size_t>(vote.validator_index.value);
    const PublicKey& key = (*store_.validators)[index].attestation_public_key;
    if (!scheme_of(vote.signature)
             .verify({key.bytes(), vote.data.slot.value, data_root.bytes, vote.signature.bytes})) {
        return std::unexpected(verifier::wrong_proof(verifier::Kind::vote));
    }
    return consensus::on_gossip_attestation(store_, vote, data_root, is_aggregator);
}

Result<void, Rejection> ForkChoiceNode::on_aggregated_attestation(
    const SignedAggregatedAttestation& aggregate) {
    const Root data_root = hash_tree_root(aggregate.data);
    // Everything but the proof first, as above.
    if (auto valid = consensus::validate_attestation(store_, aggregate.data); !valid) return valid;
    auto claims = verifier::claims_of(
        verifier::AggregateTask{
            .message = aggregate, .root = data_root, .origin = {}, .digest = {}},
        *store_.validators);
    if (!claims) return std::unexpected(claims.error());
    if (!proofs_->check(
            aggregation::VerifySingleJob{std::move(claims->front()), aggregate.proof.proof})) {
        return std::unexpected(verifier::wrong_proof(verifier::Kind::aggregate));
    }
    return consensus::on_gossip_aggregated_attestation(store_, aggregate, data_root);
}

}  // namespace lepton::spec_driver
