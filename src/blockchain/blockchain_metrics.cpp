// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/blockchain_metrics.hpp"

#include "base/assert.hpp"

#include <vector>

namespace lepton::blockchain {
namespace {

using network_api::BlockSource;
using network_api::PublishKind;
using network_api::PublishStatus;
using Buckets = std::vector<double>;

const Buckets kShort{.005, .01, .025, .05, .1, 1};
const Buckets kProof{.1, .25, .5, .75, 1, 1.25, 1.5, 2, 4};
const Buckets kForkChoice{.005, .01, .025, .05, .1, 1, 1.25, 1.5, 2, 4};
const Buckets kStateTransition{.25, .5, .75, 1, 1.25, 1.5, 2, 2.5, 3, 4};
const Buckets kBuilding{.01, .025, .05, .1, .25, .5, .75, 1};
const Buckets kPayloadAggregation{.1, .25, .5, .75, 1, 2, 3, 4};
const Buckets kCommitteeAggregation{.05, .1, .25, .5, .75, 1, 2, 3, 4};
const Buckets kReorgDepth{1, 2, 3, 5, 7, 10, 20, 30, 50, 100};
const Buckets kPayloads{1, 2, 4, 8, 16, 32, 64, 128};
const Buckets kKeyWindow{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
const Buckets kTick{.4, .6, .75, .8, .805, .81, .815, .82, .825, .85, .9, 1, 1.2, 1.6};

std::string_view skipped_name(std::size_t reason) {
    switch (static_cast<AggregatorSkipped>(reason)) {
        case AggregatorSkipped::not_aggregator:
            return "not_aggregator";
        case AggregatorSkipped::not_synced:
            return "not_synced";
        case AggregatorSkipped::other:
            return "other";
    }
    LEPTON_ASSERT(false);
}

// The last status stands for "no outcome".
std::string_view status_name(std::size_t status) {
    const auto last = static_cast<std::size_t>(PublishStatus::stopped);
    return status > last ? "unknown" : to_string(static_cast<PublishStatus>(status));
}

// One counter per value of a label.
template <std::size_t N, class Name>
void fill(std::array<Counter*, N>& counters,
          Metrics& metrics,
          const std::string& name,
          const std::string& help,
          const std::string& label,
          Name name_of,
          const Labels& more = {}) {
    for (std::size_t i = 0; i < N; ++i) {
        Labels labels = more;
        labels.emplace(label, std::string{name_of(i)});
        counters.at(i) = &metrics.counter(name, help, labels);
    }
}

}  // namespace

std::string_view to_string(BlockDropped reason) {
    switch (reason) {
        case BlockDropped::known:
            return "known";
        case BlockDropped::descends_from_rejected:
            return "descends_from_rejected";
        case BlockDropped::not_after_finalized:
            return "not_after_finalized";
        case BlockDropped::too_far_in_future:
            return "too_far_in_future";
        case BlockDropped::rejected:
            return "rejected";
        case BlockDropped::duplicate:
            return "duplicate";
        case BlockDropped::too_many_of_proposal:
            return "too_many_of_proposal";
        case BlockDropped::no_room:
            return "no_room";
        case BlockDropped::expired:
            return "expired";
    }
    LEPTON_ASSERT(false);
}

std::string_view to_string(VoteDropped reason) {
    switch (reason) {
        case VoteDropped::invalid:
            return "invalid";
        case VoteDropped::too_far_in_future:
            return "too_far_in_future";
        case VoteDropped::no_room:
            return "no_room";
        case VoteDropped::expired:
            return "expired";
    }
    LEPTON_ASSERT(false);
}

std::string_view to_string(DutyMissed reason) {
    switch (reason) {
        case DutyMissed::syncing:
            return "syncing";
        case DutyMissed::late:
            return "late";
        case DutyMissed::journal:
            return "journal";
        case DutyMissed::key:
            return "key";
        case DutyMissed::key_window:
            return "key_window";
        case DutyMissed::proof:
            return "proof";
        case DutyMissed::busy:
            return "busy";
        case DutyMissed::refused:
            return "refused";
    }
    LEPTON_ASSERT(false);
}

std::string_view to_string(Duty duty) {
    switch (duty) {
        case Duty::propose:
            return "propose";
        case Duty::attest:
            return "attest";
        case Duty::aggregate:
            return "aggregate";
    }
    LEPTON_ASSERT(false);
}

BlockchainMetrics::BlockchainMetrics(Metrics& metrics)
    : current_slot(metrics.gauge("lean_current_slot", "Slot of the wall clock")),
      head_slot(metrics.gauge("lean_head_slot", "Slot of the head")),
      safe_target_slot(metrics.gauge("lean_safe_target_slot", "Slot of the safe target")),
      latest_justified_slot(
          metrics.gauge("lean_latest_justified_slot", "Slot of the latest justified block")),
      latest_finalized_slot(
          metrics.gauge("lean_latest_finalized_slot", "Slot of the latest finalized block")),
      justified_slot(
          metrics.gauge("lean_justified_slot", "Slot of the block justified on the head's chain")),
      finalized_slot(
          metrics.gauge("lean_finalized_slot", "Slot of the block finalized on the head's chain")),
      finalizations(metrics.counter("lean_finalizations_total",
                                    "Advances of the finalized checkpoint",
                                    {{"result", "success"}})),
      finalizations_failed(metrics.counter("lean_finalizations_total",
                                           "Advances of the finalized checkpoint",
                                           {{"result", "error"}})),
      reorgs(metrics.counter("lean_fork_choice_reorgs_total", "Heads that left their chain")),
      reorg_depth(metrics.histogram(
          "lean_fork_choice_reorg_depth", "Blocks that left the head's chain", kReorgDepth)),
      block_processing_seconds(metrics.histogram("lean_fork_choice_block_processing_time_seconds",
                                                 "Time to import a block, the write included",
                                                 kForkChoice)),
      state_transition_seconds(metrics.histogram("lean_state_transition_time_seconds",
                                                 "Time of the state transition and fork choice",
                                                 kStateTransition)),
      slots_processed(metrics.counter("lean_state_transition_slots_processed_total",
                                      "Slots that blocks moved their states by")),
      attestations_processed(metrics.counter("lean_state_transition_attestations_processed_total",
                                             "Attestations in imported blocks")),
      validators_count(metrics.gauge("lean_validators_count", "Validators of this node")),
      blocks_waiting(
          metrics.gauge("lepton_blocks_waiting", "Blocks that wait for their parent in memory")),
      block_requests(
          metrics.gauge("lepton_block_requests", "Blocks that were asked for, or will be again")),
      sync_idle(
          metrics.gauge("lean_node_sync_status", "1 for the present status", {{"status", "idle"}})),
      sync_syncing(metrics.gauge(
          "lean_node_sync_status", "1 for the present status", {{"status", "syncing"}})),
      sync_synced(metrics.gauge(
          "lean_node_sync_status", "1 for the present status", {{"status", "synced"}})),
      attestations_valid(
          metrics.counter("lean_attestations_valid_total", "Votes and aggregates taken")),
      attestations_invalid(
          metrics.counter("lean_attestations_invalid_total", "Votes and aggregates refused")),
      attestation_validation_seconds(metrics.histogram(
          "lean_attestation_validation_time_seconds", "Time to validate a vote", kShort)),
      gossip_signatures(
          metrics.gauge("lean_gossip_signatures", "Signatures of single votes in the pool")),
      new_aggregated_payloads(
          metrics.gauge("lean_latest_new_aggregated_payloads", "Proofs that do not weigh yet")),
      known_aggregated_payloads(
          metrics.gauge("lean_latest_known_aggregated_payloads", "Proofs that weigh")),
      votes_waiting(metrics.gauge("lepton_votes_waiting", "Votes that wait for a block")),
      tick_interval_seconds(metrics.histogram(
          "lean_tick_interval_duration_seconds", "Time between two ticks", kTick)),
      tick_lateness_seconds(
          metrics.histogram("lepton_tick_lateness_seconds",
                            "Time from the beginning of an interval to its tick",
                            {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8})),
      intervals_skipped(
          metrics.counter("lepton_intervals_skipped_total", "Intervals without a tick")),
      is_aggregator(metrics.gauge("lean_is_aggregator", "1 while this node aggregates")),
      attestation_production_seconds(metrics.histogram("lean_attestations_production_time_seconds",
                                                       "Time from the duty to the signed votes",
                                                       kBuilding)),
      signatures(metrics.counter("lean_pq_sig_attestation_signatures_total",
                                 "Signatures of votes made by this node")),
      signing_seconds(metrics.histogram("lean_pq_sig_attestation_signing_time_seconds",
                                        "Time of a signing job, waiting included",
                                        kShort)),
      committee_aggregation_seconds(
          metrics.histogram("lean_committee_signatures_aggregation_time_seconds",
                            "Time from the aggregation duty to a proof",
                            kCommitteeAggregation)),
      aggregates(metrics.counter("lean_pq_sig_aggregated_signatures_total",
                                 "Aggregate proofs made by this node")),
      attestations_in_aggregates(
          metrics.counter("lean_pq_sig_attestations_in_aggregated_signatures_total",
                          "Votes in aggregate proofs made by this node")),
      aggregate_building_seconds(
          metrics.histogram("lean_pq_sig_aggregated_signatures_building_time_seconds",
                            "Time to make an aggregate proof",
                            kProof)),
      block_aggregated_payloads(metrics.histogram("lean_block_aggregated_payloads",
                                                  "Proofs that a block of this node is made of",
                                                  kPayloads)),
      block_payload_aggregation_seconds(
          metrics.histogram("lean_block_building_payload_aggregation_time_seconds",
                            "Time to choose and merge the proofs for a block",
                            kPayloadAggregation)),
      block_building_seconds(metrics.histogram(
          "lean_block_building_time_seconds", "Time from the duty to the signed block", kBuilding)),
      blocks_built(metrics.counter("lean_block_building_success_total", "Blocks built")),
      block_building_failures(metrics.counter("lean_block_building_failures_total",
                                              "Blocks that were due and not built in time")),
      stale_results(metrics.counter("lepton_stale_results_total",
                                    "Results of jobs that nobody waited for any more")),
      key_windows_building(
          metrics.gauge("lepton_key_windows_building", "Key windows being prepared")),
      keys_not_ready(metrics.gauge("lepton_keys_not_ready",
                                   "Keys whose window for the present slot is not prepared yet")),
      key_window_seconds(metrics.histogram(
          "lepton_key_window_seconds", "Time to prepare a key window", kKeyWindow)),
      coverage(metrics) {
    fill(imported_,
         metrics,
         "lepton_blocks_imported_total",
         "Blocks imported",
         "source",
         [](std::size_t source) { return to_string(static_cast<BlockSource>(source)); });
    fill(blocks_dropped_,
         metrics,
         "lepton_blocks_dropped_total",
         "Blocks not imported",
         "reason",
         [](std::size_t i) { return to_string(static_cast<BlockDropped>(i)); });
    fill(votes_dropped_,
         metrics,
         "lepton_votes_dropped_total",
         "Votes not counted",
         "reason",
         [](std::size_t i) { return to_string(static_cast<VoteDropped>(i)); });
    fill(aggregator_skipped_,
         metrics,
         "lean_aggregator_skipped_total",
         "Aggregation duties not done",
         "reason",
         skipped_name);
    for (std::size_t duty = 0; duty < kDutyCount; ++duty) {
        fill(missed_.at(duty),
             metrics,
             "lepton_duties_missed_total",
             "Duties of this node that led to nothing",
             "reason",
             [](std::size_t i) { return to_string(static_cast<DutyMissed>(i)); },
             {{"duty", std::string{to_string(static_cast<Duty>(duty))}}});
    }
    for (std::size_t kind = 0; kind < kPublishKinds; ++kind) {
        fill(published_.at(kind),
             metrics,
             "lepton_published_total",
             "Messages of this node by what became of them",
             "status",
             status_name,
             {{"kind", std::string{to_string(static_cast<PublishKind>(kind))}}});
    }
    sync_idle.Set(1);
}

Counter& BlockchainMetrics::published(PublishKind kind, std::optional<PublishStatus> status) {
    const std::size_t index =
        status ? static_cast<std::size_t>(*status) : published_.front().size() - 1;
    return *published_.at(static_cast<std::size_t>(kind)).at(index);
}

}  // namespace lepton::blockchain
