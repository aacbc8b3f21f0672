// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The metrics of the blockchain, present from the start with zero. Names and buckets of `lean_` are
// those of leanMetrics; what is lepton's own begins with `lepton_`. Safe from any thread.
#pragma once

#include "base/metrics.hpp"
#include "blockchain/coverage.hpp"
#include "network_api/messages.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lepton::blockchain {

/// Why a block left without being imported.
enum class BlockDropped : std::uint8_t {
    /// It is in the tree already.
    known,
    /// Its ancestor is wrong.
    descends_from_rejected,
    /// At or below the finalized slot.
    not_after_finalized,
    too_far_in_future,
    /// The state transition refused it.
    rejected,
    // While it waited for its parent:
    duplicate,
    too_many_of_proposal,
    no_room,
    expired,
};
inline constexpr std::size_t kBlockDroppedCount = 9;
std::string_view to_string(BlockDropped reason);

/// Why a vote or aggregate left without being counted.
enum class VoteDropped : std::uint8_t {
    invalid,
    too_far_in_future,
    /// While it waited for a block: no room, or too old.
    no_room,
    expired,
};
inline constexpr std::size_t kVoteDroppedCount = 4;
std::string_view to_string(VoteDropped reason);

/// Why one of our own duties led to nothing.
enum class DutyMissed : std::uint8_t {
    /// This node is behind.
    syncing,
    /// The slot was over.
    late,
    /// The signing journal refused.
    journal,
    /// The key cannot sign the slot, or failed.
    key,
    /// The part of the key that has the slot is not prepared yet.
    key_window,
    /// Proving failed.
    proof,
    /// The jobs before it did not end in time.
    busy,
    /// The result was found wrong: a defect.
    refused,
};
inline constexpr std::size_t kDutyMissedCount = 8;
std::string_view to_string(DutyMissed reason);

enum class Duty : std::uint8_t { propose, attest, aggregate };
inline constexpr std::size_t kDutyCount = 3;
std::string_view to_string(Duty duty);

enum class AggregatorSkipped : std::uint8_t { not_aggregator, not_synced, other };
inline constexpr std::size_t kAggregatorSkippedCount = 3;

struct BlockchainMetrics {
    explicit BlockchainMetrics(Metrics& metrics);

    // ---- the chain
    Gauge& current_slot;
    Gauge& head_slot;
    Gauge& safe_target_slot;
    Gauge& latest_justified_slot;
    Gauge& latest_finalized_slot;
    Gauge& justified_slot;
    Gauge& finalized_slot;
    Counter& finalizations;
    Counter& finalizations_failed;
    Counter& reorgs;
    /// Blocks that left the head's chain.
    Histogram& reorg_depth;
    Histogram& block_processing_seconds;
    Histogram& state_transition_seconds;
    Counter& slots_processed;
    Counter& attestations_processed;
    Gauge& validators_count;
    Gauge& blocks_waiting;
    Gauge& block_requests;
    Gauge& sync_idle;
    Gauge& sync_syncing;
    Gauge& sync_synced;

    // ---- votes
    Counter& attestations_valid;
    Counter& attestations_invalid;
    Histogram& attestation_validation_seconds;
    Gauge& gossip_signatures;
    Gauge& new_aggregated_payloads;
    Gauge& known_aggregated_payloads;
    Gauge& votes_waiting;

    // ---- time
    Histogram& tick_interval_seconds;
    /// From the beginning of an interval to its tick.
    Histogram& tick_lateness_seconds;
    Counter& intervals_skipped;

    // ---- duties
    Gauge& is_aggregator;
    Histogram& attestation_production_seconds;
    Counter& signatures;
    Histogram& signing_seconds;
    Histogram& committee_aggregation_seconds;
    Counter& aggregates;
    Counter& attestations_in_aggregates;
    Histogram& aggregate_building_seconds;
    Histogram& block_aggregated_payloads;
    Histogram& block_payload_aggregation_seconds;
    Histogram& block_building_seconds;
    Counter& blocks_built;
    Counter& block_building_failures;
    /// Results of jobs that nobody waited for any more.
    Counter& stale_results;
    Gauge& key_windows_building;
    /// Keys that could sign the present slot if they were prepared for it.
    Gauge& keys_not_ready;
    /// Seconds from the wish for a window to its installation.
    Histogram& key_window_seconds;
    CoverageGauges coverage;

    Counter& imported(network_api::BlockSource source) {
        return *imported_.at(static_cast<std::size_t>(source));
    }
    Counter& dropped(BlockDropped reason) {
        return *blocks_dropped_.at(static_cast<std::size_t>(reason));
    }
    Counter& dropped(VoteDropped reason) {
        return *votes_dropped_.at(static_cast<std::size_t>(reason));
    }
    Counter& missed(Duty duty, DutyMissed reason) {
        return *missed_.at(static_cast<std::size_t>(duty)).at(static_cast<std::size_t>(reason));
    }
    Counter& aggregator_skipped(AggregatorSkipped reason) {
        return *aggregator_skipped_.at(static_cast<std::size_t>(reason));
    }
    /// `status` nothing: no outcome came back.
    Counter& published(network_api::PublishKind kind,
                       std::optional<network_api::PublishStatus> status);

  private:
    static constexpr std::size_t kPublishKinds = 3;
    static constexpr std::size_t kPublishStatuses = 7;

    std::array<Counter*, 3> imported_{};
    std::array<Counter*, kBlockDroppedCount> blocks_dropped_{};
    std::array<Counter*, kVoteDroppedCount> votes_dropped_{};
    std::array<std::array<Counter*, kDutyMissedCount>, kDutyCount> missed_{};
    std::array<Counter*, kAggregatorSkippedCount> aggregator_skipped_{};
    std::array<std::array<Counter*, kPublishStatuses>, kPublishKinds> published_{};
};

}  // namespace lepton::blockchain
