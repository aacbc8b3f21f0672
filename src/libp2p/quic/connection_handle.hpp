// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The user's end of a QuicConnection: a Connection that outlives it if need be. Reactor's thread.
#pragma once

#include "libp2p/reactor.hpp"
#include "libp2p/tls/certificate.hpp"
#include "libp2p/transport.hpp"

#include <memory>
#include <optional>

namespace lepton::libp2p {

class QuicConnection;

class QuicConnectionHandle final : public Connection {
  public:
    QuicConnectionHandle(QuicConnection& connection,
                         Reactor& reactor,
                         VerifiedPeer peer,
                         Multiaddr address,
                         bool is_outbound);
    ~QuicConnectionHandle() override;

    void set_handler(ConnectionHandler* handler) override;
    const PeerId& peer_id() const override { return peer_.peer_id; }
    ByteView peer_public_key() const override { return peer_.public_key; }
    const Multiaddr& remote_address() const override { return address_; }
    bool is_outbound() const override { return is_outbound_; }
    std::unique_ptr<Stream> open_stream() override;
    void close(std::uint64_t code, std::string_view why) override;

    /// The connection is over: it is forgotten, and the handler told, now or when it is set. From
    /// the reactor's loop only.
    void end(const CloseReason& reason);
    /// The connection is over and nobody is told.
    void forget() { connection_ = nullptr; }

  private:
    void tell();

    /// Null once the connection has ended.
    QuicConnection* connection_;
    Reactor& reactor_;
    VerifiedPeer peer_;
    Multiaddr address_;
    bool is_outbound_;
    ConnectionHandler* handler_ = nullptr;
    std::optional<CloseReason> untold_reason_;
    /// Whether this object still exists, for what is deferred.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace lepton::libp2p
