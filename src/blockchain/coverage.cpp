// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/coverage.hpp"

#include "base/assert.hpp"
#include "validator/duties.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace lepton::blockchain {
namespace {

using Section = CoverageSection;

std::string_view name_of(Section section) {
    switch (section) {
        case Section::timely:
            return "timely";
        case Section::late:
            return "late";
        case Section::block:
            return "block";
        case Section::combined:
            return "combined";
        case Section::aggregate_start_new:
            return "aggregate_start_new";
        case Section::proposal_payloads:
            return "proposal_payloads";
        case Section::proposal_gossip:
            return "proposal_gossip";
        case Section::proposal_combined:
            return "proposal_combined";
    }
    LEPTON_ASSERT(false);
}

// The validators that the proofs of `pool` cover with votes of `slot`.
ssz::Bits covered(const consensus::AggregatedPayloads& pool, Slot slot) {
    ssz::Bits voters;
    for (const auto& [root, entry] : pool.entries()) {
        if (entry.data.slot != slot) continue;
        for (const SingleMessageAggregate& proof : entry.proofs) voters.merge(proof.participants);
    }
    return voters;
}

ssz::Bits signers(const consensus::AttestationSignatures& pool, Slot slot) {
    ssz::Bits voters;
    for (const auto& [root, entry] : pool.entries()) {
        if (entry.data.slot != slot) continue;
        for (const auto& [index, signature] : entry.signatures) {
            const auto at = static_cast<std::size_t>(index.value);
            if (at >= voters.size()) voters.resize(at + 1);
            voters.set(at);
        }
    }
    return voters;
}

// The bits of `bits` that `others` does not have.
ssz::Bits without(const ssz::Bits& bits, const ssz::Bits& others) {
    ssz::Bits rest(bits.size());
    for (const std::size_t i : bits.ones()) {
        if (i >= others.size() || !others[i]) rest.set(i);
    }
    return rest;
}

}  // namespace

CoverageGauges::CoverageGauges(Metrics& metrics)
    : block_only(metrics.gauge("lean_attestation_aggregate_coverage_diff_validators",
                               "Validators covered by the block or by timely aggregates only",
                               {{"direction", "block_only"}})),
      timely_only(metrics.gauge("lean_attestation_aggregate_coverage_diff_validators",
                                "Validators covered by the block or by timely aggregates only",
                                {{"direction", "timely_only"}})) {
    for (std::size_t i = 0; i < kCoverageSections; ++i) {
        const std::string section{name_of(static_cast<Section>(i))};
        validators.at(i) = &metrics.gauge("lean_attestation_aggregate_coverage_validators",
                                          "Validators whose votes are covered",
                                          {{"section", section}, {"subnet", "combined"}});
        subnets.at(i) = &metrics.gauge("lean_attestation_aggregate_coverage_subnets",
                                       "Subnets of which votes are covered",
                                       {{"section", section}});
    }
}

AttestationCoverage::AttestationCoverage(CoverageGauges& gauges, std::uint64_t committee_count)
    : gauges_(gauges), committee_count_(committee_count) {
    LEPTON_ASSERT(committee_count_ > 0);
}

void AttestationCoverage::before_acceptance(const consensus::Store& store, Slot slot) {
    timely_slot_ = slot;
    timely_ = covered(store.latest_new_aggregated_payloads, slot);
}

void AttestationCoverage::before_aggregation(const consensus::Store& store, Slot slot) {
    set(Section::aggregate_start_new, covered(store.latest_new_aggregated_payloads, slot));
}

void AttestationCoverage::before_proposal(const consensus::Store& store, Slot slot) {
    const ssz::Bits payloads = covered(store.latest_known_aggregated_payloads, slot);
    const ssz::Bits gossip = signers(store.attestation_signatures, slot);
    ssz::Bits combined = payloads;
    combined.merge(gossip);
    set(Section::proposal_payloads, payloads);
    set(Section::proposal_gossip, gossip);
    set(Section::proposal_combined, combined);
}

void AttestationCoverage::imported(const Block& block, const Root& root) {
    BlockVotes votes{root, {}};
    for (const auto& [bits, data] : block.body.attestations) {
        if (data.slot + 1 == block.slot) votes.voters.merge(bits);
    }
    blocks_.push_back(std::move(votes));
    if (blocks_.size() > kBlocksMax) blocks_.pop_front();
}

void AttestationCoverage::report(const consensus::Store& store, Slot slot) {
    const auto head = std::ranges::find(blocks_, store.head, &BlockVotes::root);
    if (store.head_block().slot != slot + 1 || head == blocks_.end()) return;
    if (head->voters.count() == 0) return;
    const ssz::Bits timely = timely_slot_ == slot ? timely_ : ssz::Bits{};
    ssz::Bits all = covered(store.latest_known_aggregated_payloads, slot);
    all.merge(covered(store.latest_new_aggregated_payloads, slot));
    const ssz::Bits late = without(all, timely);
    ssz::Bits combined = timely;
    combined.merge(late);
    combined.merge(head->voters);
    set(Section::timely, timely);
    set(Section::late, late);
    set(Section::block, head->voters);
    set(Section::combined, combined);
    gauges_.block_only.Set(static_cast<double>(without(head->voters, timely).count()));
    gauges_.timely_only.Set(static_cast<double>(without(timely, head->voters).count()));
}

void AttestationCoverage::set(Section section, const ssz::Bits& voters) {
    const auto at = static_cast<std::size_t>(section);
    std::set<SubnetId> subnets;
    for (const std::size_t index : voters.ones()) {
        subnets.insert(validator::subnet_of(ValidatorIndex{index}, committee_count_));
    }
    gauges_.validators.at(at)->Set(static_cast<double>(voters.count()));
    gauges_.subnets.at(at)->Set(static_cast<double>(subnets.size()));
}

}  // namespace lepton::blockchain
