// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The part of P2p that has to do with gossip: own messages out, others' in, verdicts back.
#include "base/log.hpp"
#include "p2p/p2p.hpp"
#include "p2p/snappy_block.hpp"
#include "types/ssz.hpp"
#include "validator/duties.hpp"

namespace lepton::p2p {

using libp2p::PeerId;
using libp2p::gossipsub::Delivery;
using network_api::PublishKind;
using network_api::PublishOutcome;
using network_api::PublishStatus;

void P2p::publish(network_api::PublishBlock message, PublishDone done) {
    const SignedBlock& block = *message.block;
    publish_payload({TopicKind::block, {}},
                    ssz::encode(block),
                    {PublishKind::block, block.block.slot, message.root},
                    std::move(done));
}

void P2p::publish(network_api::PublishAttestation message, PublishDone done) {
    const SignedAttestation& vote = message.attestation;
    publish_payload({TopicKind::attestation,
                     validator::subnet_of(vote.validator_index, config_.committee_count)},
                    ssz::encode(vote),
                    {PublishKind::attestation, vote.data.slot, message.data_root},
                    std::move(done));
}

void P2p::publish(network_api::PublishAggregatedAttestation message, PublishDone done) {
    publish_payload(
        {TopicKind::aggregation, {}},
        ssz::encode(message.attestation),
        {PublishKind::aggregated_attestation, message.attestation.data.slot, message.data_root},
        std::move(done));
}

void P2p::publish_payload(const Topic& topic,
                          ByteView ssz,
                          PublishOutcome outcome,
                          PublishDone done) {
    if (ssz.size() > payload_size_max(topic.kind, config_.profile.signature_size)) {
        on_published(outcome, {PublishStatus::too_large, 0});
        done(outcome);
        return;
    }
    commands_.push_back(Asked<SwarmPublish>{
        {topic_name(config_.profile.fork_digest, topic), snappy_block_encode(ssz)},
        [this, outcome, done = std::move(done)](SwarmPublish::Result result) mutable {
            on_published(outcome, result);
            done(outcome);
        }});
}

void P2p::on_published(PublishOutcome& outcome, const SwarmPublish::Result& result) {
    outcome.status = result.status;
    outcome.peers = result.peers;
    metrics_.published(outcome.kind, outcome.status);
    // The asker says so at its own level, with what it knows of the message.
    log::debug("gossip_publish kind={} slot={} root={} status={} peers={}",
               to_string(outcome.kind),
               outcome.slot,
               outcome.root,
               to_string(outcome.status),
               outcome.peers);
}

void P2p::on_event(GossipReceived event) {
    const Delivery& delivery = event.message;
    const auto topic = parse_topic(config_.profile.fork_digest, delivery.topic);
    // The router knows no other topics.
    LEPTON_ASSERT(topic.has_value(), delivery.topic);
    metrics_.gossip_size(topic->kind, delivery.raw_size);
    const auto view = chain_.get();
    const Interval time = network_time(*view, clock_.unix_ms(), config_.profile);
    auto message = check_gossip(*topic, delivery.data, *view, time, config_.profile);
    if (!message) {
        refuse_gossip(delivery, topic->kind, message.error());
    } else if (!send_to_verifier(*std::move(message), delivery)) {
        refuse_gossip(
            delivery, topic->kind, {GossipVerdict::ignore, std::nullopt, "verifier_full"});
    } else {
        metrics_.gossip_result(topic->kind, "verifier");
    }
}

bool P2p::send_to_verifier(DecodedGossip message, const Delivery& delivery) {
    const auto send = [&](auto& received) {
        received.peer = name_of(delivery.peer);
        received.gossip_id = delivery.id;
        using Received = std::remove_reference_t<decltype(received)>;
        if constexpr (std::is_same_v<Received, network_api::ReceivedBlock>) {
            return verifier_.blocks.send(std::move(received));
        } else if constexpr (std::is_same_v<Received, network_api::ReceivedAttestation>) {
            return verifier_.attestations.send(std::move(received));
        } else {
            return verifier_.aggregated_attestations.send(std::move(received));
        }
    };
    return static_cast<bool>(std::visit(send, message));
}

void P2p::refuse_gossip(const Delivery& delivery, TopicKind kind, const GossipRefusal& refusal) {
    metrics_.gossip_result(kind, refusal.name);
    if (refusal.reason == Rejection::DECODE_ERROR) {
        count_undecodable(delivery.peer, to_string(kind), refusal.name);
    }
    commands_.emplace_back(SwarmVerdict{delivery.id, delivery.peer, refusal.verdict});
    log::debug("gossip_refused topic={} peer={} reason={}",
               to_string(kind),
               name_of(delivery.peer),
               refusal.name);
    if (refusal.verdict == GossipVerdict::reject && refusal.reason) {
        penalize(delivery.peer, *refusal.reason, refusal.name);
    }
}

void P2p::on_verdict(const network_api::GossipVerdictMessage& message) {
    const auto peer = PeerId::from_base58(message.peer);
    LEPTON_ASSERT(peer.has_value(), message.peer);
    commands_.emplace_back(SwarmVerdict{message.id, *peer, message.verdict});
    if (message.reason) penalize(*peer, *message.reason, to_string(*message.reason));
    proceed();
}

}  // namespace lepton::p2p
