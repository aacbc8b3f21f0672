// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The UDP socket as the QUIC endpoint sees it: batches out, single datagrams in. Two
// implementations: the kernel's (asio_udp_socket.hpp) and the simulated network
// (simulation/datagram_network.hpp). Everything runs on the reactor's thread.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/quic/socket_address.hpp"

#include <functional>
#include <memory>

namespace lepton::libp2p {

/// One datagram that arrived; the payload is borrowed for the call.
struct Datagram {
    SocketAddress remote;
    /// The address of this machine that it was sent to: on a socket bound to every address, answers
    /// must leave from it.
    IpAddress local;
    ByteView payload;
};

/// Who gets what arrives. Called from the reactor's loop only.
class DatagramReceiver {
  public:
    virtual ~DatagramReceiver() = default;

    virtual void on_datagram(const Datagram& datagram) = 0;
    /// Nothing more has arrived for now: time to answer.
    virtual void on_batch_end() = 0;
    /// The socket takes datagrams again after send took less than all.
    virtual void on_sendable() = 0;
};

class DatagramSocket {
  public:
    /// Destroying the socket frees its address; nothing is called afterwards.
    virtual ~DatagramSocket() = default;

    /// The address it is bound to, with the port that the system chose.
    virtual SocketAddress local_address() const = 0;
    /// Starts to hand over what arrives. `receiver` must outlive the socket.
    virtual void start(DatagramReceiver& receiver) = 0;

    /// Sends `bytes` as datagrams of `segment_size` bytes, the last one possibly shorter, from the
    /// local address `from` (unspecified: the system's choice). Returns how many bytes were taken:
    /// all, or a multiple of segment_size when the system has no room; then on_sendable follows. A
    /// datagram that the system refuses for another reason counts as taken: it is lost like on the
    /// wire.
    virtual std::size_t send(const SocketAddress& to,
                             const IpAddress& from,
                             ByteView bytes,
                             std::size_t segment_size) = 0;
};

/// Binds a socket. Errors name the address.
using OpenDatagramSocket =
    std::function<Result<std::unique_ptr<DatagramSocket>, IoError>(const SocketAddress&)>;

}  // namespace lepton::libp2p
