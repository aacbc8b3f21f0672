// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The network node: connections, identify, ping, gossip, requests. Commands go in as calls, events
// come out through one handler; every command has an outcome. It decides nothing about the content
// of what it carries. Reactor thread; the event handler and all callbacks are called from the
// reactor's loop, never from within a call (except stop), and may call any command but stop.
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/connection_pool.hpp"
#include "libp2p/gossipsub/router.hpp"
#include "libp2p/identify.hpp"
#include "libp2p/ping.hpp"
#include "libp2p/request_response/client.hpp"
#include "libp2p/request_response/server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lepton::libp2p {

namespace gossipsub {
class Links;
}
class IdentifyService;

struct SwarmConfig {
    /// This node's identity key in protobuf form; its peer id follows from it.
    Bytes public_key;
    std::string protocol_version = "/ipfs/0.1.0";
    std::string agent_version;
    ConnectionLimits limits;
    gossipsub::Config gossip;
    gossipsub::MessageTransform gossip_transform;
    std::vector<RequestProtocol> requests;
};

// ---- events

struct ConnectionEstablished {
    PeerId peer;
    /// True when this node dialled.
    bool is_outbound = false;
    /// Connections to the peer, this one included; 1: the peer is new.
    std::size_t count = 0;
};

struct ConnectionClosed {
    PeerId peer;
    CloseReason reason;
    /// Connections to the peer that are left; 0: the peer is gone.
    std::size_t remaining = 0;
};

/// A peer that dialled was not let in.
struct IncomingError {
    Multiaddr address;
    std::string what;
};

/// What a peer says about itself; again when it has changed.
struct PeerProtocols {
    PeerId peer;
    IdentifyInfo info;
};

/// A peer subscribed to, or left, one of the topics of SwarmConfig::gossip.
struct PeerSubscription {
    PeerId peer;
    std::string topic;
    bool subscribed = false;
};

/// A gossip message that waits for its verdict. What a peer may have waiting is bounded by the
/// gossip router, so these events are bounded too.
struct GossipMessage {
    std::string topic;
    gossipsub::MessageId id{};
    /// As the transform made it.
    Bytes data;
    /// Size on the wire.
    std::size_t raw_size = 0;
    PeerId peer;
};

using SwarmEvent = std::variant<ConnectionEstablished,
                                ConnectionClosed,
                                IncomingError,
                                PeerProtocols,
                                PeerSubscription,
                                GossipMessage,
                                InboundRequest,
                                ResponseWritable,
                                ResponseOutcome>;

class Swarm {
  public:
    using OnEvent = std::move_only_function<void(SwarmEvent)>;

    /// `reactor`, `random` and `metrics` must outlive the swarm.
    Swarm(Reactor& reactor,
          std::unique_ptr<Transport> transport,
          Random& random,
          Metrics& metrics,
          SwarmConfig config,
          OnEvent on_event);
    /// As stop().
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    const PeerId& peer_id() const { return self_; }

    /// Accepts connections at `address` (port 0: any); returns the address in use.
    Result<Multiaddr, IoError> listen(const Multiaddr& address);

    /// Connects to `address`. `done` is called exactly once: success also when the peer is
    /// connected already; a dial of the same peer that is under way is joined.
    void dial(const Multiaddr& address, ConnectionPool::DialDone done);

    /// Closes every connection to `peer`; ConnectionClosed follows for each.
    void disconnect(const PeerId& peer, std::string_view why);

    /// Measures the round-trip time. `done` is called exactly once.
    void ping(const PeerId& peer, PingService::Done done);

    // ---- gossip; topics have to be in SwarmConfig::gossip

    void subscribe(std::string_view topic);
    void unsubscribe(std::string_view topic);
    /// Queues an own message for its peers.
    /// Input: data: as on the wire
    Result<gossipsub::PublishReceipt, gossipsub::PublishError> publish(std::string_view topic,
                                                                       Bytes data);
    /// The verdict on a GossipMessage; expected within gossipsub::kVerdictTimeout.
    void report_validation(const gossipsub::MessageId& id,
                           const PeerId& peer,
                           gossipsub::Verdict verdict);
    /// Peers in the mesh of `topic`, ascending.
    std::vector<PeerId> mesh(std::string_view topic) const { return router_.mesh(topic); }

    // ---- requests; protocols have to be in SwarmConfig::requests

    /// Sends `encoded` (a whole request as on the wire) to `peer`. `on_event` gets any number of
    /// chunks and exactly one final event.
    RequestId request(const PeerId& peer,
                      std::string_view protocol,
                      Bytes encoded,
                      RequestClient::OnEvent on_event);
    /// To be called once for each ResponseChunk, when the next one may come.
    void chunk_handled(RequestId id) { client_.chunk_handled(id); }

    // ---- state

    bool is_connected(const PeerId& peer) const { return pool_.is_connected(peer); }
    std::size_t peer_count() const { return pool_.peer_count(); }
    std::size_t requests_in_flight() const { return client_.active(); }
    std::size_t responses_in_flight() const { return server_.active(); }

    /// Closes everything. Outcomes that are still owed (dials, pings, requests, responses) are told
    /// before it returns; no event follows. Not from within the event handler or a callback.
    void stop();

  private:
    void emit(SwarmEvent event);
    void on_stream(Connection& connection, NegotiatedStream stream);
    void on_effects(gossipsub::Effects effects);
    bool is_supported(std::string_view protocol) const;
    std::vector<std::string> protocols() const;
    void settle_gossip();
    Time now() const { return reactor_.clock().now(); }

    Reactor& reactor_;
    SwarmConfig config_;
    PeerId self_;
    OnEvent on_event_;
    std::vector<Multiaddr> listen_addresses_;
    /// Commands are refused.
    bool is_stopped_ = false;
    /// Events are over.
    bool is_silent_ = false;
    DeferQueue later_;
    TaskSet tasks_;
    ConnectionPool pool_;
    gossipsub::Router router_;
    std::unique_ptr<gossipsub::Links> links_;
    std::unique_ptr<IdentifyService> identify_;
    PingService ping_;
    RequestClient client_;
    RequestServer server_;
};

}  // namespace lepton::libp2p
