// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The P2P actor: a shell around P2p that turns messages into calls, commands into asks to the swarm
// adapter, and next_due into one timer. Only node/ sees this type; others hold Recipients of the
// messages it accepts. Runs on the actor pool.
#pragma once

#include "actor/context.hpp"
#include "p2p/p2p.hpp"
#include "p2p/swarm_adapter.hpp"

#include <memory>
#include <optional>

namespace lepton::p2p {

class P2pActor {
  public:
    /// Publishing has classes of its own, so that nothing a peer sends can displace an own message.
    using accepts = actor::Accepts<
        actor::On<network_api::PublishBlock, kOwnBlocksMax>,
        actor::On<network_api::PublishAttestation, kOwnAttestationsMax>,
        actor::On<network_api::PublishAggregatedAttestation, kOwnAggregatesMax>,
        actor::On<network_api::FetchBlock, kFetchesMax>,
        actor::On<network_api::GossipVerdictMessage, kSwarmVerdictsMax>,
        actor::On<network_api::ReportPeer, kReportsMax, actor::Overflow::drop_oldest>>;
    using Context = actor::Context<P2pActor>;

    /// What `world` refers to must outlive the actor; its Random belongs to this actor alone.
    P2pActor(P2pConfig config,
             VerifierRecipients verifier,
             SwarmRecipients swarm,
             const P2pWorld& world);
    P2pActor(const P2pActor&) = delete;
    P2pActor& operator=(const P2pActor&) = delete;

    void started(Context& context);
    void stopped(const actor::ExitReason& reason, Context& context) noexcept;

    void handle(network_api::PublishBlock message,
                actor::Reply<network_api::PublishOutcome> reply,
                Context& context);
    void handle(network_api::PublishAttestation message,
                actor::Reply<network_api::PublishOutcome> reply,
                Context& context);
    void handle(network_api::PublishAggregatedAttestation message,
                actor::Reply<network_api::PublishOutcome> reply,
                Context& context);
    void handle(network_api::FetchBlock message,
                actor::Reply<network_api::FetchOutcome> reply,
                Context& context);
    void handle(network_api::GossipVerdictMessage message, Context& context);
    void handle(network_api::ReportPeer message, Context& context);

    void handle(SwarmEvents events, Context& context);
    void handle(actor::SourceEnd end, Context& context);

    struct Due {};
    void handle(Due due, Context& context);

  private:
    template <class M>
    void publish(M message, actor::Reply<network_api::PublishOutcome> reply, Context& context);

    /// Passes the commands on and sets the timer: after every turn.
    void flush(Context& context);
    void execute(Asked<SwarmPublish> asked, Context& context);
    void execute(Asked<SwarmDial> asked, Context& context);
    void execute(Asked<SwarmRequest> asked, Context& context);
    void execute(Asked<SwarmRespond> asked, Context& context);
    void execute(SwarmVerdict verdict, Context& context);
    void execute(SwarmDisconnect disconnect, Context& context);
    /// Asks the adapter; the continuation gets `to_reply(error)` when there was no answer.
    template <class M, class ToReply>
    void ask(const actor::Recipient<M>& to,
             Asked<M> asked,
             Duration timeout,
             ToReply to_reply,
             Context& context);

    SwarmRecipients swarm_;
    P2p p2p_;
    std::optional<Time> armed_;
};

}  // namespace lepton::p2p
