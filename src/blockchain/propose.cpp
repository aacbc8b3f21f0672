// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A block of this node, step by step; each step but the first begins when a job's result is here,
// and none blocks a tick:
//   1. choose votes; those with several proofs get one made of them
//   2. assemble the block, sign it
//   3. make the proof of the proposer's signature
//   4. merge all proofs into the block's
//   5. to the verifier, as everything; it comes back, is imported, and is published
// The slot's end ends it wherever it is.
#include "base/assert.hpp"
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "types/ssz.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace lepton::blockchain {

using aggregation::AggregationError;

void Blockchain::begin_proposal(Slot slot, ValidatorIndex proposer) {
    LEPTON_ASSERT(!proposal_ && slot > Slot{0});
    coverage_.before_proposal(store_, slot - 1);
    const Time begun = clock_.now();
    auto parent_state = states_.get(store_.head);
    if (!parent_state) return fail(parent_state.error());
    auto selected =
        consensus::select_attestations(store_,
                                       **parent_state,
                                       slot,
                                       {.attestations_max = options_.attestations_per_block_max,
                                        .proofs_per_attestation_max = std::max<std::size_t>(
                                            backend_.capabilities().children_max, 1),
                                        .proof_bytes_max = options_.profile.proof_size_max,
                                        .proof_size = [&](std::size_t participants) {
                                            return backend_.merged_share(participants);
                                        }});

    proposal_ = Proposal{.slot = slot,
                         .proposer = proposer,
                         .begun = begun,
                         .parent_state = *std::move(parent_state),
                         .parent_state_root = store_.head_block().state_root,
                         .parts = {},
                         .block = {},
                         .root = {},
                         .job = 0};
    for (consensus::SelectedAttestation& attestation : selected) {
        Proposal::Part part{.selected = std::move(attestation), .proof = std::nullopt, .job = 0};
        if (part.selected.proofs.size() == 1) {
            part.proof = part.selected.proofs.front();
        } else {
            part.job = ++last_job_;
            emit(AggregateJob{
                part.job,
                to_job(part.selected.data, part.selected.data_root, part.selected.proofs),
                end_of(store_.time)});
        }
        proposal_->parts.push_back(std::move(part));
    }
    assemble_if_ready();
}

bool Blockchain::on_proposal_proof(JobId id,
                                   Result<SingleMessageAggregate, AggregationError>& result) {
    if (!proposal_) return false;
    if (proposal_->job == id) {
        merge_proofs(result);
        return true;
    }
    const auto part = std::ranges::find(proposal_->parts, id, &Proposal::Part::job);
    if (part == proposal_->parts.end()) return false;
    part->job = 0;
    const bool is_whole =
        result && result->participants.ones() == part->selected.participants.ones();
    if (!is_whole) {
        log::warn("proofs_not_merged slot={} data={} reason={}",
                  proposal_->slot,
                  part->selected.data_root,
                  result ? "other participants" : to_string(result.error()));
    }
    // Without a merged proof the vote goes in with the one that covers most: it was chosen first.
    part->proof = is_whole ? *std::move(result) : part->selected.proofs.front();
    assemble_if_ready();
    return true;
}

void Blockchain::assemble_if_ready() {
    Proposal& proposal = *proposal_;
    const auto is_ready = [](const Proposal::Part& part) { return part.proof.has_value(); };
    if (!std::ranges::all_of(proposal.parts, is_ready)) return;
    metrics_.block_payload_aggregation_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - proposal.begun).count());

    const auto assemble = [&] {
        std::vector<AggregatedAttestation> attestations;
        for (const Proposal::Part& part : proposal.parts) {
            attestations.push_back({part.proof->participants, part.selected.data});
        }
        return consensus::assemble_block(*proposal.parent_state,
                                         proposal.slot,
                                         proposal.proposer,
                                         std::move(attestations),
                                         proposal.parent_state_root);
    };
    auto assembled = assemble();
    if (!assembled && !proposal.parts.empty()) {
        // A chain with an empty block goes on; without a block it may not.
        log::error("votes_left_out slot={} count={} reason={}",
                   proposal.slot,
                   proposal.parts.size(),
                   to_string(assembled.error()));
        proposal.parts.clear();
        assembled = assemble();
    }
    if (!assembled) return abandon_proposal(DutyMissed::refused, to_string(assembled.error()));

    proposal.block = std::move(assembled->block);
    proposal.root = hash_tree_root(proposal.block);
    proposal.parent_state.reset();
    proposal.job = ++last_job_;
    enqueue_signing({.job = {.id = proposal.job,
                             .requests = {{.validator_index = proposal.proposer,
                                           .role = validator::Role::proposal,
                                           .slot = proposal.slot,
                                           .message = proposal.root}}},
                     .duty = ProposalDuty{proposal.slot},
                     .begun = clock_.now()});
}

void Blockchain::on_proposal_signed(const Result<Signature, validator::SignFailure>& result) {
    Proposal& proposal = *proposal_;
    if (!result) {
        count_sign_failure(Duty::propose, proposal.proposer, result.error());
        metrics_.block_building_failures.Increment();
        proposal_.reset();
        return;
    }
    proposal.job = ++last_job_;
    emit(AggregateJob{proposal.job,
                      {.message = proposal.root,
                       .slot = proposal.slot,
                       .children = {},
                       .raw_signatures = {{proposal.proposer, proposer_key(), *result}}},
                      end_of_slot(proposal.slot)});
}

void Blockchain::merge_proofs(Result<SingleMessageAggregate, AggregationError>& proposer_proof) {
    Proposal& proposal = *proposal_;
    if (!proposer_proof) {
        return abandon_proposal(DutyMissed::proof, to_string(proposer_proof.error()));
    }
    aggregation::MergeJob merge;
    for (const Proposal::Part& part : proposal.parts) {
        merge.parts.push_back({{public_keys(part.proof->participants),
                                part.selected.data_root,
                                part.selected.data.slot},
                               part.proof->proof});
    }
    merge.parts.push_back(
        {{{proposer_key()}, proposal.root, proposal.slot}, std::move(proposer_proof->proof)});
    metrics_.block_aggregated_payloads.Observe(static_cast<double>(merge.parts.size()));
    proposal.job = ++last_job_;
    emit(MergeJob{proposal.job, std::move(merge), end_of_slot(proposal.slot)});
}

void Blockchain::on_merged(JobId id, Result<MultiMessageAggregate, AggregationError> result) {
    if (failure_) return;
    if (!proposal_ || proposal_->job != id) {
        metrics_.stale_results.Increment();
        return;
    }
    Proposal& proposal = *proposal_;
    if (!result) {
        abandon_proposal(DutyMissed::proof, to_string(result.error()));
        return settle();
    }
    metrics_.block_building_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - proposal.begun).count());
    proposal.job = 0;
    emit(network_api::OwnBlock{{std::move(proposal.block), *std::move(result)}, proposal.root});
    settle();
}

void Blockchain::on_proposal_imported(network_api::NewBlock message) {
    const Root root = message.block.root();
    const Slot slot = message.block->block.slot;
    if (!proposal_ || proposal_->root != root) {
        // Given up before it came back: importing it is right, publishing it is too late.
        metrics_.stale_results.Increment();
        return;
    }
    metrics_.blocks_built.Increment();
    log::info("block_proposed slot={} root={} proposer={} attestations={}",
              slot,
              root,
              proposal_->proposer,
              message.block->block.body.attestations.size());
    proposal_.reset();
    emit(network_api::PublishBlock{
        std::make_shared<const SignedBlock>(std::move(message.block).take()), root});
}

void Blockchain::abandon_proposal(DutyMissed reason, std::string_view what) {
    if (!proposal_) return;
    log::error("block_not_built slot={} proposer={} reason={} what={}",
               proposal_->slot,
               proposal_->proposer,
               to_string(reason),
               log::quoted(what));
    metrics_.missed(Duty::propose, reason).Increment();
    metrics_.block_building_failures.Increment();
    proposal_.reset();
}

PublicKey Blockchain::proposer_key() const {
    const auto index = static_cast<std::size_t>(proposal_->proposer.value);
    return (*store_.validators)[index].proposal_public_key;
}

}  // namespace lepton::blockchain
