// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/aggregation.hpp"

#include "base/assert.hpp"
#include "consensus/proof_selection.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

namespace lepton::consensus {
namespace {

std::span<const SingleMessageAggregate> proofs_of(const AggregatedPayloads& pool,
                                                  const Root& data_root) {
    const auto* entry = pool.find(data_root);
    if (entry == nullptr) return {};
    return entry->proofs;
}

/// Returns the job for one vote; without children and signatures when there is nothing to prove.
AggregationJob job_for(const Store& store,
                       const AttestationData& data,
                       const Root& data_root,
                       const AggregationLimits& limits) {
    AggregationJob job{data, data_root, {}, {}, {}};
    const Coverage coverage = select_proofs_for_coverage(
        proofs_of(store.latest_new_aggregated_payloads, data_root),
        proofs_of(store.latest_known_aggregated_payloads, data_root),
        {},
        {.proofs_max = limits.children_max, .fits = [&](std::size_t participants) {
             return participants <= limits.participants_max;
         }});
    std::vector<ValidatorIndex> participants;
    for (const std::size_t index : coverage.participants.ones()) {
        participants.emplace_back(index);
    }
    if (const auto* raw = store.attestation_signatures.find(data_root)) {
        for (const auto& [index, signature] : raw->signatures) {
            if (participants.size() == limits.participants_max) break;
            const auto bit = static_cast<std::size_t>(index.value);
            if (bit < coverage.participants.size() && coverage.participants[bit]) continue;
            job.raw_signatures.push_back({index, signature});
            participants.push_back(index);
        }
    }
    if (job.raw_signatures.empty() && coverage.proofs.size() < 2) return job;
    for (const SingleMessageAggregate* proof : coverage.proofs) job.children.push_back(*proof);
    job.participants = aggregation_bits(participants);
    return job;
}

}  // namespace

std::vector<AggregationJob> select_aggregation_jobs(const Store& store,
                                                    Slot current_slot,
                                                    const AggregationLimits& limits) {
    std::map<Root, const AttestationData*> votes;
    for (const auto& [root, entry] : store.latest_new_aggregated_payloads.entries()) {
        votes.emplace(root, &entry.data);
    }
    for (const auto& [root, entry] : store.attestation_signatures.entries()) {
        votes.emplace(root, &entry.data);
    }
    std::vector<AggregationJob> jobs;
    for (const auto& [root, data] : votes) {
        AggregationJob job = job_for(store, *data, root, limits);
        if (!job.participants.empty()) jobs.push_back(std::move(job));
    }
    // Complements sort the larger numbers first.
    std::ranges::sort(jobs, {}, [&](const AggregationJob& job) {
        return std::tuple(job.data.slot != current_slot,
                          ~job.data.slot.value,
                          ~std::uint64_t{job.participants.count()},
                          job.data_root);
    });
    if (jobs.size() > limits.jobs_max)
        jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(limits.jobs_max), jobs.end());
    return jobs;
}

void apply_aggregate(Store& store,
                     const SignedAggregatedAttestation& aggregate,
                     const Root& data_root) {
    const AggregationBits& participants = aggregate.proof.participants;
    LEPTON_ASSERT(participants.count() > 0 && participants.ones().back() < store.validator_count());
    store.attestation_signatures.erase(data_root, participants);
    store.latest_new_votes.record(participants, aggregate.data, data_root);
    store.latest_new_aggregated_payloads.add(aggregate.data, data_root, aggregate.proof);
}

}  // namespace lepton::consensus
