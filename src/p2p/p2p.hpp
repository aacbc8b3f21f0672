// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The logic of the P2P actor: what to make of gossip, requests and peers. A plain class without
// threads, timers or I/O: events and messages go in, commands for the swarm come out with what to
// do once their outcome is known, and the owner calls on_time when next_due has come. One thread.
#pragma once

#include "actor/ref.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "libp2p/decode_failures.hpp"
#include "network_api/chain_view.hpp"
#include "network_api/messages.hpp"
#include "p2p/block_fetches.hpp"
#include "p2p/block_server.hpp"
#include "p2p/gossip_checks.hpp"
#include "p2p/p2p_config.hpp"
#include "p2p/p2p_metrics.hpp"
#include "p2p/peer_book.hpp"
#include "p2p/range_sync.hpp"
#include "p2p/swarm_messages.hpp"
#include "storage/block_reader.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lepton::p2p {

/// A command, and what to do with its outcome; `then` is called exactly once, or never when the
/// P2p object is gone.
template <class M>
struct Asked {
    M message;
    std::move_only_function<void(typename M::reply)> then;
};
using SwarmCommand = std::variant<Asked<SwarmPublish>,
                                  Asked<SwarmDial>,
                                  Asked<SwarmRequest>,
                                  Asked<SwarmRespond>,
                                  SwarmVerdict,
                                  SwarmDisconnect>;

/// The verifier's side: what goes there.
struct VerifierRecipients {
    actor::Recipient<network_api::ReceivedBlock> blocks;
    actor::Recipient<network_api::ReceivedAttestation> attestations;
    actor::Recipient<network_api::ReceivedAggregatedAttestation> aggregated_attestations;
};

/// What P2p works with. References must outlive it.
struct P2pWorld {
    const network_api::ChainViewSnapshot& chain;
    const storage::BlockReader& blocks;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
};

class P2p {
  public:
    using PublishDone = std::move_only_function<void(network_api::PublishOutcome)>;
    using FetchDone = BlockFetches::Done;

    P2p(P2pConfig config, VerifierRecipients verifier, const P2pWorld& world);
    P2p(const P2p&) = delete;
    P2p& operator=(const P2p&) = delete;

    void on_events(SwarmEvents batch);

    /// Publishes; `done` hears the outcome once the router has handled the message. Success is
    /// logged and counted then, not before.
    void publish(network_api::PublishBlock message, PublishDone done);
    void publish(network_api::PublishAttestation message, PublishDone done);
    void publish(network_api::PublishAggregatedAttestation message, PublishDone done);

    /// Asks peers for a block until it is here or the attempts are used up. A block that comes goes
    /// to the verifier.
    void fetch(const network_api::FetchBlock& message, FetchDone done);

    /// Hands a verdict on to the router; the sender pays what the reason's row says.
    void on_verdict(const network_api::GossipVerdictMessage& message);
    void on_report(const network_api::ReportPeer& message);

    /// Does what is due.
    void on_time();
    /// Returns when on_time is to be called if nothing else happens.
    std::optional<Time> next_due() const;

    /// Tells everybody who waits for a block that this node stops.
    void stop() { fetches_.stop(); }

    /// Returns the commands for the swarm since the last call, in order.
    std::vector<SwarmCommand> take_commands();

    // For tests and assertions of the owner.
    const PeerBook& peers() const { return book_; }
    const BlockFetches& fetches() const { return fetches_; }
    const BlockServer& server() const { return server_; }
    const RangeSync& range() const { return range_; }

  private:
    struct Peer {
        /// Its id in base58, as the messages to other actors carry it.
        std::string name;
        bool is_outbound = false;
        /// When to ask for its status; absent while a request is in flight.
        std::optional<Time> status_due;
        bool has_status = false;
        /// False once it turned out not to speak BlocksByRange.
        bool has_range = true;
        /// Messages of this connection that were refused, by reason.
        std::map<std::string_view, std::uint64_t> refused;
    };

    void on_event(PeerConnected event);
    void on_event(PeerDisconnected event);
    void on_event(GossipReceived event);
    void on_event(RequestReceived event);
    void on_event(IncomingRefused event);
    void on_event(MeshReport event);

    void publish_payload(const Topic& topic,
                         ByteView ssz,
                         network_api::PublishOutcome outcome,
                         PublishDone done);
    void on_published(network_api::PublishOutcome& outcome, const SwarmPublish::Result& result);

    /// Hands a checked message to the verifier; false when it is full.
    bool send_to_verifier(DecodedGossip message, const libp2p::gossipsub::Delivery& delivery);
    void refuse_gossip(const libp2p::gossipsub::Delivery& delivery,
                       TopicKind kind,
                       const GossipRefusal& refusal);

    void ask_status(const libp2p::PeerId& id, Peer& peer);
    void on_status_reply(const libp2p::PeerId& id, const SwarmRequest::reply& reply);
    void on_status(const libp2p::PeerId& id, Peer& peer, const Status& status);
    /// Does something about the head that a peer told of when it is ahead of ours: a hint, never
    /// believed.
    void consider_head(const libp2p::PeerId& id, Peer& peer, const Checkpoint& head);
    /// Wants the block of an unknown head.
    void follow_head(const libp2p::PeerId& id, const Checkpoint& head);

    void start_dials();
    void start_fetches();
    void on_fetch_reply(const FetchAttempt& attempt, SwarmRequest::reply reply);
    /// Looks for the wanted block in an answer and hands it to the verifier.
    AttemptResult take_fetched(const FetchAttempt& attempt, std::vector<ResponseChunk> chunks);
    void sync_range();
    void on_range_reply(const RangeRequest& request, const SwarmRequest::reply& reply);
    /// Checks an answer and keeps its blocks for the verifier; says in a word what it was.
    std::string_view take_range(const RangeRequest& request,
                                const std::vector<ResponseChunk>& chunks);
    void ask_statuses();
    void serve();

    void answer_status(const InboundRequest& request);
    void respond(SwarmRespond part);
    /// Takes the points of the reason's row, or so many; a peer that has too few left is
    /// disconnected. `what`: static text for the log.
    void penalize(const libp2p::PeerId& id, Rejection reason, std::string_view what);
    void penalize(const libp2p::PeerId& id, double points, std::string_view what);
    /// Counts, and names in the log, what a peer sent that is not SSZ of the type it should be.
    void count_undecodable(const libp2p::PeerId& id,
                           std::string_view protocol,
                           std::string_view reason);
    void update_gauges();

    /// Starts what has become possible: after every input.
    void proceed();
    Time now() const { return clock_.now(); }
    std::string name_of(const libp2p::PeerId& id) const;

    const P2pConfig config_;
    const VerifierRecipients verifier_;
    const network_api::ChainViewSnapshot& chain_;
    const Clock& clock_;
    Random& random_;
    P2pMetrics metrics_;
    std::shared_ptr<libp2p::DecodeFailures> undecodable_;

    PeerBook book_;
    BlockFetches fetches_;
    BlockServer server_;
    RangeSync range_;
    /// Blocks of the last range that the verifier had no room for yet: at most a batch.
    std::deque<network_api::ReceivedBlock> range_blocks_;
    std::map<libp2p::PeerId, Peer> connected_;
    /// Heads that peers told of and that were wanted lately, with the time of that.
    std::deque<std::pair<Root, Time>> followed_heads_;
    std::vector<SwarmCommand> commands_;
};

}  // namespace lepton::p2p
