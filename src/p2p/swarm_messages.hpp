// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the P2P actor and the swarm adapter say to each other. Every command whose outcome matters
// is an ask: the outcome comes back to whoever asked, whatever it is. Events go the other way, in
// batches, when the P2P actor asks for more. Values that move between threads.
#pragma once

#include "actor/source.hpp"
#include "libp2p/gossipsub/router.hpp"
#include "libp2p/multiaddr.hpp"
#include "libp2p/peer_id.hpp"
#include "libp2p/transport.hpp"
#include "network_api/messages.hpp"
#include "p2p/request_codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lepton::p2p {

enum class SwarmErrorKind : std::uint8_t {
    /// This node's network part has ended. Not to be retried.
    stopped,
    /// A limit of this node: too many dials, requests or commands at a time.
    busy,
    timeout,
    /// There is no connection to the peer, or it was lost.
    disconnected,
    /// The peer does not speak the protocol.
    unsupported,
    /// The peer sent something that is no answer.
    malformed,
    /// The dial failed, or the peer turned out to be another one.
    unreachable,
};
std::string_view to_string(SwarmErrorKind kind);

struct SwarmError {
    SwarmErrorKind kind = SwarmErrorKind::stopped;
    /// One line for the log.
    std::string what;
};

/// A request of a peer that is to be answered. The id is never used twice.
struct InboundRequest {
    std::uint64_t id = 0;
    libp2p::PeerId peer;
    RequestProtocol protocol = RequestProtocol::status;
};

// --- P2P actor → swarm adapter

struct SwarmPublish {
    struct Result {
        network_api::PublishStatus status = network_api::PublishStatus::stopped;
        /// Peers it was queued for.
        std::size_t peers = 0;
    };
    using reply = Result;
    std::string topic;
    /// As it goes over the wire.
    Bytes data;
};

/// Connects to a peer. The answer comes when the connection is up or has failed; a connected peer
/// is told by an event as well.
struct SwarmDial {
    using reply = Result<void, SwarmError>;
    libp2p::Multiaddr address;
};

/// Sends one request and collects the answer. What has come of an answer that breaks off in time or
/// with the connection is an answer too, if it is anything.
struct SwarmRequest {
    using reply = Result<std::vector<ResponseChunk>, SwarmError>;
    libp2p::PeerId peer;
    RequestProtocol protocol = RequestProtocol::status;
    /// The request, not yet encoded.
    Bytes ssz;
    /// Chunks that the answer may have; more make it malformed.
    std::size_t chunks_max = 1;
    /// Bytes of the answer that are kept: what exceeds them is left out, except in the first chunk.
    std::size_t bytes_max = kMaxPayloadSize;
};

/// Sends a part of the answer to a request of a peer. The answer comes once more can be sent
/// without piling up, or when the request is over.
struct SwarmRespond {
    using reply = Result<void, SwarmError>;
    InboundRequest to;
    /// Encoded chunks.
    Bytes bytes;
    /// Finishes the answer behind `bytes`.
    bool is_last = false;
};

/// The verdict on a gossip message. Has no outcome: a verdict that comes too late is counted by the
/// router.
struct SwarmVerdict {
    Bytes20 id{};
    libp2p::PeerId peer;
    GossipVerdict verdict = GossipVerdict::ignore;
};

/// Closes every connection to the peer; PeerDisconnected follows.
struct SwarmDisconnect {
    libp2p::PeerId peer;
    std::string why;
};

// --- swarm adapter → P2P actor

/// The first connection to the peer is up.
struct PeerConnected {
    libp2p::PeerId peer;
    /// True when this node dialled.
    bool is_outbound = false;
};

/// The last connection to the peer has ended.
struct PeerDisconnected {
    libp2p::PeerId peer;
    bool is_outbound = false;
    libp2p::CloseReason reason;
};

/// A new gossip message, to be judged with SwarmVerdict.
struct GossipReceived {
    libp2p::gossipsub::Delivery message;
};

/// A request of a peer, to be answered with SwarmRespond.
struct RequestReceived {
    InboundRequest request;
    Bytes ssz;
};

/// A peer that dialled was not let in.
struct IncomingRefused {
    std::string what;
};

/// The peers in the mesh of any topic, at intervals.
struct MeshReport {
    std::vector<libp2p::PeerId> peers;
};

using SwarmEvent = std::variant<PeerConnected,
                                PeerDisconnected,
                                GossipReceived,
                                RequestReceived,
                                IncomingRefused,
                                MeshReport>;

/// In the order in which they happened.
struct SwarmEvents {
    std::vector<SwarmEvent> events;
};

/// Asks for the next events; answered as soon as there is one.
struct SwarmNextEvents {
    actor::Demand<SwarmEvents> demand;
    /// A new listener: it learns of the connected peers first, and requests that were given to an
    /// earlier one are dropped.
    bool is_first = false;
};

}  // namespace lepton::p2p
