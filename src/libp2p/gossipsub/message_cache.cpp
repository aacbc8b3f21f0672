// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/message_cache.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p::gossipsub {

MessageCache::MessageCache(std::size_t windows, std::size_t gossip_windows)
    : windows_max_(windows), gossip_windows_(gossip_windows), windows_(1) {
    LEPTON_ASSERT(gossip_windows > 0 && gossip_windows <= windows);
}

void MessageCache::put(MessagePtr message) {
    if (!entries_.emplace(message->id, Entry{message, {}}).second) return;
    bytes_ += message->data.size();
    windows_.front().push_back(std::move(message));
    while (entries_.size() > kCacheCountMax || bytes_ > kCacheBytesMax) drop_oldest();
}

MessagePtr MessageCache::get(const MessageId& id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : found->second.message;
}

unsigned MessageCache::count_answer(const MessageId& id, const PeerId& peer) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? 0 : ++found->second.answers[peer];
}

std::vector<MessageId> MessageCache::gossip_ids(std::string_view topic) const {
    std::vector<MessageId> ids;
    const std::size_t count = std::min(gossip_windows_, windows_.size());
    for (std::size_t i = 0; i < count; ++i) {
        for (const MessagePtr& message : windows_[i]) {
            if (message->topic == topic) ids.push_back(message->id);
        }
    }
    return ids;
}

void MessageCache::shift() {
    windows_.emplace_front();
    if (windows_.size() <= windows_max_) return;
    while (!windows_.back().empty()) drop_oldest();
    windows_.pop_back();
}

void MessageCache::drop_oldest() {
    const auto window = std::ranges::find_if(
        windows_.rbegin(), windows_.rend(), [](const auto& each) { return !each.empty(); });
    LEPTON_ASSERT(window != windows_.rend());
    const MessagePtr& oldest = window->front();
    bytes_ -= oldest->data.size();
    entries_.erase(oldest->id);
    window->pop_front();
}

}  // namespace lepton::libp2p::gossipsub
