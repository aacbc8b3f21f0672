// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/swarm.hpp"

#include "base/assert.hpp"
#include "libp2p/gossipsub/links.hpp"
#include "libp2p/identify_service.hpp"

#include <algorithm>

namespace lepton::libp2p {

Swarm::Swarm(Reactor& reactor,
             std::unique_ptr<Transport> transport,
             Random& random,
             Metrics& metrics,
             SwarmConfig config,
             OnEvent on_event)
    : reactor_(reactor),
      config_(std::move(config)),
      self_(PeerId::from_public_key(config_.public_key)),
      on_event_(std::move(on_event)),
      later_(reactor),
      tasks_(later_),
      pool_(reactor,
            std::move(transport),
            self_,
            config_.limits,
            tasks_,
            later_,
            metrics,
            ConnectionPool::Events{
                [this](const PeerId& peer, bool is_outbound, std::size_t count) {
                    if (count == 1) {
                        links_->add_peer(peer, is_outbound);
                        identify_->ask(peer);
                    }
                    emit(ConnectionEstablished{peer, is_outbound, count});
                },
                [this](const PeerId& peer, const CloseReason& reason, std::size_t remaining) {
                    if (remaining == 0) {
                        links_->remove_peer(peer);
                    } else {
                        links_->connection_lost(peer);
                    }
                    emit(ConnectionClosed{peer, reason, remaining});
                },
                [this](const Multiaddr& address, std::string_view why) {
                    emit(IncomingError{address, std::string(why)});
                },
                [this](Connection& connection, NegotiatedStream stream) {
                    on_stream(connection, std::move(stream));
                },
                [this](std::string_view protocol) { return is_supported(protocol); }}),
      router_(config_.gossip, self_, config_.gossip_transform, random, metrics),
      links_(std::make_unique<gossipsub::Links>(
          reactor,
          router_,
          config_.gossip.heartbeat,
          pool_,
          tasks_,
          metrics,
          [this](gossipsub::Effects effects) { on_effects(std::move(effects)); })),
      identify_(std::make_unique<IdentifyService>(reactor,
                                                  pool_,
                                                  tasks_,
                                                  metrics,
                                                  [this](const PeerId& peer, IdentifyInfo info) {
                                                      emit(PeerProtocols{peer, std::move(info)});
                                                  })),
      ping_(reactor, random, pool_, tasks_, later_),
      client_(reactor, config_.requests, pool_, tasks_, later_, metrics),
      server_(reactor, config_.requests, tasks_, metrics, [this](ServerEvent event) {
          std::visit([this](auto& each) { emit(std::move(each)); }, event);
      }) {}

Swarm::~Swarm() {
    stop();
}

void Swarm::emit(SwarmEvent event) {
    if (is_silent_) return;
    later_.add([this, event = std::move(event)]() mutable { on_event_(std::move(event)); });
}

// ---- commands

Result<Multiaddr, IoError> Swarm::listen(const Multiaddr& address) {
    auto used = pool_.listen(address);
    if (used) {
        Multiaddr told = *used;
        told.peer_id.reset();
        listen_addresses_.push_back(std::move(told));
    }
    return used;
}

void Swarm::dial(const Multiaddr& address, ConnectionPool::DialDone done) {
    pool_.dial(address, std::move(done));
}

void Swarm::disconnect(const PeerId& peer, std::string_view why) {
    pool_.disconnect(peer, why);
}

void Swarm::ping(const PeerId& peer, PingService::Done done) {
    ping_.ask(peer, std::move(done));
}

void Swarm::subscribe(std::string_view topic) {
    router_.subscribe(topic, now());
    settle_gossip();
}

void Swarm::unsubscribe(std::string_view topic) {
    router_.unsubscribe(topic, now());
    settle_gossip();
}

Result<gossipsub::PublishReceipt, gossipsub::PublishError> Swarm::publish(std::string_view topic,
                                                                          Bytes data) {
    if (is_stopped_) return std::unexpected(gossipsub::PublishError::stopped);
    auto result = router_.publish(topic, std::move(data), now());
    settle_gossip();
    return result;
}

void Swarm::report_validation(const gossipsub::MessageId& id,
                              const PeerId& peer,
                              gossipsub::Verdict verdict) {
    router_.report_validation(id, peer, verdict, now());
    settle_gossip();
}

void Swarm::settle_gossip() {
    if (!is_stopped_) links_->settle();
}

RequestId Swarm::request(const PeerId& peer,
                         std::string_view protocol,
                         Bytes encoded,
                         RequestClient::OnEvent on_event) {
    return client_.request(peer, protocol, std::move(encoded), std::move(on_event));
}

// ---- streams of peers

bool Swarm::is_supported(std::string_view protocol) const {
    return std::ranges::find(
               gossipsub::kProtocols, protocol, [](const auto& each) { return each.first; }) !=
               gossipsub::kProtocols.end() ||
           protocol == kIdentifyProtocol || protocol == kIdentifyPushProtocol ||
           protocol == kPingProtocol || server_.is_registered(protocol);
}

std::vector<std::string> Swarm::protocols() const {
    std::vector<std::string> result;
    for (const auto& [name, version] : gossipsub::kProtocols) result.emplace_back(name);
    result.emplace_back(kIdentifyProtocol);
    result.emplace_back(kIdentifyPushProtocol);
    result.emplace_back(kPingProtocol);
    for (const RequestProtocol& protocol : config_.requests) result.push_back(protocol.id);
    return result;
}

void Swarm::on_stream(Connection& connection, NegotiatedStream stream) {
    const PeerId& peer = connection.peer_id();
    if (stream.protocol == kIdentifyProtocol) {
        Multiaddr observed = connection.remote_address();
        observed.peer_id.reset();
        identify_->answer(std::move(stream),
                          {config_.protocol_version,
                           config_.agent_version,
                           config_.public_key,
                           listen_addresses_,
                           std::move(observed),
                           protocols()});
    } else if (stream.protocol == kIdentifyPushProtocol) {
        identify_->read(peer, std::move(stream));
    } else if (stream.protocol == kPingProtocol) {
        ping_.answer(peer, std::move(stream));
    } else if (server_.is_registered(stream.protocol)) {
        server_.on_stream(peer, std::move(stream));
    } else {
        links_->on_stream(peer, std::move(stream));
    }
}

void Swarm::on_effects(gossipsub::Effects effects) {
    for (gossipsub::SubscriptionChange& change : effects.subscriptions) {
        emit(PeerSubscription{std::move(change.peer), std::move(change.topic), change.subscribed});
    }
    for (gossipsub::Delivery& delivery : effects.deliveries) {
        emit(GossipMessage{std::move(delivery.topic),
                           delivery.id,
                           std::move(delivery.data),
                           delivery.raw_size,
                           std::move(delivery.peer)});
    }
    for (const gossipsub::DisconnectAdvice& advice : effects.disconnects) {
        pool_.disconnect(advice.peer, "gossipsub: " + advice.why);
    }
}

void Swarm::stop() {
    LEPTON_ASSERT(!later_.is_running(), "stop from within an event");
    if (std::exchange(is_stopped_, true)) return;
    client_.stop();
    server_.stop();
    ping_.stop();
    later_.drain();
    is_silent_ = true;
    tasks_.clear();
    links_.reset();
    pool_.stop();
    later_.drain();
}

}  // namespace lepton::libp2p
