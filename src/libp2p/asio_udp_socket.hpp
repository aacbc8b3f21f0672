// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The kernel's UDP socket on an Asio io_context. Sends and receives many datagrams per system call
// where the kernel can (GSO, GRO). Every call on the thread that runs the io_context.
#pragma once

#include "libp2p/quic/datagram_socket.hpp"

#include <boost/asio/io_context.hpp>

namespace lepton::libp2p {

/// Returns a function that binds sockets on `context`, which must outlive it and them. Errors name
/// the address and what the system said.
OpenDatagramSocket asio_udp_sockets(boost::asio::io_context& context);

}  // namespace lepton::libp2p
