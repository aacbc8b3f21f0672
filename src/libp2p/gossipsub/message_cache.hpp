// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The accepted messages of the last heartbeats: what IHAVE advertises and IWANT gets. One thread.
#pragma once

#include "libp2p/gossipsub/stored_message.hpp"
#include "libp2p/peer_id.hpp"

#include <deque>
#include <map>
#include <string_view>
#include <vector>

namespace lepton::libp2p::gossipsub {

/// A window is the time between two heartbeats. Bounded by windows, count and bytes; the oldest
/// messages go first.
class MessageCache {
  public:
    /// `windows`: how long messages can be asked for; `gossip_windows`: how long they are
    /// advertised, at most `windows`.
    MessageCache(std::size_t windows, std::size_t gossip_windows);

    /// Keeps `message`; does nothing when its id is here.
    void put(MessagePtr message);

    /// Returns the message, nullptr when it is not (or no longer) here.
    MessagePtr get(const MessageId& id) const;

    /// Counts one more answer of this message to `peer`; returns how many it got now.
    unsigned count_answer(const MessageId& id, const PeerId& peer);

    /// Returns the ids of `topic` in the advertised windows.
    std::vector<MessageId> gossip_ids(std::string_view topic) const;

    /// Starts a new window and drops the oldest.
    void shift();

    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        MessagePtr message;
        std::map<PeerId, unsigned> answers;
    };

    void drop_oldest();

    std::size_t windows_max_;
    std::size_t gossip_windows_;
    std::size_t bytes_ = 0;
    std::map<MessageId, Entry> entries_;
    /// The newest window first; within a window in the order of put.
    std::deque<std::deque<MessagePtr>> windows_;
};

}  // namespace lepton::libp2p::gossipsub
