// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The votes of this node's validators, and the queue of signing jobs: one is under way at a time,
// because a key belongs to one thread.
#include "base/assert.hpp"
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "consensus/validator_duties.hpp"

#include <chrono>
#include <utility>

namespace lepton::blockchain {

using validator::SignFailureKind;

void Blockchain::attest(Slot slot, const std::vector<ValidatorIndex>& attesters) {
    if (attesters.empty()) return;
    if (!gate_.allows_duties()) {
        metrics_.missed(Duty::attest, DutyMissed::syncing).Increment();
        return;
    }
    // One vote for all of them: they see the same chain.
    AttestationDuty duty{.data = consensus::produce_attestation_data(store_, slot),
                         .data_root = {},
                         .begun = clock_.now()};
    duty.data_root = hash_tree_root(duty.data);
    SignJob job{.id = ++last_job_, .requests = {}};
    for (const ValidatorIndex index : attesters) {
        job.requests.push_back({.validator_index = index,
                                .role = validator::Role::attestation,
                                .slot = slot,
                                .message = duty.data_root});
    }
    const Time begun = duty.begun;
    enqueue_signing({std::move(job), std::move(duty), begun});
}

void Blockchain::enqueue_signing(Signing signing) {
    // A block first: everybody waits for it.
    const bool is_block = std::holds_alternative<ProposalDuty>(signing.duty);
    const auto next = signing_.begin() + (is_signing_ ? 1 : 0);
    signing_.insert(is_block ? next : signing_.end(), std::move(signing));
    if (signing_.size() > kSigningJobsWaitingMax + 1) {
        // The oldest votes that wait are of no use any more.
        const Duty duty =
            std::holds_alternative<ProposalDuty>(signing_[1].duty) ? Duty::propose : Duty::attest;
        metrics_.missed(duty, DutyMissed::busy).Increment();
        signing_.erase(signing_.begin() + 1);
    }
    start_signing();
}

void Blockchain::start_signing() {
    if (is_signing_ || signing_.empty()) return;
    is_signing_ = true;
    emit(signing_.front().job);
}

void Blockchain::on_signed(JobId id, SignResults results) {
    if (failure_) return;
    LEPTON_ASSERT(is_signing_ && signing_.front().job.id == id);
    const Signing done = std::move(signing_.front());
    signing_.pop_front();
    is_signing_ = false;
    LEPTON_ASSERT(results.size() == done.job.requests.size());
    for (const auto& result : results) {
        if (!result && result.error().kind == SignFailureKind::io_error) {
            return fail(IoError{result.error().what});
        }
    }
    if (const auto* votes = std::get_if<AttestationDuty>(&done.duty)) {
        on_votes_signed(*votes, done.job, std::move(results));
    } else if (proposal_ && proposal_->job == id) {
        on_proposal_signed(results.front());
    } else {
        metrics_.stale_results.Increment();
    }
    start_signing();
    settle();
}

void Blockchain::on_votes_signed(const AttestationDuty& duty,
                                 const SignJob& job,
                                 SignResults results) {
    const double seconds = std::chrono::duration<double>(clock_.now() - duty.begun).count();
    metrics_.attestation_production_seconds.Observe(seconds);
    metrics_.signing_seconds.Observe(seconds);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const ValidatorIndex index = job.requests[i].validator_index;
        if (!results[i]) {
            count_sign_failure(Duty::attest, index, results[i].error());
            continue;
        }
        metrics_.signatures.Increment();
        if (duty.data.slot < current_slot()) {
            metrics_.missed(Duty::attest, DutyMissed::late).Increment();
            log::warn("attestation_late slot={} validator={}", duty.data.slot, index);
            continue;
        }
        // To ourselves first; it is published when it comes back verified.
        emit(network_api::OwnAttestation{{index, duty.data, std::move(*results[i])},
                                         duty.data_root});
    }
}

void Blockchain::count_sign_failure(Duty duty,
                                    ValidatorIndex index,
                                    const validator::SignFailure& failure) {
    if (failure.kind == SignFailureKind::outside_key_window) {
        // It is being prepared: key_preparing and key_prepared tell.
        metrics_.missed(duty, DutyMissed::key_window).Increment();
        log::warn("duty_skipped duty={} validator={} reason={} what={}",
                  to_string(duty),
                  index,
                  to_string(failure.kind),
                  log::quoted(failure.what));
        return;
    }
    const bool is_refusal = failure.kind == SignFailureKind::refused_by_journal;
    metrics_.missed(duty, is_refusal ? DutyMissed::journal : DutyMissed::key).Increment();
    log::error("not_signed duty={} validator={} reason={} what={}",
               to_string(duty),
               index,
               to_string(failure.kind),
               log::quoted(failure.what));
}

}  // namespace lepton::blockchain
