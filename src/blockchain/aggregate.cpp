// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The aggregator's duty: proofs of many votes, made from single ones at phase 2.
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "consensus/aggregation.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lepton::blockchain {
namespace {

// Most participants whose proof fits into what the network allows.
std::size_t participants_that_fit(const aggregation::AggregationBackend& backend,
                                  const NetworkProfile& profile) {
    std::size_t fits = 0;
    std::size_t too_many = backend.capabilities().participants_max + 1;
    while (too_many - fits > 1) {
        const std::size_t middle = fits + (too_many - fits) / 2;
        (backend.proof_size(middle) <= profile.proof_size_max ? fits : too_many) = middle;
    }
    return fits;
}

}  // namespace

void Blockchain::aggregate(const Tick& tick) {
    const Slot slot = tick.slot();
    if (!options_.is_aggregator) {
        metrics_.aggregator_skipped(AggregatorSkipped::not_aggregator).Increment();
        return;
    }
    if (!gate_.allows_duties()) {
        metrics_.aggregator_skipped(AggregatorSkipped::not_synced).Increment();
        metrics_.missed(Duty::aggregate, DutyMissed::syncing).Increment();
        return;
    }
    if (tick.phase() == consensus::Phase::accept_votes) {
        // Too late to count in this slot.
        metrics_.aggregator_skipped(AggregatorSkipped::other).Increment();
        metrics_.missed(Duty::aggregate, DutyMissed::late).Increment();
        return;
    }
    coverage_.before_aggregation(store_, slot);
    const auto jobs = consensus::select_aggregation_jobs(
        store_,
        slot,
        {.jobs_max = kAggregationJobsMax,
         .children_max = backend_.capabilities().children_max,
         .participants_max = participants_that_fit(backend_, options_.profile)});
    for (const consensus::AggregationJob& selected : jobs) {
        if (aggregations_.size() >= kAggregationsOpenMax) {
            metrics_.missed(Duty::aggregate, DutyMissed::busy).Increment();
            break;
        }
        aggregation::AggregateJob job =
            to_job(selected.data, selected.data_root, selected.children);
        for (const auto& [index, signature] : selected.raw_signatures) {
            const auto at = static_cast<std::size_t>(index.value);
            job.raw_signatures.push_back(
                {index, (*store_.validators)[at].attestation_public_key, signature});
        }
        const JobId id = ++last_job_;
        aggregations_.emplace(id,
                              Aggregation{.data = selected.data,
                                          .data_root = selected.data_root,
                                          .participants = selected.participants.count(),
                                          .begun = clock_.now(),
                                          .slot = slot});
        emit(AggregateJob{id, std::move(job), end_of(tick.interval)});
    }
}

void Blockchain::on_aggregated(
    JobId id, Result<SingleMessageAggregate, aggregation::AggregationError> result) {
    if (failure_) return;
    const auto at = aggregations_.find(id);
    if (at == aggregations_.end()) {
        if (!on_proposal_proof(id, result)) metrics_.stale_results.Increment();
        return settle();
    }
    const Aggregation done = std::move(at->second);
    aggregations_.erase(at);
    const double seconds = std::chrono::duration<double>(clock_.now() - done.begun).count();
    if (!result) {
        metrics_.missed(Duty::aggregate, DutyMissed::proof).Increment();
        log::warn("aggregate_not_made slot={} data={} participants={} reason={}",
                  done.data.slot,
                  done.data_root,
                  done.participants,
                  to_string(result.error()));
        return settle();
    }
    metrics_.committee_aggregation_seconds.Observe(seconds);
    metrics_.aggregate_building_seconds.Observe(seconds);
    metrics_.aggregates.Increment();
    metrics_.attestations_in_aggregates.Increment(static_cast<double>(done.participants));
    if (done.slot < current_slot()) {
        metrics_.missed(Duty::aggregate, DutyMissed::late).Increment();
        log::warn("aggregate_late slot={} data={}", done.slot, done.data_root);
        return settle();
    }
    emit(network_api::OwnAggregatedAttestation{{done.data, *std::move(result)}, done.data_root});
    settle();
}

aggregation::AggregateJob Blockchain::to_job(const AttestationData& data,
                                             const Root& data_root,
                                             std::vector<SingleMessageAggregate> children) const {
    aggregation::AggregateJob job{
        .message = data_root, .slot = data.slot, .children = {}, .raw_signatures = {}};
    for (SingleMessageAggregate& child : children) {
        std::vector<PublicKey> keys = public_keys(child.participants);
        job.children.push_back({std::move(child), std::move(keys)});
    }
    return job;
}

std::vector<PublicKey> Blockchain::public_keys(const ssz::Bits& participants) const {
    std::vector<PublicKey> keys;
    for (const std::size_t index : participants.ones()) {
        keys.push_back((*store_.validators)[index].attestation_public_key);
    }
    return keys;
}

}  // namespace lepton::blockchain
