// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The ids of messages that were seen lately: the guard against handling one twice. One thread.
#pragma once

#include "libp2p/gossipsub/codec.hpp"
#include "libp2p/peer_id.hpp"

#include <deque>
#include <map>
#include <set>

namespace lepton::libp2p::gossipsub {

/// Bounded by time and count. When it is full, the peer that brought most of the ids loses its
/// oldest one: a flood evicts itself, not what honest peers brought.
class SeenCache {
  public:
    SeenCache(Duration ttl, std::size_t size_max) : ttl_(ttl), size_max_(size_max) {}

    bool contains(const MessageId& id) const { return ids_.contains(id); }

    /// Remembers `id`, which `source` brought first; does nothing when it is known.
    /// Cost: O(log n); with a full cache O(sources) more
    void insert(const MessageId& id, const PeerId& source, Time now);

    /// Forgets what is older than the time to live.
    void expire(Time now);

    std::size_t size() const { return ids_.size(); }

  private:
    struct Entry {
        MessageId id{};
        Time expiry{};
    };

    void drop_oldest_of_the_largest();

    Duration ttl_;
    std::size_t size_max_;
    std::set<MessageId> ids_;
    /// In the order of insertion; sources without entries are erased.
    std::map<PeerId, std::deque<Entry>> by_source_;
};

}  // namespace lepton::libp2p::gossipsub
