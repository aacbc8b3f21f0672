// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How many validators' votes of one slot are covered by aggregates, and where they got lost: seen
// in time, seen late, in the block, at a proposal. For dashboards only. Belongs to the blockchain
// actor; the gauges are safe from any thread.
#pragma once

#include "base/metrics.hpp"
#include "consensus/store.hpp"
#include "types/block.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace lepton::blockchain {

/// Votes of which a section counts the validators.
enum class CoverageSection : std::uint8_t {
    /// In aggregates that were here when votes were accepted.
    timely,
    /// In aggregates that came later.
    late,
    /// In the block of the next slot.
    block,
    combined,
    /// In aggregates that were here when aggregation began; on aggregators.
    aggregate_start_new,
    /// In aggregates, single votes, and both when a block was proposed.
    proposal_payloads,
    proposal_gossip,
    proposal_combined,
};
inline constexpr std::size_t kCoverageSections = 8;

/// The gauges, present from the start.
struct CoverageGauges {
    explicit CoverageGauges(Metrics& metrics);

    std::array<Gauge*, kCoverageSections> validators{};
    std::array<Gauge*, kCoverageSections> subnets{};
    Gauge& block_only;
    Gauge& timely_only;
};

class AttestationCoverage {
  public:
    /// Input: committee_count: subnets of attestations, above 0; gauges: outlive the object
    AttestationCoverage(CoverageGauges& gauges, std::uint64_t committee_count);

    /// Before the votes of `slot` are accepted.
    void before_acceptance(const consensus::Store& store, Slot slot);
    /// Before the votes of `slot` are aggregated.
    void before_aggregation(const consensus::Store& store, Slot slot);
    /// A block is about to be built from the votes of `slot`.
    void before_proposal(const consensus::Store& store, Slot slot);
    /// A block was imported.
    void imported(const Block& block, const Root& root);
    /// Reports on the votes of `slot` when the block of the next slot has had its time. Nothing
    /// changes when the head does not carry any of them.
    void report(const consensus::Store& store, Slot slot);

  private:
    /// The validators whose votes of the slot before a block carries.
    struct BlockVotes {
        Root root;
        ssz::Bits voters;
    };
    /// Blocks remembered: those of the forks of one slot.
    static constexpr std::size_t kBlocksMax = 8;

    void set(CoverageSection section, const ssz::Bits& voters);

    CoverageGauges& gauges_;
    std::uint64_t committee_count_;
    Slot timely_slot_;
    ssz::Bits timely_;
    /// Latest last.
    std::deque<BlockVotes> blocks_;
};

}  // namespace lepton::blockchain
