// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Transport over QUIC version 1 with libp2p's TLS: the entry to this folder. One UDP socket serves
// dialled and accepted connections alike. Everything runs on the reactor's thread.
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/quic/datagram_socket.hpp"
#include "libp2p/reactor.hpp"
#include "libp2p/transport.hpp"

#include <cstdint>
#include <memory>

namespace lepton::libp2p {

class QuicEndpoint;

/// How fast a connection sends. CUBIC is fair to others and slow under random loss; BBR is fast
/// there and less tried.
enum class CongestionControl : std::uint8_t { cubic, bbr };

struct QuicOptions {
    CongestionControl congestion_control = CongestionControl::cubic;
};

class QuicTransport final : public Transport {
  public:
    /// All references must outlive this object, and `reactor` everything that this object hands
    /// out. `open_socket` binds the socket: at listen, or at the first dial when nothing listens.
    QuicTransport(Reactor& reactor,
                  Random& random,
                  const Identity& identity,
                  Metrics& metrics,
                  OpenDatagramSocket open_socket,
                  QuicOptions options = {});
    /// As stop().
    ~QuicTransport() override;

    /// Errors: the socket cannot be bound, or this transport is bound already or stopped.
    Result<Multiaddr, IoError> listen(const Multiaddr& address, Accept accept) override;
    /// Errors besides those of the handshake: bad_address (nothing that can be dialled, or of the
    /// other IP version than the socket), limit (too many dials or connections), stopped.
    void dial(const Multiaddr& address, DialDone done) override;
    /// Callbacks follow from the reactor's loop. Nothing can be started afterwards.
    void stop() override;

  private:
    /// Outlives this object until the last callback has been made.
    std::shared_ptr<QuicEndpoint> endpoint_;
};

}  // namespace lepton::libp2p
