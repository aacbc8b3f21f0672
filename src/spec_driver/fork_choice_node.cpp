// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/fork_choice_node.hpp"

#include "consensus/aggregation.hpp"
#include "consensus/timeline.hpp"
#include "spec_driver/json.hpp"
#include "spec_driver/limits.hpp"
#include "verifier/tasks.hpp"

#include <limits>
#include <optional>

namespace lepton::spec_driver {
namespace {

constexpr consensus::AggregationLimits kNoLimits{
    .jobs_max = std::numeric_limits<std::size_t>::max(),
    .children_max = std::numeric_limits<std::size_t>::max(),
};

SingleMessageAggregate placeholder(const AggregationBits& participants) {
    return {participants, ProofBytes(to_bytes(lepton::as_bytes("placeholder")))};
}

ssz::Bits participants_of(const consensus::AggregatedPayloads& pool, const Root& data_root) {
    ssz::Bits participants;
    if (const auto* entry = pool.find(data_root)) {
        for (const SingleMessageAggregate& proof : entry->proofs) {
            participants.merge(proof.participants);
        }
    }
    return participants;
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

/// Returns the vote with the root `data_root`: source, target and head on one chain of `blocks`,
/// slot at most `slot_max`. Nothing when there is none. Takes what it hashes off `candidates`.
std::optional<AttestationData> find_vote(const consensus::BlockTree& blocks,
                                         Slot slot_max,
                                         const Root& data_root,
                                         std::size_t& candidates) {
    const auto checkpoint = [](const consensus::BlockNode& block) {
        return Checkpoint{block.root, block.slot};
    };
    for (const auto& head : blocks.nodes()) {
        for (const auto& target : blocks.nodes()) {
            if (!blocks.is_ancestor(checkpoint(target), head.root)) continue;
            for (const auto& source : blocks.nodes()) {
                if (!blocks.is_ancestor(checkpoint(source), target.root)) continue;
                for (Slot slot = head.slot; slot <= slot_max; ++slot) {
                    if (candidates == 0) throw BadVector("too many votes may have been signed");
                    --candidates;
                    const AttestationData data{
                        slot, checkpoint(head), checkpoint(target), checkpoint(source)};
                    if (hash_tree_root(data) == data_root) return data;
                }
            }
        }
    }
    return std::nullopt;
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

void ForkChoiceNode::sign(const AttestationData& data,
                          const Root& data_root,
                          const ssz::Bits& voters) {
    ssz::Bits proven = participants_of(store_.latest_new_aggregated_payloads, data_root);
    proven.merge(participants_of(store_.latest_known_aggregated_payloads, data_root));
    if (consensus::count_beyond(voters, proven) == 0) return;
    // Straight into the pool: the generator did not know the check of the finalized block.
    for (const std::size_t index : voters.ones()) {
        store_.attestation_signatures.add(data, data_root, ValidatorIndex{index}, {});
    }
}

void ForkChoiceNode::take_over_block_proofs(const Block& block,
                                            const std::map<Root, ssz::Bits>& known_after) {
    if (!store_.blocks.contains(block.parent_root)) return;
    ForkChoiceNode builder(store_, *proofs_);
    builder.tick(consensus::interval_from_slot(block.slot), true);
    std::size_t candidates = kVoteCandidatesMax;
    std::map<Root, AttestationData> body;
    for (const auto& attestation : block.body.attestations) {
        body.emplace(hash_tree_root(attestation.data), attestation.data);
    }
    for (const auto& [data_root, voters] : known_after) {
        const auto in_body = body.find(data_root);
        const auto data = in_body != body.end()
                              ? std::optional(in_body->second)
                              : find_vote(builder.store_.blocks, block.slot, data_root, candidates);
        if (data) builder.sign(*data, data_root, voters);
    }
    builder.aggregate();
    consensus::accept_new_attestations(builder.store_);
    for (const auto& [data_root, entry] :
         builder.store_.latest_known_aggregated_payloads.entries()) {
        for (const SingleMessageAggregate& proof : entry.proofs) {
            store_.latest_known_votes.record(proof.participants, entry.data, data_root);
            store_.latest_known_aggregated_payloads.add(entry.data, data_root, proof);
        }
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
        return std::unexpected(Rejection::INVALID_SIGNATURE);
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
        return std::unexpected(Rejection::INVALID_SIGNATURE);
    }
    return consensus::on_gossip_aggregated_attestation(store_, aggregate, data_root);
}

}  // namespace lepton::spec_driver
