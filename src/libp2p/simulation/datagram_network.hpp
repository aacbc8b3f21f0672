// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A simulated network for datagrams: delay, jitter (which reorders), loss and duplicates from a
// seed. For tests of what runs over UDP. One thread.
#pragma once

#include "base/random.hpp"
#include "libp2p/quic/datagram_socket.hpp"
#include "libp2p/reactor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace lepton::libp2p {

class DatagramNetwork {
  public:
    /// How every path behaves. Shares are per thousand.
    struct Weather {
        Duration delay = std::chrono::milliseconds{1};
        /// At most this much is added, drawn for each datagram.
        Duration jitter{};
        unsigned loss = 0;
        unsigned duplicates = 0;
    };
    /// Sees every datagram before it starts its way; false drops it. May change the payload.
    using Tap =
        std::function<bool(const SocketAddress& from, const SocketAddress& to, Bytes& payload)>;

    DatagramNetwork(Reactor& reactor, Random& random)
        : shared_(std::make_shared<Shared>(reactor, random)) {}

    Weather& weather() { return shared_->weather; }
    void set_tap(Tap tap) { shared_->tap = std::move(tap); }
    /// While false, the sockets' send takes nothing, as when the system's buffers are full.
    void set_sendable(bool is_sendable);

    /// Binds sockets of this network: any address, port 0 for a free one, the unspecified address
    /// for a machine of its own (10.254.…). Sockets and this function may outlive the network
    /// object.
    OpenDatagramSocket sockets();
    /// Sends a datagram that no socket has sent: a forged one.
    void inject(const SocketAddress& from, const SocketAddress& to, Bytes payload);

    std::uint64_t datagrams() const { return shared_->datagrams; }
    std::uint64_t bytes() const { return shared_->bytes; }

  private:
    class Socket;
    struct Shared : std::enable_shared_from_this<Shared> {
        Shared(Reactor& with_reactor, Random& with_random)
            : reactor(with_reactor), random(with_random) {}

        void post(const SocketAddress& from, const SocketAddress& to, Bytes payload);

        Reactor& reactor;
        Random& random;
        Weather weather;
        Tap tap;
        bool is_sendable = true;
        std::map<SocketAddress, Socket*> sockets;
        std::uint16_t last_port = 40000;
        std::uint16_t last_machine = 0;
        std::uint64_t datagrams = 0;
        std::uint64_t bytes = 0;
    };

    std::shared_ptr<Shared> shared_;
};

}  // namespace lepton::libp2p
