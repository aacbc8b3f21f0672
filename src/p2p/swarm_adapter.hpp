// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The actor that owns the network: it turns typed commands into calls of the swarm and answers each
// with its outcome, and collects the swarm's events until the P2P actor asks for them. No decision
// is made here. It must be given the scheduler whose one thread the reactor belongs to.
#pragma once

#include "actor/context.hpp"
#include "libp2p/swarm.hpp"
#include "p2p/limits.hpp"
#include "p2p/p2p_config.hpp"
#include "p2p/swarm_messages.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::p2p {

struct SwarmAdapterConfig {
    libp2p::SwarmConfig swarm;
    libp2p::Multiaddr listen;
    /// Names of topics, all of them in SwarmConfig::gossip.
    std::vector<std::string> subscriptions;
};

/// Returns what a node of `config` runs: the topics and protocols of the network.
/// Input: public_key: identity key in protobuf form (libp2p::Identity::public_key_protobuf);
///        agent: name and version that peers are told
SwarmAdapterConfig swarm_adapter_config(const P2pConfig& config,
                                        Bytes public_key,
                                        std::string agent,
                                        const libp2p::Multiaddr& listen);

class SwarmAdapter {
  public:
    /// Own messages are never displaced by others; each class fits what the P2P actor can have
    /// under way at a time.
    using accepts = actor::Accepts<actor::On<SwarmNextEvents, 4>,
                                   actor::On<SwarmPublish, kSwarmPublishMax>,
                                   actor::On<SwarmDial, kSwarmDialsMax>,
                                   actor::On<SwarmRequest, kSwarmRequestsMax>,
                                   actor::On<SwarmRespond, kSwarmResponsesMax>,
                                   actor::On<SwarmVerdict, kSwarmVerdictsMax>,
                                   actor::On<SwarmDisconnect, kSwarmDisconnectsMax>>;
    using Context = actor::Context<SwarmAdapter>;

    /// References must outlive the adapter. `random` belongs to the reactor's thread.
    SwarmAdapter(SwarmAdapterConfig config,
                 libp2p::Reactor& reactor,
                 std::unique_ptr<libp2p::Transport> transport,
                 Random& random,
                 Metrics& metrics);
    SwarmAdapter(const SwarmAdapter&) = delete;
    SwarmAdapter& operator=(const SwarmAdapter&) = delete;

    /// Listens and subscribes; fails when the address cannot be had.
    void started(Context& context);
    /// Closes every connection. What is still owed is answered first.
    void stopped(const actor::ExitReason& reason, Context& context) noexcept;

    void handle(SwarmNextEvents next, Context& context);
    SwarmPublish::Result handle(SwarmPublish publish, Context& context);
    void handle(SwarmDial dial, actor::Reply<SwarmDial::reply> reply, Context& context);
    void handle(SwarmRequest request, actor::Reply<SwarmRequest::reply> reply, Context& context);
    void handle(SwarmRespond respond, actor::Reply<SwarmRespond::reply> reply, Context& context);
    void handle(SwarmVerdict verdict, Context& context);
    void handle(SwarmDisconnect disconnect, Context& context);

    struct ReportMesh {};
    void handle(ReportMesh report, Context& context);

  private:
    /// A part of an answer that did not fit yet.
    struct Waiting {
        SwarmRespond part;
        actor::Reply<SwarmRespond::reply> reply;
    };
    struct Inbound {
        libp2p::ResponseChannel channel;
        std::optional<Waiting> waiting;
    };

    void on_swarm(libp2p::SwarmEvent event);
    void on(libp2p::ConnectionEstablished event);
    void on(libp2p::ConnectionClosed event);
    void on(libp2p::IncomingError event);
    void on(libp2p::PeerProtocols event);
    void on(libp2p::PeerSubscription event);
    void on(libp2p::GossipMessage event);
    void on(libp2p::InboundRequest event);
    void on(libp2p::ResponseWritable event);
    void on(libp2p::ResponseOutcome event);

    void respond(SwarmRespond part, actor::Reply<SwarmRespond::reply> reply);
    void add_event(SwarmEvent event);
    void deliver_events();
    /// Starts over with a new listener.
    void forget_listener();

    SwarmAdapterConfig config_;
    Counter& dropped_gossip_;
    Counter& dropped_requests_;
    Gauge& queued_events_;
    std::optional<actor::Demand<SwarmEvents>> demand_;
    std::deque<SwarmEvent> events_;
    std::size_t queued_gossip_ = 0;
    std::size_t queued_gossip_bytes_ = 0;
    /// Connected peers, and whether this node dialled them.
    std::map<libp2p::PeerId, bool> peers_;
    std::map<std::uint64_t, Inbound> inbound_;
    /// The last member: it goes first, and calls back until it is gone.
    libp2p::Swarm swarm_;
};

/// The adapter's side as the P2P actor sees it.
struct SwarmRecipients {
    actor::Recipient<SwarmPublish> publish;
    actor::Recipient<SwarmDial> dial;
    actor::Recipient<SwarmRequest> request;
    actor::Recipient<SwarmRespond> respond;
    actor::Recipient<SwarmVerdict> verdict;
    actor::Recipient<SwarmDisconnect> disconnect;
    actor::Recipient<SwarmNextEvents> next_events;

    /// `adapter`: of an actor or of its fake, whatever accepts these messages.
    template <class A>
    explicit SwarmRecipients(const actor::ActorRef<A>& adapter)
        : publish(adapter),
          dial(adapter),
          request(adapter),
          respond(adapter),
          verdict(adapter),
          disconnect(adapter),
          next_events(adapter) {}
};

}  // namespace lepton::p2p
