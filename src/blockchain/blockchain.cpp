// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/blockchain.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "blockchain/store_view.hpp"
#include "consensus/fork_choice.hpp"
#include "consensus/timeline.hpp"
#include "validator/duties.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lepton::blockchain {
namespace {

using consensus::Phase;

// The first word of log lines: block_published, attestation_published, aggregate_published.
std::string_view log_name(network_api::PublishKind kind) {
    return kind == network_api::PublishKind::aggregated_attestation ? "aggregate" : to_string(kind);
}

Duration slot_duration(const NetworkProfile& profile) {
    return std::chrono::milliseconds{profile.milliseconds_per_slot()};
}

}  // namespace

Blockchain::Blockchain(BlockchainOptions options,
                       consensus::Store store,
                       storage::Storage& storage,
                       const aggregation::AggregationBackend& backend,
                       const Clock& clock,
                       BlockchainMetrics& metrics,
                       network_api::ChainViewSnapshot& view)
    : options_(std::move(options)),
      store_(std::move(store)),
      storage_(storage),
      backend_(backend),
      clock_(clock),
      metrics_(metrics),
      view_(view),
      schedule_(store_.config.genesis_time, options_.profile),
      gate_(options_.is_sync_gate_enabled),
      coverage_(metrics.coverage, options_.attestation_committee_count),
      states_(storage, options_.profile, store_.validators),
      requests_(slot_duration(options_.profile)) {
    metrics_.validators_count.Set(static_cast<double>(options_.own_validators.size()));
    publish_view();
    set_gauges();
}

// ---- time

void Blockchain::tick() {
    if (failure_) return;
    last_tick_unix_ms_ = clock_.unix_ms();
    is_view_stale_ = true;
    if (const auto due = schedule_.advance(last_tick_unix_ms_)) process(*due);
    settle();
}

void Blockchain::process(const Tick& tick) {
    const Time now = clock_.now();
    if (last_tick_) {
        metrics_.tick_interval_seconds.Observe(
            std::chrono::duration<double>(now - *last_tick_).count());
    }
    last_tick_ = now;
    const UnixMs due =
        consensus::start_of(tick.interval, store_.config.genesis_time, options_.profile);
    metrics_.tick_lateness_seconds.Observe(static_cast<double>(last_tick_unix_ms_ - due) / 1000);

    const Slot slot = tick.slot();
    // Not the head: which of the blocks it has is the head, votes decide. A lonely proposer's fork
    // ahead of the head would else keep all others from voting, and the head where it is, for good.
    const auto latest =
        std::ranges::max_element(store_.blocks.nodes(), {}, &consensus::BlockNode::slot);
    gate_.update(slot, latest->slot);
    const validator::Duties duties =
        validator::duties_of_slot(slot, store_.validator_count(), options_.own_validators);
    // A proposal that is late would only compete with the next one; where a block of this slot is
    // the head already, there is none to make.
    const bool is_due =
        duties.proposer && tick.covers(Phase::propose) && store_.head_block().slot < slot;
    const bool proposes = is_due && tick.phase() == Phase::propose && gate_.allows_duties();

    if (tick.phase() == Phase::accept_votes) coverage_.before_acceptance(store_, slot);
    const Position before = position();
    const auto summary = consensus::on_tick(store_, tick.interval, proposes);
    metrics_.intervals_skipped.Increment(static_cast<double>(summary.skipped));
    are_nodes_stale_ = true;
    note_changes(before);
    expire(tick);

    if (proposes) {
        begin_proposal(slot, *duties.proposer);
    } else if (is_due) {
        metrics_
            .missed(Duty::propose, gate_.allows_duties() ? DutyMissed::late : DutyMissed::syncing)
            .Increment();
        if (gate_.allows_duties()) metrics_.block_building_failures.Increment();
    }
    if (tick.covers(Phase::attest)) {
        attest(slot, duties.attesters);
        if (slot > Slot{0}) coverage_.report(store_, slot - 1);
    }
    if (tick.covers(Phase::aggregate)) aggregate(tick);
}

void Blockchain::expire(const Tick& tick) {
    if (proposal_ && proposal_->slot < tick.slot()) {
        abandon_proposal(DutyMissed::late, "the slot is over");
    }
    for (auto& vote : pending_votes_.take_early()) take_vote(std::move(vote));
    if (!tick.covers(Phase::safe_target)) return;
    // Once per slot.
    const Duration age_max = slot_duration(options_.profile) * kPendingBlockAgeMax;
    const std::size_t blocks = pending_.expire(clock_.now() - age_max);
    const std::size_t votes = pending_votes_.expire(tick.slot());
    metrics_.dropped(BlockDropped::expired).Increment(static_cast<double>(blocks));
    metrics_.dropped(VoteDropped::expired).Increment(static_cast<double>(votes));
    std::vector<Root> missing = pending_.missing_roots();
    // Blocks whose parent was just imported wait for their turn, not for a peer.
    std::erase_if(missing, [&](const Root& root) { return store_.blocks.contains(root); });
    requests_.set_missing(missing);
}

// ---- what became of effects

void Blockchain::receive(const network_api::OwnMessageRefused& message) {
    if (failure_) return;
    log::error("own_message_refused kind={} slot={} root={} reason={}",
               to_string(message.kind),
               message.slot,
               message.root,
               to_string(message.reason));
    switch (message.kind) {
        case network_api::PublishKind::block:
            if (proposal_ && proposal_->root == message.root) {
                abandon_proposal(DutyMissed::refused, to_string(message.reason));
            }
            break;
        case network_api::PublishKind::attestation:
            metrics_.missed(Duty::attest, DutyMissed::refused).Increment();
            break;
        case network_api::PublishKind::aggregated_attestation:
            metrics_.missed(Duty::aggregate, DutyMissed::refused).Increment();
            break;
    }
    settle();
}

network_api::AggregatorRole Blockchain::set_aggregator(bool enabled) {
    const network_api::AggregatorRole role{enabled, options_.is_aggregator};
    options_.is_aggregator = enabled;
    is_view_stale_ = true;
    settle();
    return role;
}

void Blockchain::published(network_api::PublishKind kind,
                           Slot slot,
                           const Root& root,
                           const std::optional<network_api::PublishOutcome>& outcome) {
    if (failure_) return;
    if (!outcome) {
        metrics_.published(kind, std::nullopt).Increment();
        log::warn("publish_outcome_lost kind={} slot={} root={}", to_string(kind), slot, root);
        return;
    }
    metrics_.published(kind, outcome->status).Increment();
    if (outcome->status == network_api::PublishStatus::duplicate) {
        // Another aggregator made the same bytes and was faster: the network has them.
        log::debug("{}_known_already slot={} root={}", to_string(kind), slot, root);
        return;
    }
    if (outcome->status != network_api::PublishStatus::published) {
        log::warn("{}_not_published slot={} root={} status={}",
                  log_name(kind),
                  slot,
                  root,
                  to_string(outcome->status));
        return;
    }
    log::info("{}_published slot={} root={} peers={}", log_name(kind), slot, root, outcome->peers);
}

void Blockchain::work() {
    if (failure_) return;
    while (!ready_parents_.empty()) {
        if (auto child = pending_.take_child(ready_parents_.front())) {
            import_block(std::move(*child));
            break;
        }
        ready_parents_.pop_front();
    }
    settle();
}

std::vector<Effect> Blockchain::take_effects() {
    return std::exchange(effects_, {});
}

// ---- the end of every call

void Blockchain::settle() {
    if (failure_) return;
    persist_checkpoints();
    prune();
    // What was not written is not shown, and nobody is asked for anything.
    if (failure_) return;
    request_blocks();
    if (is_view_stale_ || are_nodes_stale_) publish_view();
    set_gauges();
}

void Blockchain::persist_checkpoints() {
    const storage::Checkpoints now = checkpoints_of(store_);
    if (now == persisted_) return;
    if (const auto written = storage_.commit({.block = std::nullopt, .checkpoints = now});
        !written) {
        fail(written.error());
        return;
    }
    persisted_ = now;
}

void Blockchain::prune() {
    // Never within a cascade: its blocks would be fetched again.
    if (failure_ || has_work()) return;
    if (store_.latest_finalized.slot > store_.blocks.nodes().front().slot) {
        consensus::prune(store_);
        const std::size_t discarded = pending_.discard_up_to(store_.latest_finalized.slot);
        metrics_.dropped(BlockDropped::not_after_finalized)
            .Increment(static_cast<double>(discarded));
        is_storage_pruned_ = false;
        are_nodes_stale_ = true;
        persist_checkpoints();
    }
    if (failure_ || is_storage_pruned_) return;
    const auto pruned = storage_.prune(store_.latest_finalized);
    if (!pruned) {
        fail(pruned.error());
        return;
    }
    is_storage_pruned_ = *pruned;
}

void Blockchain::fail(IoError error) {
    if (failure_) return;
    log::error("chain_stopped what={}", log::quoted(error.what));
    failure_ = std::move(error);
}

Time Blockchain::end_of(Interval interval) const {
    const UnixMs end =
        consensus::start_of(interval + 1, store_.config.genesis_time, options_.profile);
    const UnixMs now = clock_.unix_ms();
    return clock_.now() + std::chrono::milliseconds{end > now ? end - now : 0};
}

}  // namespace lepton::blockchain
