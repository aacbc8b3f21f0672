// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Each topic the node is subscribed to has a mesh: about eight peers that exchange every message in
// full. Everybody else who is subscribed gets the ids of recent messages (IHAVE) and may ask for
// what is missing (IWANT). The heartbeat keeps the meshes at their size: GRAFT adds a peer on both
// sides, PRUNE removes it on both and sets a backoff within which neither side may GRAFT. A
// message goes through: bounds, copy of known bytes, transform (which gives the id), seen before,
// IDONTWANT to the mesh, the application's verdict, then the cache and the mesh. The heartbeat is
// in heartbeat.cpp.
#include "libp2p/gossipsub/router.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lepton::libp2p::gossipsub {
namespace {

std::size_t hash_of(std::string_view topic, ByteView data) {
    return std::hash<std::string_view>{}(as_text(data)) * 31 + std::hash<std::string_view>{}(topic);
}

}  // namespace

Router::Router(
    Config config, PeerId self, MessageTransform transform, Random& random, Metrics& metrics)
    : config_(std::move(config)),
      transform_(std::move(transform)),
      random_(random),
      self_(std::move(self)),
      seen_(config_.seen_ttl, kSeenMax),
      cache_(config_.cache_windows, config_.gossip_windows),
      events_(metrics,
              "libp2p_gossipsub_messages_total",
              "Gossip messages, by what happened to them.",
              "event",
              kEventNames),
      drops_(metrics,
             "libp2p_gossipsub_dropped_total",
             "What the gossip router dropped, by reason.",
             "reason",
             kDropNames),
      controls_(metrics,
                "libp2p_gossipsub_control_total",
                "Entries of gossip control messages, by what became of them.",
                "event",
                kControlNames),
      undecodable_(DecodeFailures::make(metrics)) {
    LEPTON_ASSERT(config_.degree_low <= config_.degree && config_.degree <= config_.degree_high);
    LEPTON_ASSERT(config_.degree_outbound < config_.degree_low);
    // Else a second copy could be delivered while the first waits for its verdict.
    LEPTON_ASSERT(config_.seen_ttl > kVerdictTimeout);
    for (const Topic& topic : config_.topics) {
        LEPTON_ASSERT(topic.size_max <= kRpcSizeMax, topic.name);
        TopicState state;
        state.topic = topic;
        const bool is_new = topics_.emplace(topic.name, std::move(state)).second;
        LEPTON_ASSERT(is_new, topic.name);
    }
}

Router::Peer* Router::find_peer(const PeerId& peer) {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? nullptr : &found->second;
}

Router::TopicState* Router::find_topic(std::string_view topic) {
    const auto found = topics_.find(topic);
    return found == topics_.end() ? nullptr : &found->second;
}

Router::TopicState& Router::topic_of_application(std::string_view topic) {
    TopicState* found = find_topic(topic);
    LEPTON_ASSERT(found != nullptr, topic);
    return *found;
}

void Router::mark_writable(const PeerId& id, const Peer& peer) {
    if (peer.is_open) effects_.writable.insert(id);
}

Effects Router::take_effects() {
    return std::exchange(effects_, {});
}

std::optional<Bytes> Router::next_frame(const PeerId& id) {
    Peer* peer = find_peer(id);
    if (peer == nullptr || !peer->is_open) return std::nullopt;
    drops_.count(Drop::unwanted, peer->outbox.drop_unwanted(peer->dont_want));
    return peer->outbox.next_frame();
}

std::vector<PeerId> Router::mesh(std::string_view topic) const {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return {};
    return {found->second.mesh.begin(), found->second.mesh.end()};
}

// ---- peers

void Router::add_peer(const PeerId& id, bool is_outbound, Time now) {
    const auto [it, is_new] = peers_.try_emplace(id);
    LEPTON_ASSERT(is_new, id.to_base58());
    Peer& peer = it->second;
    peer.is_outbound = is_outbound;
    peer.added_at = now;
    peer.penalty_at = now;
    if (const auto departed = departed_.find(id); departed != departed_.end()) {
        peer.penalty = departed->second.penalty;
        peer.penalty_at = departed->second.penalty_at;
        departed_.erase(departed);
    }
    for (const auto& [name, topic] : topics_) {
        if (topic.is_subscribed) {
            on_control_queued(id, peer, peer.outbox.announce(name, true), now);
        }
    }
}

void Router::open_output(const PeerId& id, Version version) {
    Peer* peer = find_peer(id);
    if (peer == nullptr) return;
    peer->is_open = true;
    peer->version = version;
    if (!peer->outbox.empty()) mark_writable(id, *peer);
}

void Router::lose_output(const PeerId& id) {
    Peer* peer = find_peer(id);
    if (peer == nullptr) return;
    peer->is_open = false;
    peer->outbox.clear();
    for (auto& [name, topic] : topics_) {
        topic.mesh.erase(id);
        topic.fanout.erase(id);
        // An empty outbox takes one announcement for each topic.
        if (topic.is_subscribed && !peer->outbox.announce(name, true)) {
            drops_.count(Drop::control_queue);
        }
    }
}

void Router::repeat_greeting(const PeerId& id, Time now) {
    Peer* peer = find_peer(id);
    // A stream that is not open yet starts with the greeting anyway.
    if (peer == nullptr || !peer->is_open || ++peer->greetings > kGreetingsMax) return;
    for (auto& [name, topic] : topics_) {
        if (!topic.is_subscribed) continue;
        on_control_queued(id, *peer, peer->outbox.announce(name, true), now);
        if (topic.mesh.contains(id)) graft(topic, id, now);
    }
}

void Router::remove_peer(const PeerId& id, Time now) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    for (auto& [name, topic] : topics_) {
        topic.mesh.erase(id);
        topic.fanout.erase(id);
    }
    // A peer that comes back starts at the edge of distrust at worst: it may have relayed what
    // others made, and a node without peers is worse off than one with careless peers.
    const double remembered = std::min(penalty(found->second, now), kPenaltyDistrust);
    if (remembered >= 1) {
        if (departed_.size() >= kDepartedMax) {
            departed_.erase(std::ranges::min_element(
                departed_, {}, [](const auto& entry) { return entry.second.penalty_at; }));
        }
        departed_[id] = {remembered, now};
    }
    peers_.erase(found);
    effects_.writable.erase(id);
}

double Router::penalty(const Peer& peer, Time now) const {
    const double half_lives = static_cast<double>((now - peer.penalty_at).count()) /
                              static_cast<double>(kPenaltyHalfLife.count());
    return peer.penalty * std::exp2(-half_lives);
}

bool Router::is_trusted(const Peer& peer, Time now) const {
    return !peer.is_disconnecting && penalty(peer, now) < kPenaltyDistrust;
}

void Router::penalize(const PeerId& id, Peer& peer, double amount, std::string_view why, Time now) {
    peer.penalty = std::max(0.0, penalty(peer, now) + amount);
    peer.penalty_at = now;
    if (peer.penalty < kPenaltyDisconnect || peer.is_disconnecting) return;
    peer.is_disconnecting = true;
    effects_.disconnects.push_back({id, std::string(why)});
}

void Router::on_control_queued(const PeerId& id, Peer& peer, bool is_queued, Time now) {
    if (!is_queued) {
        drops_.count(Drop::control_queue);
        if (peer.is_open) penalize(id, peer, kPenaltyDisconnect, "does not read gossip", now);
    }
    mark_writable(id, peer);
}

// ---- what a peer sends

void Router::on_malformed_frame(const PeerId& id, Time now) {
    Peer* peer = find_peer(id);
    if (peer == nullptr) return;
    drops_.count(Drop::malformed_rpc);
    undecodable_->count(id, "gossipsub", "malformed_rpc");
    penalize(id, *peer, kPenaltyMalformed, "malformed gossip frame", now);
}

void Router::on_rpc(const PeerId& id, ByteView bytes, Time now) {
    Peer* peer = find_peer(id);
    if (peer == nullptr) return;
    if (peer->is_disconnecting) {
        drops_.count(Drop::disconnecting);
        return;
    }
    const auto rpc = decode_rpc(bytes);
    if (!rpc) {
        on_malformed_frame(id, now);
        return;
    }
    drops_.count(Drop::rpc_messages, rpc->messages_dropped);
    drops_.count(Drop::control_entries, rpc->control_entries_dropped);
    if (rpc->control_too_large) {
        drops_.count(Drop::control_too_large);
        penalize(id, *peer, kPenaltyOdd, "control messages too large", now);
    }
    on_subscriptions(id, *peer, *rpc, now);
    for (const Message& message : rpc->messages) on_message(id, *peer, message, now);
    for (const std::string_view topic : rpc->graft) on_graft(id, *peer, topic, now);
    for (const Prune& prune : rpc->prune) on_prune(id, prune, now);
    if (!rpc->ihave.empty()) on_ihave(id, *peer, rpc->ihave, now);
    if (!rpc->iwant.empty()) on_iwant(id, *peer, rpc->iwant);
    if (!rpc->idontwant.empty()) on_idontwant(*peer, rpc->idontwant, now);
}

void Router::on_subscriptions(const PeerId& id, Peer& peer, const Rpc& rpc, Time now) {
    std::size_t dropped = rpc.subscriptions_dropped;
    if (!rpc.subscriptions.empty()) peer.has_announced = true;
    for (const Subscription& entry : rpc.subscriptions) {
        if (peer.subscriptions >= kSubscriptionsMax) {
            ++dropped;
            continue;
        }
        ++peer.subscriptions;
        TopicState* topic = find_topic(entry.topic);
        if (topic == nullptr) continue;
        const std::string_view name = topic->topic.name;
        if (entry.subscribe == peer.topics.contains(name)) continue;
        if (entry.subscribe) {
            peer.topics.insert(name);
        } else {
            peer.topics.erase(name);
            topic->mesh.erase(id);
            topic->fanout.erase(id);
        }
        effects_.subscriptions.push_back({id, topic->topic.name, entry.subscribe});
    }
    if (dropped == 0) return;
    drops_.count(Drop::subscriptions, dropped);
    penalize(id, peer, kPenaltyFlood, "too many subscriptions", now);
}

std::optional<MessageId> Router::find_same_bytes(const Message& message) const {
    const auto found = by_bytes_.find(hash_of(message.topic, message.data));
    if (found == by_bytes_.end()) return std::nullopt;
    const MessagePtr known = found->second.lock();
    if (known == nullptr || known->topic != message.topic) return std::nullopt;
    if (!std::ranges::equal(known->data, message.data)) return std::nullopt;
    return known->id;
}

void Router::remember_bytes(const MessagePtr& message) {
    by_bytes_[hash_of(message->topic, message->data)] = message;
}

void Router::on_duplicate(const PeerId& id, const MessageId& message_id) {
    events_.count(Event::duplicate);
    pending_.add_source(message_id, id);
}

void Router::on_message(const PeerId& id, Peer& peer, const Message& message, Time now) {
    events_.count(Event::received);
    const TopicState* topic = find_topic(message.topic);
    if (topic == nullptr) return drops_.count(Drop::unknown_topic);
    if (!topic->is_subscribed) return drops_.count(Drop::not_subscribed);
    if (message.names_origin) {
        drops_.count(Drop::names_origin);
        return penalize(id, peer, kPenaltyOdd, "messages that are not anonymous", now);
    }
    if (message.data.size() > topic->topic.size_max) {
        drops_.count(Drop::too_large);
        return penalize(id, peer, kPenaltyInvalidMessage, "messages too large", now);
    }
    if (const auto known = find_same_bytes(message); known && seen_.contains(*known)) {
        return on_duplicate(id, *known);
    }
    if (!pending_.has_room(id, message.data.size())) return drops_.count(Drop::validation_full);
    auto transformed = transform_(message.topic, message.data);
    if (!transformed) {
        drops_.count(Drop::bad_payload);
        undecodable_->count(id, "gossipsub", transformed.error());
        return penalize(id, peer, kPenaltyInvalidMessage, transformed.error(), now);
    }
    const MessageId message_id = transformed->id;
    promises_.erase(message_id);
    if (seen_.contains(message_id)) return on_duplicate(id, message_id);
    const std::size_t size = message.data.size() + transformed->data.size();
    if (!pending_.has_room(id, size)) return drops_.count(Drop::validation_full);

    seen_.insert(message_id, id, now);
    const auto stored = std::make_shared<const StoredMessage>(
        StoredMessage{message_id, topic->topic.name, to_bytes(message.data)});
    remember_bytes(stored);
    pending_.add(stored, id, size, now);
    if (message.data.size() >= config_.idontwant_size_min) {
        announce_unwanted(*topic, id, message_id);
    }
    events_.count(Event::delivered);
    effects_.deliveries.push_back(
        {topic->topic.name, message_id, std::move(transformed->data), message.data.size(), id});
}

void Router::announce_unwanted(const TopicState& topic, const PeerId& source, const MessageId& id) {
    for (const PeerId& member : topic.mesh) {
        Peer* peer = find_peer(member);
        if (member == source || !peer->is_open || peer->version != Version::v1_2) continue;
        const bool is_queued = peer->outbox.idontwant(id);
        if (is_queued) {
            controls_.count(Control::idontwant_sent);
        } else {
            drops_.count(Drop::control_queue);
        }
        mark_writable(member, *peer);
    }
}

void Router::on_graft(const PeerId& id, Peer& peer, std::string_view name, Time now) {
    controls_.count(Control::graft_received);
    TopicState* topic = find_topic(name);
    if (topic == nullptr || !topic->is_subscribed) return drops_.count(Drop::not_subscribed);
    if (topic->mesh.contains(id)) return;
    const auto backoff = topic->backoff.find(id);
    if (backoff != topic->backoff.end() && backoff->second > now) {
        penalize(id, peer, kPenaltyBackoff, "GRAFT within the backoff", now);
        return prune(*topic, id, config_.prune_backoff, now);
    }
    // Dialled peers are let in above the limit: the next heartbeat chooses whom to keep.
    const bool is_full = topic->mesh.size() >= config_.degree_high && !peer.is_outbound;
    if (is_full || !is_trusted(peer, now) || !peer.topics.contains(name)) {
        return prune(*topic, id, config_.prune_backoff, now);
    }
    topic->mesh.insert(id);
}

void Router::on_prune(const PeerId& id, const Prune& entry, Time now) {
    controls_.count(Control::prune_received);
    TopicState* topic = find_topic(entry.topic);
    if (topic == nullptr) return;
    topic->mesh.erase(id);
    // Peers of version 1.0 give no time; zero means none.
    Duration backoff = config_.prune_backoff;
    if (entry.backoff) {
        const auto longest = std::chrono::duration_cast<std::chrono::seconds>(kBackoffMax).count();
        backoff =
            std::chrono::seconds(std::min(*entry.backoff, static_cast<std::uint64_t>(longest)));
    }
    if (backoff > Duration::zero()) set_backoff(*topic, id, backoff, now);
}

void Router::on_ihave(const PeerId& id, Peer& peer, const std::vector<IHave>& entries, Time now) {
    if (!is_trusted(peer, now)) return drops_.count(Drop::distrusted);
    if (++peer.ihave_rpcs > kIHaveRpcsMax) return drops_.count(Drop::ihave_limit);
    std::vector<MessageId> wanted;
    for (const IHave& entry : entries) {
        const TopicState* topic = find_topic(entry.topic);
        if (topic == nullptr || !topic->is_subscribed) {
            drops_.count(Drop::not_subscribed);
            continue;
        }
        for (const MessageId& message_id : entry.ids) {
            if (seen_.contains(message_id) || promises_.contains(message_id)) continue;
            if (peer.ids_asked >= kIdsMax) {
                drops_.count(Drop::ihave_limit);
                continue;
            }
            if (promises_.size() >= kPromisesMax) {
                drops_.count(Drop::promises_full);
                continue;
            }
            ++peer.ids_asked;
            promises_.emplace(message_id, Promise{id, now + kPromiseTimeout});
            wanted.push_back(message_id);
        }
    }
    // One RPC names at most kControlSizeMax / 22 ids: they fit into one answer.
    if (wanted.empty()) return;
    events_.count(Event::asked_for, wanted.size());
    if (!peer.outbox.iwant(std::move(wanted))) drops_.count(Drop::gossip_queue);
    mark_writable(id, peer);
}

void Router::on_iwant(const PeerId& id, Peer& peer, const std::vector<MessageId>& ids) {
    for (const MessageId& message_id : ids) {
        if (peer.ids_answered >= kIdsMax) {
            drops_.count(Drop::iwant_limit);
            continue;
        }
        ++peer.ids_answered;
        MessagePtr message = cache_.get(message_id);
        if (message == nullptr || !peer.is_open) continue;
        if (cache_.count_answer(message_id, id) > kRetransmissionsMax) {
            drops_.count(Drop::iwant_limit);
            continue;
        }
        const std::size_t size = message->data.size();
        if (size > peer.reply_credit) {
            drops_.count(Drop::reply_bytes);
            continue;
        }
        if (!peer.outbox.answer(std::move(message))) {
            drops_.count(Drop::gossip_queue);
            continue;
        }
        peer.reply_credit -= size;
        events_.count(Event::answered);
        mark_writable(id, peer);
    }
}

void Router::on_idontwant(Peer& peer, const std::vector<MessageId>& ids, Time now) {
    controls_.count(Control::idontwant_received, ids.size());
    if (++peer.idontwant_rpcs > kIDontWantRpcsMax) return drops_.count(Drop::idontwant_limit);
    for (const MessageId& id : ids) {
        if (peer.dont_want.size() >= kDontWantMax) {
            drops_.count(Drop::idontwant_limit);
            continue;
        }
        peer.dont_want[id] = now + kDontWantTtl;
    }
}

// ---- the application

void Router::subscribe(std::string_view name, Time now) {
    TopicState& topic = topic_of_application(name);
    if (topic.is_subscribed) return;
    topic.is_subscribed = true;
    for (auto& [id, peer] : peers_) {
        on_control_queued(id, peer, peer.outbox.announce(topic.topic.name, true), now);
    }
    // Those who got this node's messages so far come first.
    for (const PeerId& id : std::exchange(topic.fanout, {})) {
        const auto backoff = topic.backoff.find(id);
        if (backoff == topic.backoff.end() && is_trusted(*find_peer(id), now)) {
            graft(topic, id, now);
        }
    }
    fill_mesh(topic, config_.degree, now);
}

void Router::unsubscribe(std::string_view name, Time now) {
    TopicState& topic = topic_of_application(name);
    if (!topic.is_subscribed) return;
    topic.is_subscribed = false;
    // PRUNE goes first, with its short backoff: rust-libp2p gives a mesh member whose
    // unsubscription it reads first the long one, and counts a GRAFT within it as an offence.
    const std::set<PeerId> members = topic.mesh;
    for (const PeerId& id : members) prune(topic, id, config_.unsubscribe_backoff, now);
    for (auto& [id, peer] : peers_) {
        on_control_queued(id, peer, peer.outbox.announce(topic.topic.name, false), now);
    }
}

std::set<PeerId> Router::recipients(TopicState& topic, Time now) {
    if (!topic.is_subscribed) {
        fill_fanout(topic, now);
        topic.fanout_expiry = now + config_.fanout_ttl;
        return topic.fanout;
    }
    // A mesh that is not full yet is helped out by other subscribers.
    std::set<PeerId> result;
    std::ranges::copy_if(topic.mesh, std::inserter(result, result.end()), [this](const PeerId& id) {
        return find_peer(id)->is_open;
    });
    for (PeerId& id : candidates(topic, topic.mesh, false, now)) {
        if (result.size() >= config_.degree) break;
        result.insert(std::move(id));
    }
    return result;
}

Result<PublishReceipt, PublishError> Router::publish(std::string_view name, Bytes data, Time now) {
    TopicState& topic = topic_of_application(name);
    if (data.size() > topic.topic.size_max) return std::unexpected(PublishError::too_large);
    const auto transformed = transform_(name, data);
    if (!transformed) return std::unexpected(PublishError::invalid);
    if (seen_.contains(transformed->id)) return std::unexpected(PublishError::duplicate);
    const std::set<PeerId> to = recipients(topic, now);
    if (to.empty()) return std::unexpected(PublishError::no_peers);

    const auto message = std::make_shared<const StoredMessage>(
        StoredMessage{transformed->id, topic.topic.name, std::move(data)});
    PublishReceipt receipt{message->id, 0};
    for (const PeerId& id : to) {
        Peer* peer = find_peer(id);
        if (!peer->outbox.publish(message)) {
            drops_.count(Drop::own_queue);
            continue;
        }
        ++receipt.peers;
        mark_writable(id, *peer);
    }
    if (receipt.peers == 0) return std::unexpected(PublishError::queue_full);
    events_.count(Event::published);
    seen_.insert(message->id, self_, now);
    remember_bytes(message);
    cache_.put(message);
    return receipt;
}

void Router::report_validation(const MessageId& id,
                               const PeerId& source,
                               Verdict verdict,
                               Time now) {
    const auto pending = pending_.take(id);
    if (!pending) drops_.count(Drop::verdict_late);
    Peer* peer = find_peer(source);
    switch (verdict) {
        case Verdict::ignore:
            return events_.count(Event::ignored);
        case Verdict::reject:
            events_.count(Event::rejected);
            if (peer == nullptr) return;
            return penalize(source, *peer, kPenaltyInvalidMessage, "invalid messages", now);
        case Verdict::accept:
            break;
    }
    events_.count(Event::accepted);
    if (peer != nullptr) penalize(source, *peer, -kCreditValidMessage, "", now);
    if (!pending) return;
    cache_.put(pending->message);
    const TopicState* topic = find_topic(pending->message->topic);
    if (topic->is_subscribed) forward(*topic, *pending);
}

void Router::forward(const TopicState& topic, const PendingMessage& pending) {
    for (const PeerId& id : topic.mesh) {
        Peer* peer = find_peer(id);
        if (pending.sources.contains(id) || !peer->is_open) continue;
        if (peer->dont_want.contains(pending.message->id)) {
            drops_.count(Drop::unwanted);
            continue;
        }
        drops_.count(Drop::forward_queue, peer->outbox.forward(pending.message));
        events_.count(Event::forwarded);
        mark_writable(id, *peer);
    }
}

}  // namespace lepton::libp2p::gossipsub
