// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The messages that were handed to the application and wait for its verdict. One thread.
#pragma once

#include "libp2p/gossipsub/stored_message.hpp"
#include "libp2p/peer_id.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace lepton::libp2p::gossipsub {

struct PendingMessage {
    MessagePtr message;
    /// Who brought it, the first included: nobody it has to be forwarded to.
    std::set<PeerId> sources;
    PeerId first_source;
};

/// Bounded in count, bytes and time, in all and for each peer.
class PendingMessages {
  public:
    /// Returns whether `peer` may bring a message of `size` more bytes.
    bool has_room(const PeerId& peer, std::size_t size) const;

    /// Adds a message that is not here yet. `size`: bytes it holds, here and at the application.
    void add(MessagePtr message, const PeerId& peer, std::size_t size, Time now);

    /// Notes that `peer` has the message too, if it is here.
    void add_source(const MessageId& id, const PeerId& peer);

    /// Takes the message out.
    std::optional<PendingMessage> take(const MessageId& id);

    /// Drops what waited for kVerdictTimeout; returns how many.
    std::size_t expire(Time now);

    std::size_t size() const { return entries_.size(); }

  private:
    struct Share {
        std::size_t count = 0;
        std::size_t bytes = 0;
    };
    struct Entry {
        PendingMessage pending;
        std::size_t size = 0;
        Time deadline{};
    };

    void remove_share(const Entry& entry);

    std::map<MessageId, Entry> entries_;
    /// In the order of their deadlines; an id may be gone or (with a later deadline) here again.
    std::deque<std::pair<Time, MessageId>> deadlines_;
    std::map<PeerId, Share> shares_;
    std::size_t bytes_ = 0;
};

}  // namespace lepton::libp2p::gossipsub
