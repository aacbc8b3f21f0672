// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/seen_cache.hpp"

#include <algorithm>

namespace lepton::libp2p::gossipsub {

void SeenCache::insert(const MessageId& id, const PeerId& source, Time now) {
    if (!ids_.insert(id).second) return;
    by_source_[source].push_back({id, now + ttl_});
    if (ids_.size() > size_max_) drop_oldest_of_the_largest();
}

void SeenCache::drop_oldest_of_the_largest() {
    const auto largest = std::ranges::max_element(
        by_source_, {}, [](const auto& entry) { return entry.second.size(); });
    ids_.erase(largest->second.front().id);
    largest->second.pop_front();
    if (largest->second.empty()) by_source_.erase(largest);
}

void SeenCache::expire(Time now) {
    for (auto it = by_source_.begin(); it != by_source_.end();) {
        std::deque<Entry>& entries = it->second;
        while (!entries.empty() && entries.front().expiry <= now) {
            ids_.erase(entries.front().id);
            entries.pop_front();
        }
        it = entries.empty() ? by_source_.erase(it) : std::next(it);
    }
}

}  // namespace lepton::libp2p::gossipsub
