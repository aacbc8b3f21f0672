// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What waits to be sent to one peer, in four bounded classes: control before own messages before
// forwarded ones before gossip. A slow peer loses others' traffic first. One thread.
#pragma once

#include "libp2p/gossipsub/stored_message.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace lepton::libp2p::gossipsub {

/// Topics given to it must outlive it. A function that returns bool returns false, with nothing
/// queued, when the class is full.
class Outbox {
  public:
    // Control.
    [[nodiscard]] bool announce(std::string_view topic, bool subscribe);
    [[nodiscard]] bool graft(std::string_view topic);
    [[nodiscard]] bool prune(std::string_view topic, std::uint64_t backoff_seconds);
    [[nodiscard]] bool idontwant(const MessageId& id);

    [[nodiscard]] bool publish(MessagePtr message);

    /// Always queued; returns how many older messages had to go, because news is worth more.
    std::size_t forward(MessagePtr message);

    // Gossip.
    [[nodiscard]] bool ihave(std::string_view topic, std::vector<MessageId> ids);
    [[nodiscard]] bool iwant(std::vector<MessageId> ids);
    [[nodiscard]] bool answer(MessagePtr message);

    /// Drops the forwarded messages at the front that the peer declined; returns how many.
    std::size_t drop_unwanted(const std::map<MessageId, Time>& dont_want);

    /// Takes what comes next and returns it as it is sent; nothing when nothing is left.
    std::optional<Bytes> next_frame();

    bool empty() const;
    void clear();

  private:
    struct Announce {
        std::string_view topic;
        bool subscribe;
    };
    struct Graft {
        std::string_view topic;
    };
    struct Prune {
        std::string_view topic;
        std::uint64_t backoff;
    };
    using Control = std::variant<Announce, Graft, Prune, MessageId>;
    struct GossipIHave {
        std::string_view topic;
        std::vector<MessageId> ids;
    };
    struct GossipIWant {
        std::vector<MessageId> ids;
    };
    using Gossip = std::variant<GossipIHave, GossipIWant, MessagePtr>;

    bool add_control(Control control);
    bool add_gossip(Gossip gossip, std::size_t size);
    Bytes take_control();
    Bytes take_gossip();

    std::deque<Control> control_;
    std::deque<MessagePtr> own_;
    std::size_t own_bytes_ = 0;
    std::deque<MessagePtr> forward_;
    std::size_t forward_bytes_ = 0;
    std::deque<Gossip> gossip_;
    std::size_t gossip_bytes_ = 0;
};

}  // namespace lepton::libp2p::gossipsub
