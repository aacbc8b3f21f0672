// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The router's streams: one towards each peer that this node opens and reopens, one from each peer
// that it accepts; and the router's heartbeat. Reactor thread.
#pragma once

#include "libp2p/connection_pool.hpp"
#include "libp2p/gossipsub/router.hpp"

#include <functional>
#include <map>
#include <memory>

namespace lepton::libp2p::gossipsub {

class OutLink;
class InLink;

class Links {
  public:
    /// `on_effects` gets what is not about streams: deliveries, subscriptions, disconnects. It must
    /// not call back into the links.
    Links(Reactor& reactor,
          Router& router,
          Duration heartbeat,
          ConnectionPool& pool,
          TaskSet& tasks,
          Metrics& metrics,
          std::function<void(Effects)> on_effects);
    ~Links();

    /// A peer is connected: opens the stream towards it.
    void add_peer(const PeerId& peer, bool is_outbound);
    void remove_peer(const PeerId& peer);
    /// A connection of a peer is gone and another one is left: a stream that went with it is opened
    /// there without waiting. A peer that was restarted would miss what happens meanwhile.
    void connection_lost(const PeerId& peer);
    /// A stream from a peer that speaks gossipsub; it replaces an earlier one.
    void on_stream(const PeerId& peer, NegotiatedStream stream);

    /// Carries out what the router has decided: to be called after each call of the router.
    void settle();

  private:
    friend class OutLink;
    friend class InLink;

    enum class Loss : std::uint8_t { frame_timeout, partial_frames, replaced };
    static constexpr std::array<std::string_view, 3> kLossNames = {
        "frame_timeout", "partial_frames", "replaced"};

    struct Peer {
        OutLink* out = nullptr;
        InLink* in = nullptr;
        Duration reopen_delay = kReopenDelayMin;
        std::unique_ptr<Timer> reopen;
    };

    void open(const PeerId& peer);
    void on_opened(const PeerId& peer, Result<NegotiatedStream, OpenError> result);
    void reopen_later(const PeerId& peer);
    void on_out_lost(const PeerId& peer);
    void on_in_lost(const PeerId& peer, const InLink& link);
    void on_frames(const PeerId& peer, ByteView bytes, InLink& link);
    void pump(const PeerId& peer);
    void on_heartbeat();
    void check_partial_frames();
    Time now() const { return reactor_.clock().now(); }

    Reactor& reactor_;
    Router& router_;
    Duration heartbeat_interval_;
    ConnectionPool& pool_;
    TaskSet& tasks_;
    std::function<void(Effects)> on_effects_;
    EnumCounters<Loss, kLossNames.size()> losses_;
    std::map<PeerId, Peer> peers_;
    std::size_t partial_bytes_ = 0;
    Timer heartbeat_;
};

}  // namespace lepton::libp2p::gossipsub
