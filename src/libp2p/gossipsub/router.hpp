// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The gossipsub router, versions 1.0 to 1.2: who is in which mesh, what is sent to whom. Pure
// state: events and the time go in, effects and frames come out; it does no I/O and sets no timer.
// Unlike most routers it forwards nothing before the application has given its verdict. One thread.
// Source: https://github.com/libp2p/specs/tree/master/pubsub/gossipsub
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/decode_failures.hpp"
#include "libp2p/enum_counters.hpp"
#include "libp2p/gossipsub/codec.hpp"
#include "libp2p/gossipsub/message_cache.hpp"
#include "libp2p/gossipsub/outbox.hpp"
#include "libp2p/gossipsub/pending_messages.hpp"
#include "libp2p/gossipsub/seen_cache.hpp"
#include "libp2p/peer_id.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lepton::libp2p::gossipsub {

/// A topic the node may subscribe or publish to; others do not exist for the router.
struct Topic {
    std::string name;
    /// Largest payload as on the wire; larger ones are invalid.
    std::size_t size_max = 0;
};

/// The parameters of the lean network; the names in the specification are in brackets.
struct Config {
    /// Peers that a mesh is filled up to (D), and the bounds that start a change (D_low, D_high).
    std::size_t degree = 8;
    std::size_t degree_low = 6;
    std::size_t degree_high = 12;
    /// Least number of peers that get gossip in a heartbeat (D_lazy).
    std::size_t degree_lazy = 6;
    /// Least number of dialled peers in a full mesh (D_out): they cannot be chosen by an attacker.
    std::size_t degree_outbound = 2;
    Duration heartbeat = std::chrono::milliseconds(700);
    Duration fanout_ttl = std::chrono::seconds(60);
    std::size_t cache_windows = 6;
    std::size_t gossip_windows = 3;
    Duration seen_ttl = std::chrono::seconds(24);
    Duration prune_backoff = std::chrono::seconds(60);
    Duration unsubscribe_backoff = std::chrono::seconds(10);
    /// Payloads from this size on are announced with IDONTWANT.
    std::size_t idontwant_size_min = 1024;
    std::vector<Topic> topics;
};

/// What a payload means.
struct Transformed {
    MessageId id{};
    /// What the application gets.
    Bytes data;
};

/// Reads a payload and computes its id; executed once for each message. It bounds what it makes of
/// the payload. Errors: one line for the log; the message is invalid then.
using MessageTransform =
    std::function<Result<Transformed, std::string>(std::string_view topic, ByteView raw)>;

enum class Verdict : std::uint8_t {
    /// Forward it.
    accept,
    /// Invalid beyond doubt: forget it and hold it against who brought it.
    reject,
    /// Forget it.
    ignore
};

enum class PublishError : std::uint8_t {
    /// Nobody is subscribed to the topic.
    no_peers,
    /// Seen before, own or received.
    duplicate,
    too_large,
    /// The queues of all peers are full.
    queue_full,
    /// The transform refused it.
    invalid,
    /// Only from the swarm: it was stopped.
    stopped
};

struct PublishReceipt {
    MessageId id{};
    /// Peers it was queued for.
    std::size_t peers = 0;
};

/// A new message, to be judged: report_validation is expected within kVerdictTimeout.
struct Delivery {
    std::string topic;
    MessageId id{};
    Bytes data;
    /// Size on the wire.
    std::size_t raw_size = 0;
    PeerId peer;
};

struct SubscriptionChange {
    PeerId peer;
    std::string topic;
    bool subscribed = false;
};

/// The peer should be disconnected.
struct DisconnectAdvice {
    PeerId peer;
    std::string why;
};

/// What the router asks of its owner, in order of occurrence.
struct Effects {
    std::vector<Delivery> deliveries;
    std::vector<SubscriptionChange> subscriptions;
    std::vector<DisconnectAdvice> disconnects;
    /// Peers for which next_frame may have something.
    std::set<PeerId> writable;
};

class Router {
  public:
    /// `random` and `metrics` must outlive the router.
    Router(
        Config config, PeerId self, MessageTransform transform, Random& random, Metrics& metrics);

    // ---- peers

    /// A connection to a new peer is up. Backoffs and penalties of its last visit hold.
    void add_peer(const PeerId& peer, bool is_outbound, Time now);
    /// The stream towards the peer is open and speaks `version`; frames may be taken.
    void open_output(const PeerId& peer, Version version);
    /// The stream towards the peer is gone; what waits is dropped, and what the peer has to know
    /// will be said again on the next one.
    void lose_output(const PeerId& peer);
    /// The peer has started over, and may have forgotten what it was told on a stream that still
    /// stands: says it again, at most kGreetingsMax times in a heartbeat.
    void repeat_greeting(const PeerId& peer, Time now);
    void remove_peer(const PeerId& peer, Time now);

    /// One RPC of the peer, without its length.
    void on_rpc(const PeerId& peer, ByteView bytes, Time now);
    /// A frame longer than kRpcSizeMax, or none at all.
    void on_malformed_frame(const PeerId& peer, Time now);

    /// To be called every Config::heartbeat.
    void heartbeat(Time now);

    // ---- the application; topics have to be in Config::topics

    void subscribe(std::string_view topic, Time now);
    void unsubscribe(std::string_view topic, Time now);

    /// Sends an own message.
    /// Cost: one transform; the payload is shared between peers
    Result<PublishReceipt, PublishError> publish(std::string_view topic, Bytes data, Time now);

    /// The verdict on a delivered message; `peer` is the one named in the delivery. Too late a
    /// verdict is counted.
    void report_validation(const MessageId& id, const PeerId& peer, Verdict verdict, Time now);

    // ---- what comes out

    Effects take_effects();

    /// Takes the next frame for `peer` (length and RPC), nothing when none waits or no stream is
    /// open.
    std::optional<Bytes> next_frame(const PeerId& peer);

    /// The peers in the mesh of `topic`, ascending.
    std::vector<PeerId> mesh(std::string_view topic) const;

  private:
    /// What happens to messages, counted under these names.
    enum class Event : std::uint8_t {
        received,
        duplicate,
        delivered,
        accepted,
        rejected,
        ignored,
        forwarded,
        published,
        asked_for,
        answered,
        promise_broken
    };
    static constexpr std::array<std::string_view, 11> kEventNames = {"received",
                                                                     "duplicate",
                                                                     "delivered",
                                                                     "accepted",
                                                                     "rejected",
                                                                     "ignored",
                                                                     "forwarded",
                                                                     "published",
                                                                     "asked_for",
                                                                     "answered",
                                                                     "promise_broken"};
    /// Why something was dropped, counted under these names.
    enum class Drop : std::uint8_t {
        malformed_rpc,
        control_too_large,
        control_entries,
        rpc_messages,
        subscriptions,
        unknown_topic,
        not_subscribed,
        names_origin,
        too_large,
        bad_payload,
        validation_full,
        verdict_timeout,
        verdict_late,
        distrusted,
        disconnecting,
        ihave_limit,
        iwant_limit,
        reply_bytes,
        idontwant_limit,
        promises_full,
        control_queue,
        own_queue,
        forward_queue,
        gossip_queue,
        unwanted
    };
    static constexpr std::array<std::string_view, 25> kDropNames = {
        "malformed_rpc", "control_too_large", "control_entries", "rpc_messages",
        "subscriptions", "unknown_topic",     "not_subscribed",  "names_origin",
        "too_large",     "bad_payload",       "validation_full", "verdict_timeout",
        "verdict_late",  "distrusted",        "disconnecting",   "ihave_limit",
        "iwant_limit",   "reply_bytes",       "idontwant_limit", "promises_full",
        "control_queue", "own_queue",         "forward_queue",   "gossip_queue",
        "unwanted"};

    /// Control entries, received and queued, counted under these names.
    enum class Control : std::uint8_t {
        graft_received,
        graft_sent,
        prune_received,
        prune_sent,
        idontwant_received,
        idontwant_sent
    };
    static constexpr std::array<std::string_view, 6> kControlNames = {"graft_received",
                                                                      "graft_sent",
                                                                      "prune_received",
                                                                      "prune_sent",
                                                                      "idontwant_received",
                                                                      "idontwant_sent"};

    struct Peer {
        bool is_outbound = false;
        bool is_open = false;
        Time added_at{};
        /// It has told of a subscription.
        bool has_announced = false;
        Version version = Version::v1_0;
        std::set<std::string_view> topics;
        Outbox outbox;
        double penalty = 0;
        Time penalty_at{};
        bool is_disconnecting = false;
        /// Ids the peer declined, until when.
        std::map<MessageId, Time> dont_want;
        // Since the last heartbeat.
        std::size_t subscriptions = 0;
        std::size_t ihave_rpcs = 0;
        std::size_t ids_asked = 0;
        std::size_t ids_answered = 0;
        std::size_t idontwant_rpcs = 0;
        std::size_t greetings = 0;
        /// Bytes of answers it may still get.
        std::size_t reply_credit = kReplyBytesBurst;
    };

    struct TopicState {
        Topic topic;
        bool is_subscribed = false;
        std::set<PeerId> mesh;
        std::set<PeerId> fanout;
        Time fanout_expiry{};
        /// Until when a GRAFT between this node and the peer is a violation; outlives the
        /// connection.
        std::map<PeerId, Time> backoff;
    };

    struct Promise {
        PeerId peer;
        Time deadline{};
    };

    struct Departed {
        double penalty = 0;
        Time penalty_at{};
    };

    Peer* find_peer(const PeerId& peer);
    TopicState* find_topic(std::string_view topic);
    TopicState& topic_of_application(std::string_view topic);

    void on_subscriptions(const PeerId& id, Peer& peer, const Rpc& rpc, Time now);
    void on_message(const PeerId& id, Peer& peer, const Message& message, Time now);
    void on_graft(const PeerId& id, Peer& peer, std::string_view topic, Time now);
    void on_prune(const PeerId& id, const Prune& prune, Time now);
    void on_ihave(const PeerId& id, Peer& peer, const std::vector<IHave>& entries, Time now);
    void on_iwant(const PeerId& id, Peer& peer, const std::vector<MessageId>& ids);
    void on_idontwant(Peer& peer, const std::vector<MessageId>& ids, Time now);

    /// Returns the id of a message with the same bytes that is still here.
    std::optional<MessageId> find_same_bytes(const Message& message) const;
    void on_duplicate(const PeerId& id, const MessageId& message_id);
    void announce_unwanted(const TopicState& topic, const PeerId& source, const MessageId& id);
    void forward(const TopicState& topic, const PendingMessage& pending);

    /// Returns peers that may join the mesh or fanout of `topic`, in random order.
    std::vector<PeerId> candidates(const TopicState& topic,
                                   const std::set<PeerId>& excluded,
                                   bool respects_backoff,
                                   Time now);
    void fill_mesh(TopicState& topic, std::size_t size, Time now);
    void shrink_mesh(TopicState& topic, Time now);
    void maintain_mesh(TopicState& topic, Time now);
    void graft(TopicState& topic, const PeerId& id, Time now);
    void prune(TopicState& topic, const PeerId& id, Duration backoff, Time now);
    void set_backoff(TopicState& topic, const PeerId& id, Duration backoff, Time now);
    void fill_fanout(TopicState& topic, Time now);
    std::size_t count_outbound(const std::set<PeerId>& peers) const;
    std::set<PeerId> recipients(TopicState& topic, Time now);
    void emit_gossip(TopicState& topic, Time now);
    void check_promises(Time now);

    void penalize(const PeerId& id, Peer& peer, double amount, std::string_view why, Time now);
    double penalty(const Peer& peer, Time now) const;
    bool is_trusted(const Peer& peer, Time now) const;
    /// A control entry did not fit: the peer does not read.
    void on_control_queued(const PeerId& id, Peer& peer, bool is_queued, Time now);
    void mark_writable(const PeerId& id, const Peer& peer);
    void remember_bytes(const MessagePtr& message);
    void end_heartbeat(Peer& peer, Time now);
    /// Gives up a peer that was dialled and says nothing, once. Many implementations tell a peer
    /// their subscriptions on its first connection only: a node that restarts and dials them before
    /// they have given up the old connection would never hear of them.
    void check_silence(const PeerId& id, const Peer& peer, Time now);

    Config config_;
    MessageTransform transform_;
    Random& random_;
    /// Source of own messages in the seen cache.
    PeerId self_;
    std::map<PeerId, Peer> peers_;
    /// The allow-list; filled by the constructor. Views of the names are kept elsewhere.
    std::map<std::string, TopicState, std::less<>> topics_;
    std::map<PeerId, Departed> departed_;
    /// Given up for their silence.
    std::set<PeerId> silent_;
    SeenCache seen_;
    MessageCache cache_;
    PendingMessages pending_;
    std::map<MessageId, Promise> promises_;
    /// By a hash of topic and payload: finds copies of what is here without a transform.
    std::unordered_map<std::size_t, std::weak_ptr<const StoredMessage>> by_bytes_;
    Effects effects_;
    EnumCounters<Event, kEventNames.size()> events_;
    EnumCounters<Drop, kDropNames.size()> drops_;
    EnumCounters<Control, kControlNames.size()> controls_;
    std::shared_ptr<DecodeFailures> undecodable_;
};

}  // namespace lepton::libp2p::gossipsub
