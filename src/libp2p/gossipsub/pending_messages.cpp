// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/pending_messages.hpp"

#include "base/assert.hpp"

namespace lepton::libp2p::gossipsub {

bool PendingMessages::has_room(const PeerId& peer, std::size_t size) const {
    if (entries_.size() >= kPendingCountMax || bytes_ + size > kPendingBytesMax) return false;
    const auto found = shares_.find(peer);
    const Share share = found == shares_.end() ? Share{} : found->second;
    return share.count < kPendingCountPerPeerMax && share.bytes + size <= kPendingBytesPerPeerMax;
}

void PendingMessages::add(MessagePtr message, const PeerId& peer, std::size_t size, Time now) {
    // What was judged needs no deadline any more.
    while (!deadlines_.empty() && !entries_.contains(deadlines_.front().second)) {
        deadlines_.pop_front();
    }
    const MessageId id = message->id;
    Entry entry{{std::move(message), {peer}, peer}, size, now + kVerdictTimeout};
    deadlines_.emplace_back(entry.deadline, id);
    const bool is_new = entries_.emplace(id, std::move(entry)).second;
    LEPTON_ASSERT(is_new);
    bytes_ += size;
    Share& share = shares_[peer];
    ++share.count;
    share.bytes += size;
}

void PendingMessages::add_source(const MessageId& id, const PeerId& peer) {
    const auto found = entries_.find(id);
    if (found != entries_.end()) found->second.pending.sources.insert(peer);
}

std::optional<PendingMessage> PendingMessages::take(const MessageId& id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    Entry entry = std::move(found->second);
    entries_.erase(found);
    remove_share(entry);
    return std::move(entry.pending);
}

std::size_t PendingMessages::expire(Time now) {
    std::size_t expired = 0;
    while (!deadlines_.empty() && deadlines_.front().first <= now) {
        const auto found = entries_.find(deadlines_.front().second);
        if (found != entries_.end() && found->second.deadline == deadlines_.front().first) {
            remove_share(found->second);
            entries_.erase(found);
            ++expired;
        }
        deadlines_.pop_front();
    }
    return expired;
}

void PendingMessages::remove_share(const Entry& entry) {
    bytes_ -= entry.size;
    const auto found = shares_.find(entry.pending.first_source);
    found->second.bytes -= entry.size;
    if (--found->second.count == 0) shares_.erase(found);
}

}  // namespace lepton::libp2p::gossipsub
