// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/outbox.hpp"

#include <utility>

namespace lepton::libp2p::gossipsub {
namespace {

/// GRAFTs and PRUNEs in one RPC: with topics of up to 100 bytes, and the ids, they stay below
/// kControlSizeMax.
constexpr std::size_t kEntriesPerRpcMax = 32;
constexpr std::size_t kDeclinedPerRpcMax = kIdsPerRpcMax / 2;

Bytes frame_of(const StoredMessage& message) {
    Rpc rpc;
    rpc.messages.push_back({message.topic, message.data, false});
    return encode_frame(rpc);
}

std::size_t cost(const MessagePtr& message) {
    return message->data.size();
}

MessagePtr take_front(std::deque<MessagePtr>& queue, std::size_t& bytes) {
    MessagePtr message = std::move(queue.front());
    queue.pop_front();
    bytes -= cost(message);
    return message;
}

}  // namespace

bool Outbox::add_control(Control control) {
    if (control_.size() >= kControlQueueMax) return false;
    control_.push_back(std::move(control));
    return true;
}

bool Outbox::announce(std::string_view topic, bool subscribe) {
    return add_control(Announce{topic, subscribe});
}

bool Outbox::graft(std::string_view topic) {
    return add_control(Graft{topic});
}

bool Outbox::prune(std::string_view topic, std::uint64_t backoff_seconds) {
    return add_control(Prune{topic, backoff_seconds});
}

bool Outbox::idontwant(const MessageId& id) {
    return add_control(id);
}

bool Outbox::publish(MessagePtr message) {
    if (own_.size() >= kOwnQueueMax || own_bytes_ + cost(message) > kQueueBytesMax) return false;
    own_bytes_ += cost(message);
    own_.push_back(std::move(message));
    return true;
}

std::size_t Outbox::forward(MessagePtr message) {
    std::size_t dropped = 0;
    while (!forward_.empty() && (forward_.size() >= kForwardQueueMax ||
                                 forward_bytes_ + cost(message) > kQueueBytesMax)) {
        take_front(forward_, forward_bytes_);
        ++dropped;
    }
    forward_bytes_ += cost(message);
    forward_.push_back(std::move(message));
    return dropped;
}

bool Outbox::add_gossip(Gossip gossip, std::size_t size) {
    if (gossip_.size() >= kGossipQueueMax || gossip_bytes_ + size > kQueueBytesMax) return false;
    gossip_bytes_ += size;
    gossip_.push_back(std::move(gossip));
    return true;
}

bool Outbox::ihave(std::string_view topic, std::vector<MessageId> ids) {
    return add_gossip(GossipIHave{topic, std::move(ids)}, 0);
}

bool Outbox::iwant(std::vector<MessageId> ids) {
    return add_gossip(GossipIWant{std::move(ids)}, 0);
}

bool Outbox::answer(MessagePtr message) {
    const std::size_t size = cost(message);
    return add_gossip(std::move(message), size);
}

std::size_t Outbox::drop_unwanted(const std::map<MessageId, Time>& dont_want) {
    std::size_t dropped = 0;
    while (!forward_.empty() && dont_want.contains(forward_.front()->id)) {
        take_front(forward_, forward_bytes_);
        ++dropped;
    }
    return dropped;
}

Bytes Outbox::take_control() {
    Rpc rpc;
    const auto is_full = [&rpc] {
        return rpc.subscriptions.size() >= kSubscriptionsMax ||
               rpc.graft.size() >= kEntriesPerRpcMax || rpc.prune.size() >= kEntriesPerRpcMax ||
               rpc.idontwant.size() >= kDeclinedPerRpcMax;
    };
    while (!control_.empty() && !is_full()) {
        const Control& next = control_.front();
        if (const auto* announce = std::get_if<Announce>(&next)) {
            // Peers read the announcements of an RPC first: this one must not overtake the others.
            if (!rpc.graft.empty() || !rpc.prune.empty()) break;
            rpc.subscriptions.push_back({announce->subscribe, announce->topic});
        } else if (const auto* graft = std::get_if<Graft>(&next)) {
            rpc.graft.push_back(graft->topic);
        } else if (const auto* prune = std::get_if<Prune>(&next)) {
            rpc.prune.push_back({prune->topic, prune->backoff});
        } else {
            rpc.idontwant.push_back(std::get<MessageId>(next));
        }
        control_.pop_front();
    }
    return encode_frame(rpc);
}

Bytes Outbox::take_gossip() {
    const Gossip next = std::move(gossip_.front());
    gossip_.pop_front();
    if (const auto* message = std::get_if<MessagePtr>(&next)) {
        gossip_bytes_ -= cost(*message);
        return frame_of(**message);
    }
    Rpc rpc;
    if (const auto* have = std::get_if<GossipIHave>(&next)) {
        rpc.ihave.push_back({have->topic, have->ids});
    } else {
        rpc.iwant = std::get<GossipIWant>(next).ids;
    }
    return encode_frame(rpc);
}

std::optional<Bytes> Outbox::next_frame() {
    if (!control_.empty()) return take_control();
    if (!own_.empty()) return frame_of(*take_front(own_, own_bytes_));
    if (!forward_.empty()) return frame_of(*take_front(forward_, forward_bytes_));
    if (!gossip_.empty()) return take_gossip();
    return std::nullopt;
}

bool Outbox::empty() const {
    return control_.empty() && own_.empty() && forward_.empty() && gossip_.empty();
}

void Outbox::clear() {
    *this = Outbox{};
}

}  // namespace lepton::libp2p::gossipsub
