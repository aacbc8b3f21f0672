// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A peer program on lepton's own libp2p, configured like the swarm of a node: JSON commands in,
// JSON events out (tests/interop/README.md). It judges no message: every one is accepted, after a
// delay that a command may set. Reactor thread.
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/swarm.hpp"
#include "p2p/request_codec.hpp"

#include <boost/json.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace lepton::interop {

class Peer {
  public:
    using Emit = std::function<void(const boost::json::object&)>;

    /// `reactor`, `random`, `identity` and `metrics` must outlive the peer; `emit` gets the events.
    Peer(libp2p::Reactor& reactor,
         std::unique_ptr<libp2p::Transport> transport,
         Random& random,
         const libp2p::Identity& identity,
         Metrics& metrics,
         Emit emit);

    /// Binds `address` and tells `ready`.
    Result<void, IoError> listen(const libp2p::Multiaddr& address);

    /// Carries out one command. Returns false when it was `quit`. What is wrong with it is told by
    /// an `error` event.
    bool command(std::string_view line);

    void stop() { swarm_.stop(); }

  private:
    struct Response {
        libp2p::ResponseChannel channel;
        std::deque<Bytes> chunks;
    };
    /// A request of this peer.
    struct Question {
        std::string id;
        boost::json::array chunks;
    };

    void run(const boost::json::object& command);
    void dial(const std::string& address);
    void publish(const boost::json::object& command);
    /// Sends `bytes`, as they are, on a stream of `protocol`; a `response` tells what came of it.
    void send(const libp2p::PeerId& peer, std::string_view protocol, Bytes bytes, std::string id);

    void on_event(libp2p::SwarmEvent event);
    void on_event(const libp2p::ConnectionEstablished& event);
    void on_event(const libp2p::ConnectionClosed& event);
    void on_event(const libp2p::PeerProtocols& event);
    void on_event(const libp2p::PeerSubscription& event);
    void on_event(const libp2p::GossipMessage& event);
    void on_event(libp2p::InboundRequest event);
    void on_answer(const std::shared_ptr<Question>& question, libp2p::RequestEvent event);
    /// Returns the whole answer to a request, as it goes over the wire.
    std::deque<Bytes> answer(p2p::RequestProtocol protocol, ByteView payload) const;
    void write_chunks(libp2p::RequestId id);

    libp2p::Reactor& reactor_;
    libp2p::Identity identity_;
    Metrics& metrics_;
    Emit emit_;
    std::set<std::string, std::less<>> topics_;
    Duration verdict_delay_ = Duration::zero();
    Bytes status_;
    std::map<Bytes, Bytes> blocks_;
    std::map<libp2p::RequestId, Response> responses_;
    /// The last member: it tells nothing to what is gone.
    libp2p::Swarm swarm_;
};

}  // namespace lepton::interop
