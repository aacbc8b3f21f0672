// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Votes and aggregates of others and of this node.
#include "base/log.hpp"
#include "blockchain/blockchain.hpp"
#include "consensus/aggregation.hpp"
#include "consensus/fork_choice.hpp"

#include <chrono>
#include <utility>

namespace lepton::blockchain {
namespace {

using network_api::NewAggregatedAttestation;
using network_api::NewAttestation;

// This node's own messages come without a peer.
bool is_own(const network_api::PeerName& peer) {
    return peer.empty();
}

// Which block must be imported before the vote can be judged; nothing when none would help.
std::optional<Checkpoint> block_it_waits_for(const AttestationData& data, Rejection reason) {
    switch (reason) {
        case Rejection::UNKNOWN_SOURCE_BLOCK:
            return data.source;
        case Rejection::UNKNOWN_TARGET_BLOCK:
            return data.target;
        case Rejection::UNKNOWN_HEAD_BLOCK:
            return data.head;
        default:
            return std::nullopt;
    }
}

}  // namespace

void Blockchain::receive(NewAttestation message) {
    if (failure_) return;
    take_vote(std::move(message));
    settle();
}

void Blockchain::receive(NewAggregatedAttestation message) {
    if (failure_) return;
    take_vote(std::move(message));
    settle();
}

void Blockchain::take_vote(PendingVotes::Vote vote) {
    std::visit([&](auto& message) { take_vote(std::move(message)); }, vote);
}

void Blockchain::take_vote(NewAttestation message) {
    const Time begun = clock_.now();
    const SignedAttestation& vote = *message.attestation;
    const auto taken = consensus::on_gossip_attestation(
        store_, vote, message.attestation.root(), options_.is_aggregator);
    metrics_.attestation_validation_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - begun).count());
    if (!taken) return refuse_vote(std::move(message), taken.error());
    metrics_.attestations_valid.Increment();
    if (!is_own(message.peer)) return;
    if (vote.data.slot < current_slot()) {
        metrics_.missed(Duty::attest, DutyMissed::late).Increment();
        log::warn("attestation_late slot={} validator={}", vote.data.slot, vote.validator_index);
        return;
    }
    const Root data_root = message.attestation.root();
    emit(network_api::PublishAttestation{std::move(message.attestation).take(), data_root});
}

void Blockchain::take_vote(NewAggregatedAttestation message) {
    const SignedAggregatedAttestation& aggregate = *message.attestation;
    const Root data_root = message.attestation.root();
    if (is_own(message.peer)) {
        consensus::apply_aggregate(store_, aggregate, data_root);
        metrics_.attestations_valid.Increment();
        emit(network_api::PublishAggregatedAttestation{std::move(message.attestation).take(),
                                                       data_root});
        return;
    }
    const Time begun = clock_.now();
    const auto taken = consensus::on_gossip_aggregated_attestation(store_, aggregate, data_root);
    metrics_.attestation_validation_seconds.Observe(
        std::chrono::duration<double>(clock_.now() - begun).count());
    if (!taken) return refuse_vote(std::move(message), taken.error());
    metrics_.attestations_valid.Increment();
}

template <class Message>
void Blockchain::refuse_vote(Message message, Rejection reason) {
    const AttestationData& data = message.attestation->data;
    if (const auto block = block_it_waits_for(data, reason);
        block && block->slot > store_.latest_finalized.slot) {
        const Root root = block->root;
        const std::size_t dropped = pending_votes_.park(std::move(message), root);
        metrics_.dropped(VoteDropped::no_room).Increment(static_cast<double>(dropped));
        return;
    }
    if (reason == Rejection::ATTESTATION_TOO_FAR_IN_FUTURE) {
        // The next slot is a clock a little ahead of ours; more is none of our time.
        if (data.slot == current_slot() + 1) {
            const std::size_t dropped = pending_votes_.park_early(std::move(message));
            metrics_.dropped(VoteDropped::no_room).Increment(static_cast<double>(dropped));
        } else {
            metrics_.dropped(VoteDropped::too_far_in_future).Increment();
        }
        return;
    }
    metrics_.attestations_invalid.Increment();
    metrics_.dropped(VoteDropped::invalid).Increment();
    if (is_own(message.peer)) metrics_.missed(Duty::attest, DutyMissed::refused).Increment();
    log::debug("vote_refused slot={} data={} reason={} peer={}",
               data.slot,
               message.attestation.root(),
               to_string(reason),
               message.peer);
}

}  // namespace lepton::blockchain
