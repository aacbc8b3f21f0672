// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/swarm_adapter.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "p2p/message_id.hpp"
#include "p2p/request_protocols.hpp"

#include <algorithm>
#include <set>

namespace lepton::p2p {
namespace {

using actor::Reply;
using libp2p::PeerId;
using network_api::PublishStatus;

PublishStatus status_of(libp2p::gossipsub::PublishError error) {
    using libp2p::gossipsub::PublishError;
    switch (error) {
        case PublishError::no_peers:
            return PublishStatus::no_peers;
        case PublishError::duplicate:
            return PublishStatus::duplicate;
        // What this node made itself can be refused by the transform for its size only.
        case PublishError::too_large:
        case PublishError::invalid:
            return PublishStatus::too_large;
        case PublishError::queue_full:
            return PublishStatus::queue_full;
        case PublishError::stopped:
            return PublishStatus::stopped;
    }
    assertion_failed("known PublishError", __FILE__, __LINE__, {});
}

SwarmError error_of(const libp2p::DialFailure& failure) {
    using libp2p::DialErrorKind;
    switch (failure.kind) {
        case DialErrorKind::bad_address:
        case DialErrorKind::refused:
        case DialErrorKind::wrong_peer:
        case DialErrorKind::other:
            return {SwarmErrorKind::unreachable, failure.what};
        case DialErrorKind::timeout:
            return {SwarmErrorKind::timeout, failure.what};
        case DialErrorKind::limit:
            return {SwarmErrorKind::busy, failure.what};
        case DialErrorKind::stopped:
            return {SwarmErrorKind::stopped, failure.what};
    }
    assertion_failed("known DialErrorKind", __FILE__, __LINE__, {});
}

SwarmErrorKind kind_of(libp2p::RequestError error) {
    using libp2p::RequestError;
    switch (error) {
        case RequestError::no_peer:
        case RequestError::reset:
            return SwarmErrorKind::disconnected;
        case RequestError::unsupported_protocol:
            return SwarmErrorKind::unsupported;
        case RequestError::timeout:
            return SwarmErrorKind::timeout;
        case RequestError::malformed:
        case RequestError::too_large:
            return SwarmErrorKind::malformed;
        case RequestError::limit:
            return SwarmErrorKind::busy;
        case RequestError::stopped:
            return SwarmErrorKind::stopped;
    }
    assertion_failed("known RequestError", __FILE__, __LINE__, {});
}

SwarmError error_of(libp2p::ResponseResult result) {
    using libp2p::ResponseResult;
    const std::string what{to_string(result)};
    switch (result) {
        case ResponseResult::sent:
        case ResponseResult::reset:
        case ResponseResult::abandoned:
            return {SwarmErrorKind::disconnected, what};
        case ResponseResult::timeout:
            return {SwarmErrorKind::timeout, what};
        case ResponseResult::stopped:
            return {SwarmErrorKind::stopped, what};
    }
    assertion_failed("known ResponseResult", __FILE__, __LINE__, {});
}

libp2p::gossipsub::Verdict verdict_of(GossipVerdict verdict) {
    switch (verdict) {
        case GossipVerdict::accept:
            return libp2p::gossipsub::Verdict::accept;
        case GossipVerdict::ignore:
            return libp2p::gossipsub::Verdict::ignore;
        case GossipVerdict::reject:
            return libp2p::gossipsub::Verdict::reject;
    }
    assertion_failed("known GossipVerdict", __FILE__, __LINE__, {});
}

// Collects the answer to one request and gives it to whoever asked.
class Answer {
  public:
    Answer(const SwarmRequest& request, Reply<SwarmRequest::reply> reply)
        : chunks_max_(request.chunks_max),
          bytes_max_(request.bytes_max),
          reply_(std::move(reply)) {}

    void add(libp2p::ResponseChunk chunk) {
        if (++count_ > chunks_max_ || is_full_) return;
        bytes_ += chunk.data.size();
        is_full_ = bytes_ > bytes_max_ && !chunks_.empty();
        if (!is_full_) chunks_.push_back(response_chunk(std::move(chunk.data)));
    }

    void finish(const libp2p::ResponseEnd& /*end*/) {
        if (count_ > chunks_max_) {
            fail({SwarmErrorKind::malformed, "more chunks than asked for"});
        } else {
            std::move(reply_)(std::move(chunks_));
        }
    }

    void finish(const libp2p::RequestFailure& failure) {
        const SwarmErrorKind kind = kind_of(failure.kind);
        const bool has_broken_off =
            kind == SwarmErrorKind::timeout || kind == SwarmErrorKind::disconnected;
        if (has_broken_off && !chunks_.empty() && count_ <= chunks_max_) {
            std::move(reply_)(std::move(chunks_));
        } else {
            fail({kind, std::string{to_string(failure.kind)}});
        }
    }

  private:
    void fail(SwarmError error) { std::move(reply_)(std::unexpected(std::move(error))); }

    std::size_t chunks_max_;
    std::size_t bytes_max_;
    Reply<SwarmRequest::reply> reply_;
    std::vector<ResponseChunk> chunks_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    bool is_full_ = false;
};

}  // namespace

SwarmAdapterConfig swarm_adapter_config(const P2pConfig& config,
                                        Bytes public_key,
                                        std::string agent,
                                        const libp2p::Multiaddr& listen) {
    const NetworkProfile& profile = config.profile;
    SwarmAdapterConfig made{.swarm = {}, .listen = listen, .subscriptions = {}};
    made.swarm.public_key = std::move(public_key);
    made.swarm.agent_version = std::move(agent);
    made.swarm.gossip_transform = message_transform(profile);
    made.swarm.requests = swarm_protocols();
    for (const Topic& topic : all_topics(config)) {
        const std::size_t size = payload_size_max(topic.kind, profile.signature_size);
        // What snappy can make of it at worst.
        made.swarm.gossip.topics.push_back(
            {topic_name(profile.fork_digest, topic), 32 + size + size / 6});
    }
    for (const Topic& topic : subscribed_topics(config)) {
        made.subscriptions.push_back(topic_name(profile.fork_digest, topic));
    }
    return made;
}

SwarmAdapter::SwarmAdapter(SwarmAdapterConfig config,
                           libp2p::Reactor& reactor,
                           std::unique_ptr<libp2p::Transport> transport,
                           Random& random,
                           Metrics& metrics)
    : config_(std::move(config)),
      dropped_gossip_(metrics.counter("lepton_swarm_events_dropped_total",
                                      "Events the P2P actor did not take in time",
                                      {{"kind", "gossip"}})),
      dropped_requests_(metrics.counter("lepton_swarm_events_dropped_total",
                                        "Events the P2P actor did not take in time",
                                        {{"kind", "request"}})),
      queued_events_(
          metrics.gauge("lepton_swarm_events_queued", "Events that wait for the P2P actor")),
      swarm_(reactor,
             std::move(transport),
             random,
             metrics,
             config_.swarm,
             [this](libp2p::SwarmEvent event) { on_swarm(std::move(event)); }) {}

void SwarmAdapter::started(Context& context) {
    const auto address = swarm_.listen(config_.listen);
    if (!address) {
        context.fail(fmt::format(
            "listen on {} failed: {}", config_.listen.to_string(), address.error().what));
    }
    for (const std::string& topic : config_.subscriptions) swarm_.subscribe(topic);
    context.every("mesh", kMeshReportInterval, ReportMesh{});
    log::info("listening address={} peer={}", address->to_string(), swarm_.peer_id().to_base58());
}

void SwarmAdapter::stopped(const actor::ExitReason& reason, Context& /*context*/) noexcept {
    swarm_.stop();
    if (!demand_) return;
    std::move(*demand_).end({.source = "swarm",
                             .why = reason.is_failure() ? reason.text() : "stopped",
                             .is_failure = reason.is_failure()});
    demand_.reset();
}

// --- commands

void SwarmAdapter::handle(SwarmNextEvents next, Context& /*context*/) {
    if (next.is_first) forget_listener();
    demand_.emplace(std::move(next.demand));
    deliver_events();
}

SwarmPublish::Result SwarmAdapter::handle(SwarmPublish publish, Context& /*context*/) {
    const auto receipt = swarm_.publish(publish.topic, std::move(publish.data));
    if (!receipt) return {status_of(receipt.error()), 0};
    return {PublishStatus::published, receipt->peers};
}

void SwarmAdapter::handle(SwarmDial dial, Reply<SwarmDial::reply> reply, Context& /*context*/) {
    swarm_.dial(dial.address,
                [reply = std::move(reply)](const libp2p::DialOutcome& outcome) mutable {
                    if (outcome) {
                        std::move(reply)({});
                    } else {
                        std::move(reply)(std::unexpected(error_of(outcome.error())));
                    }
                });
}

void SwarmAdapter::handle(SwarmRequest request,
                          Reply<SwarmRequest::reply> reply,
                          Context& /*context*/) {
    swarm_.request(
        request.peer,
        protocol_id(request.protocol),
        encode_request(request.ssz),
        [this, answer = Answer(request, std::move(reply))](libp2p::RequestEvent event) mutable {
            if (auto* chunk = std::get_if<libp2p::ResponseChunk>(&event)) {
                const libp2p::RequestId id = chunk->request.id;
                answer.add(std::move(*chunk));
                swarm_.chunk_handled(id);
            } else if (const auto* end = std::get_if<libp2p::ResponseEnd>(&event)) {
                answer.finish(*end);
            } else {
                answer.finish(std::get<libp2p::RequestFailure>(event));
            }
        });
}

void SwarmAdapter::handle(SwarmRespond part,
                          Reply<SwarmRespond::reply> reply,
                          Context& /*context*/) {
    respond(std::move(part), std::move(reply));
}

void SwarmAdapter::respond(SwarmRespond part, Reply<SwarmRespond::reply> reply) {
    using Written = libp2p::ResponseChannel::Written;
    const auto at = inbound_.find(part.to.id);
    if (at == inbound_.end()) {
        std::move(reply)(
            std::unexpected(SwarmError{SwarmErrorKind::disconnected, "the request is over"}));
        return;
    }
    Inbound& inbound = at->second;
    LEPTON_ASSERT(!inbound.waiting, "one part at a time");
    const Written written =
        part.bytes.empty() ? Written::queued : inbound.channel.write(std::move(part.bytes));
    switch (written) {
        case Written::queued:
            if (part.is_last) {
                inbound.channel.finish();
                inbound_.erase(at);
            }
            std::move(reply)({});
            return;
        case Written::full:
            inbound.waiting.emplace(std::move(part), std::move(reply));
            return;
        case Written::gone:
            inbound_.erase(at);
            std::move(reply)(
                std::unexpected(SwarmError{SwarmErrorKind::disconnected, "the stream is gone"}));
            return;
    }
}

void SwarmAdapter::handle(SwarmVerdict verdict, Context& /*context*/) {
    swarm_.report_validation(verdict.id, verdict.peer, verdict_of(verdict.verdict));
}

void SwarmAdapter::handle(SwarmDisconnect disconnect, Context& /*context*/) {
    swarm_.disconnect(disconnect.peer, disconnect.why);
}

void SwarmAdapter::handle(ReportMesh /*report*/, Context& /*context*/) {
    std::set<PeerId> peers;
    for (const std::string& topic : config_.subscriptions) {
        const std::vector<PeerId> mesh = swarm_.mesh(topic);
        peers.insert(mesh.begin(), mesh.end());
    }
    // Only the latest is of interest: an older one that still waits is replaced.
    std::erase_if(
        events_, [](const SwarmEvent& event) { return std::holds_alternative<MeshReport>(event); });
    add_event(MeshReport{{peers.begin(), peers.end()}});
}

// --- events

void SwarmAdapter::on_swarm(libp2p::SwarmEvent event) {
    std::visit([this](auto& one) { on(std::move(one)); }, event);
}

void SwarmAdapter::on(libp2p::ConnectionEstablished event) {
    if (event.count > 1) return;
    peers_.insert_or_assign(event.peer, event.is_outbound);
    add_event(PeerConnected{std::move(event.peer), event.is_outbound});
}

void SwarmAdapter::on(libp2p::ConnectionClosed event) {
    if (event.remaining > 0) return;
    const auto at = peers_.find(event.peer);
    LEPTON_ASSERT(at != peers_.end());
    const bool is_outbound = at->second;
    peers_.erase(at);
    add_event(PeerDisconnected{std::move(event.peer), is_outbound, std::move(event.reason)});
}

void SwarmAdapter::on(libp2p::IncomingError event) {
    add_event(IncomingRefused{std::move(event.what)});
}

void SwarmAdapter::on(libp2p::PeerProtocols event) {
    log::debug("peer_identified peer={} agent={}",
               event.peer.to_base58(),
               log::quoted(event.info.agent_version));
}

void SwarmAdapter::on(libp2p::PeerSubscription /*event*/) {}

void SwarmAdapter::on(libp2p::GossipMessage event) {
    if (queued_gossip_ == kQueuedGossipMax ||
        queued_gossip_bytes_ + event.data.size() > kQueuedGossipBytesMax) {
        dropped_gossip_.Increment();
        swarm_.report_validation(event.id, event.peer, libp2p::gossipsub::Verdict::ignore);
        return;
    }
    ++queued_gossip_;
    queued_gossip_bytes_ += event.data.size();
    add_event(GossipReceived{{std::move(event.topic),
                              event.id,
                              std::move(event.data),
                              event.raw_size,
                              std::move(event.peer)}});
}

void SwarmAdapter::on(libp2p::InboundRequest event) {
    if (inbound_.size() == kInboundRequestsMax) {
        // Letting go of the channel resets the stream.
        dropped_requests_.Increment();
        return;
    }
    const auto protocol = parse_protocol_id(event.request.protocol);
    LEPTON_ASSERT(protocol.has_value(), event.request.protocol);
    inbound_.emplace(event.request.id, Inbound{std::move(event.channel), std::nullopt});
    add_event(RequestReceived{{event.request.id, std::move(event.request.peer), *protocol},
                              std::move(event.data)});
}

void SwarmAdapter::on(libp2p::ResponseWritable event) {
    const auto at = inbound_.find(event.request.id);
    if (at == inbound_.end() || !at->second.waiting) return;
    Waiting waiting = *std::exchange(at->second.waiting, std::nullopt);
    respond(std::move(waiting.part), std::move(waiting.reply));
}

void SwarmAdapter::on(libp2p::ResponseOutcome event) {
    if (event.result != libp2p::ResponseResult::sent) {
        log::debug("response_ended peer={} protocol={} request={} result={}",
                   event.request.peer.to_base58(),
                   event.request.protocol,
                   event.request.id,
                   to_string(event.result));
    }
    const auto at = inbound_.find(event.request.id);
    if (at == inbound_.end()) return;
    std::optional<Waiting> waiting = std::move(at->second.waiting);
    inbound_.erase(at);
    if (waiting) std::move(waiting->reply)(std::unexpected(error_of(event.result)));
}

void SwarmAdapter::add_event(SwarmEvent event) {
    events_.push_back(std::move(event));
    deliver_events();
}

void SwarmAdapter::deliver_events() {
    if (demand_ && !events_.empty()) {
        SwarmEvents batch;
        while (!events_.empty() && batch.events.size() < kEventsPerBatchMax) {
            SwarmEvent& event = events_.front();
            if (const auto* gossip = std::get_if<GossipReceived>(&event)) {
                --queued_gossip_;
                queued_gossip_bytes_ -= gossip->message.data.size();
            }
            batch.events.push_back(std::move(event));
            events_.pop_front();
        }
        auto demand = *std::exchange(demand_, std::nullopt);
        std::move(demand).item(std::move(batch));
    }
    queued_events_.Set(static_cast<double>(events_.size()));
}

void SwarmAdapter::forget_listener() {
    for (const SwarmEvent& event : std::exchange(events_, {})) {
        if (const auto* gossip = std::get_if<GossipReceived>(&event)) {
            dropped_gossip_.Increment();
            swarm_.report_validation(
                gossip->message.id, gossip->message.peer, libp2p::gossipsub::Verdict::ignore);
        }
    }
    queued_gossip_ = 0;
    queued_gossip_bytes_ = 0;
    dropped_requests_.Increment(static_cast<double>(inbound_.size()));
    // The requests that an earlier listener did not answer are reset with their channels.
    inbound_.clear();
    for (const auto& [peer, is_outbound] : peers_) {
        events_.emplace_back(PeerConnected{peer, is_outbound});
    }
}

}  // namespace lepton::p2p
