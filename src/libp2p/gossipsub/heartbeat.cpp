// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The periodic half of the router: mesh and fanout upkeep, gossip, promises, expiry. Every choice
// among peers starts from an ordered list and the injected randomness, so a run can be repeated.
#include "libp2p/gossipsub/router.hpp"

#include <algorithm>

namespace lepton::libp2p::gossipsub {

void Router::heartbeat(Time now) {
    check_promises(now);
    for (auto& [name, topic] : topics_) {
        // Kept a heartbeat longer than it binds, so that clocks that differ a little do no harm.
        std::erase_if(topic.backoff,
                      [&](const auto& entry) { return entry.second + config_.heartbeat <= now; });
        if (topic.is_subscribed) {
            maintain_mesh(topic, now);
        } else if (now >= topic.fanout_expiry) {
            topic.fanout.clear();
        } else {
            fill_fanout(topic, now);
        }
        emit_gossip(topic, now);
    }
    cache_.shift();
    seen_.expire(now);
    drops_.count(Drop::verdict_timeout, pending_.expire(now));
    std::erase_if(by_bytes_, [](const auto& entry) { return entry.second.expired(); });
    const bool is_subscribed =
        std::ranges::any_of(topics_, [](const auto& entry) { return entry.second.is_subscribed; });
    for (auto& [id, peer] : peers_) {
        if (is_subscribed) check_silence(id, peer, now);
        end_heartbeat(peer, now);
    }
}

void Router::check_silence(const PeerId& id, const Peer& peer, Time now) {
    if (peer.has_announced || !peer.is_outbound || !peer.is_open) return;
    if (now - peer.added_at < kSilenceMax || silent_.size() >= kSilentPeersMax) return;
    if (!silent_.insert(id).second) return;
    effects_.disconnects.push_back({id, "tells of no subscription"});
}

void Router::end_heartbeat(Peer& peer, Time now) {
    std::erase_if(peer.dont_want, [now](const auto& entry) { return entry.second <= now; });
    peer.subscriptions = 0;
    peer.ihave_rpcs = 0;
    peer.ids_asked = 0;
    peer.ids_answered = 0;
    peer.idontwant_rpcs = 0;
    peer.greetings = 0;
    const auto refill = kReplyBytesPerSecond *
                        static_cast<std::size_t>(config_.heartbeat / std::chrono::milliseconds(1)) /
                        1000;
    peer.reply_credit = std::min(peer.reply_credit + refill, kReplyBytesBurst);
}

void Router::check_promises(Time now) {
    std::set<PeerId> broken;
    std::erase_if(promises_, [&](const auto& entry) {
        if (entry.second.deadline > now) return false;
        broken.insert(entry.second.peer);
        events_.count(Event::promise_broken);
        return true;
    });
    for (const PeerId& id : broken) {
        Peer* peer = find_peer(id);
        if (peer != nullptr) penalize(id, *peer, kPenaltyPromise, "broken promises", now);
    }
}

std::vector<PeerId> Router::candidates(const TopicState& topic,
                                       const std::set<PeerId>& excluded,
                                       bool respects_backoff,
                                       Time now) {
    std::vector<PeerId> result;
    for (const auto& [id, peer] : peers_) {
        if (!peer.is_open || !peer.topics.contains(topic.topic.name)) continue;
        if (excluded.contains(id) || !is_trusted(peer, now)) continue;
        if (respects_backoff && topic.backoff.contains(id)) continue;
        result.push_back(id);
    }
    random_.shuffle(result);
    return result;
}

std::size_t Router::count_outbound(const std::set<PeerId>& peers) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        peers, [this](const PeerId& id) { return peers_.at(id).is_outbound; }));
}

void Router::maintain_mesh(TopicState& topic, Time now) {
    const std::set<PeerId> members = topic.mesh;
    for (const PeerId& id : members) {
        if (!is_trusted(*find_peer(id), now)) prune(topic, id, config_.prune_backoff, now);
    }
    if (topic.mesh.size() < config_.degree_low) fill_mesh(topic, config_.degree, now);
    if (topic.mesh.size() > config_.degree_high) shrink_mesh(topic, now);

    std::size_t outbound = count_outbound(topic.mesh);
    if (outbound >= config_.degree_outbound) return;
    for (const PeerId& id : candidates(topic, topic.mesh, true, now)) {
        if (outbound >= config_.degree_outbound) break;
        if (!find_peer(id)->is_outbound) continue;
        graft(topic, id, now);
        ++outbound;
    }
}

void Router::fill_mesh(TopicState& topic, std::size_t size, Time now) {
    for (const PeerId& id : candidates(topic, topic.mesh, true, now)) {
        if (topic.mesh.size() >= size) break;
        graft(topic, id, now);
    }
}

void Router::shrink_mesh(TopicState& topic, Time now) {
    std::vector<PeerId> members(topic.mesh.begin(), topic.mesh.end());
    random_.shuffle(members);
    // Dialled peers to the front, as many as have to stay.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members.size() && kept < config_.degree_outbound; ++i) {
        if (peers_.at(members[i]).is_outbound) std::swap(members[i], members[kept++]);
    }
    for (std::size_t i = config_.degree; i < members.size(); ++i) {
        prune(topic, members[i], config_.prune_backoff, now);
    }
}

void Router::graft(TopicState& topic, const PeerId& id, Time now) {
    topic.mesh.insert(id);
    Peer& peer = *find_peer(id);
    controls_.count(Control::graft_sent);
    on_control_queued(id, peer, peer.outbox.graft(topic.topic.name), now);
}

void Router::prune(TopicState& topic, const PeerId& id, Duration backoff, Time now) {
    topic.mesh.erase(id);
    set_backoff(topic, id, backoff, now);
    Peer& peer = *find_peer(id);
    controls_.count(Control::prune_sent);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(backoff).count();
    const bool is_queued = peer.outbox.prune(topic.topic.name, static_cast<std::uint64_t>(seconds));
    on_control_queued(id, peer, is_queued, now);
}

void Router::set_backoff(TopicState& topic, const PeerId& id, Duration backoff, Time now) {
    if (topic.backoff.size() >= kBackoffsMax && !topic.backoff.contains(id)) {
        topic.backoff.erase(std::ranges::min_element(
            topic.backoff, {}, [](const auto& entry) { return entry.second; }));
    }
    // A shorter backoff never replaces a longer one.
    Time& until = topic.backoff[id];
    until = std::max(until, now + backoff);
}

void Router::fill_fanout(TopicState& topic, Time now) {
    for (PeerId& id : candidates(topic, topic.fanout, false, now)) {
        if (topic.fanout.size() >= config_.degree) break;
        topic.fanout.insert(std::move(id));
    }
}

void Router::emit_gossip(TopicState& topic, Time now) {
    std::vector<MessageId> ids = cache_.gossip_ids(topic.topic.name);
    if (ids.empty()) return;
    const std::set<PeerId>& excluded = topic.is_subscribed ? topic.mesh : topic.fanout;
    std::vector<PeerId> peers = candidates(topic, excluded, false, now);
    // A quarter of the rest reaches everybody within a few heartbeats, however many they are.
    const std::size_t count = std::max(config_.degree_lazy, peers.size() / 4);
    if (peers.size() > count) peers.resize(count, self_);
    for (const PeerId& id : peers) {
        if (ids.size() > kIdsMax) random_.shuffle(ids);
        const std::size_t total = std::min(ids.size(), kIdsMax);
        Peer& peer = *find_peer(id);
        for (std::size_t start = 0; start < total; start += kIdsPerRpcMax) {
            const auto first = ids.begin() + static_cast<std::ptrdiff_t>(start);
            const auto last =
                ids.begin() + static_cast<std::ptrdiff_t>(std::min(start + kIdsPerRpcMax, total));
            if (!peer.outbox.ihave(topic.topic.name, {first, last})) {
                drops_.count(Drop::gossip_queue);
            }
        }
        mark_writable(id, peer);
    }
}

}  // namespace lepton::libp2p::gossipsub
