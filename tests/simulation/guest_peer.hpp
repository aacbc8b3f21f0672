// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A guest's way into the network: one endpoint that stays connected to some nodes, hears their
// gossip and answers their requests as it is told to. Identities are free: when a node throws it
// out, it comes back as somebody else. One thread.
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/swarm.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/topics.hpp"
#include "sim_machine.hpp"
#include "sim_node.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace lepton::simulation {

class GuestPeer {
  public:
    struct Hooks {
        /// A gossip message, decompressed. Every one is relayed.
        std::function<void(const p2p::Topic& topic, ByteView ssz)> on_gossip;
        /// Returns the answer to a request as it goes over the wire, empty for one without chunks;
        /// nothing: the peer is left waiting.
        std::function<std::optional<Bytes>(p2p::RequestProtocol protocol, ByteView ssz)> answer;
    };

    /// `first_identity`: numbers of identities from here on are this peer's. `machine` and `random`
    /// outlive it.
    GuestPeer(const SimWorld& world,
              SimMachine& machine,
              Random& random,
              std::uint32_t first_identity,
              std::vector<libp2p::Multiaddr> nodes,
              Hooks hooks);
    ~GuestPeer();
    GuestPeer(const GuestPeer&) = delete;
    GuestPeer& operator=(const GuestPeer&) = delete;

    /// Joins the network, and sees to it from then on that it stays there.
    void start();

    const libp2p::PeerId& peer_id() const { return swarm_->peer_id(); }
    void publish(const p2p::Topic& topic, ByteView ssz);
    /// `data` as on the wire.
    void publish_raw(const p2p::Topic& topic, Bytes data);
    /// Sends a request to every node that is connected; what comes back is dropped.
    void request(p2p::RequestProtocol protocol, ByteView ssz);

  private:
    static constexpr std::size_t kWaitingMax = 16;

    void join();
    void look();
    void on_event(libp2p::SwarmEvent event);
    void on_gossip(const libp2p::GossipMessage& message);
    void on_request(libp2p::InboundRequest request);

    const SimWorld& world_;
    SimMachine& machine_;
    Random& random_;
    std::uint32_t next_identity_;
    std::vector<libp2p::Multiaddr> nodes_;
    Hooks hooks_;
    Metrics metrics_;
    std::unique_ptr<libp2p::Swarm> swarm_;
    /// Of peers that are left waiting: the last kWaitingMax.
    std::deque<libp2p::ResponseChannel> waiting_;
    bool is_thrown_out_ = false;
};

}  // namespace lepton::simulation
