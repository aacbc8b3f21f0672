// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every bound and period of the QUIC transport, with its reason. Constants only.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lepton::libp2p::limits {

using namespace std::chrono_literals;

// --- Periods ------------------------------------------------------------------------------------

/// From the first packet until both sides have accepted each other. Several retransmissions fit.
inline constexpr Duration kHandshakeTimeout = 5s;
/// Silence after which a connection is gone, and how often silence is broken: the values of the
/// other lean clients (quinn's defaults in rust-libp2p).
inline constexpr Duration kIdleTimeout = 10s;
inline constexpr Duration kKeepAlive = 5s;
/// How long a connection that is to be closed goes on sending what its streams have queued: some
/// words of goodbye, not a backlog.
inline constexpr Duration kCloseTimeout = 500ms;
/// How long a Retry token is good: the client answers within one round trip.
inline constexpr Duration kRetryTokenLifetime = 10s;

// --- One connection -----------------------------------------------------------------------------

/// Length of the connection ids of this side. Fixed, so that short headers can be parsed; 64 random
/// bits cannot be guessed.
inline constexpr std::size_t kConnectionIdSize = 8;
/// Connection ids of the peer kept ready.
inline constexpr std::uint64_t kActiveConnectionIdsMax = 4;

/// Bytes that may wait unread, per stream and per connection. One stream reaches 80 Mbit/s over
/// 100 ms; 192 connections (two for each of 96 peers) that all fill theirs hold 384 MiB.
inline constexpr std::uint64_t kStreamWindow = 1024 * 1024;
inline constexpr std::uint64_t kConnectionWindow = 2 * 1024 * 1024;
/// Bytes of one connection that may wait for sending or acknowledgement: a largest message on the
/// gossip stream and one on a request stream.
inline constexpr std::size_t kConnectionQueueSizeMax = 32 * 1024 * 1024;
/// The same over all connections.
inline constexpr std::size_t kTransportQueueSizeMax = 256 * 1024 * 1024;

/// Streams open at a time, for each side that opens: gossip, identify, ping and requests need about
/// a dozen.
inline constexpr std::uint64_t kStreamsMax = 64;
/// Rate at which a peer gets back the right to open a stream after one of its streams ended. It may
/// wait; it is not punished.
inline constexpr std::uint64_t kStreamsPerSecond = 100;

/// Bytes of handshake messages from a peer. A flight with a 4 KiB certificate needs 6 KiB.
inline constexpr std::uint64_t kCryptoDataSizeMax = 64 * 1024;
/// Memory that the protocol library may hold for one connection: reordered data (at most the
/// connection window, in pieces of 8 KiB) and about 300 bytes for each packet in flight (15 MB, the
/// largest window of the other lean clients, in 3 MiB). Half a megabyte is usual.
inline constexpr std::size_t kConnectionMemoryMax = 6 * 1024 * 1024;
/// Datagrams of a listener kept until the dialler has finished the handshake: three initial
/// congestion windows.
inline constexpr std::size_t kHeldDatagramsMax = 32;

/// Datagrams that bring nothing (no stream data, no acknowledged data): what a peer may send at
/// once and per second before the connection is closed. Acknowledgements of lost bursts and
/// retransmissions stay far below.
inline constexpr std::uint64_t kIdleDatagramsBurst = 8192;
inline constexpr std::uint64_t kIdleDatagramsPerSecond = 2000;
/// Bytes of stream data, received or acknowledged, that pay for one datagram.
inline constexpr std::uint64_t kBytesPerDatagram = 64;

// --- All connections ----------------------------------------------------------------------------

/// Connections, of all states but closed ones. The swarm keeps far fewer.
inline constexpr std::size_t kConnectionsMax = 512;
/// Dials under way.
inline constexpr std::size_t kDialsMax = 64;
/// Accepted connections whose handshake is not finished: 57 KiB and 0.4 ms each.
inline constexpr std::size_t kHalfOpenMax = 128;
/// The same from one network (/24 of IPv4, /56 of IPv6).
inline constexpr std::size_t kHalfOpenPerPrefixMax = 32;
/// Handshakes started by everybody: a millisecond of processor each, so a fifth of one core.
inline constexpr std::uint64_t kHandshakesPerSecond = 200;
inline constexpr std::uint64_t kHandshakesBurst = 256;
/// The same by one network. A local devnet or a data centre is one network.
inline constexpr std::uint64_t kHandshakesPerPrefixPerSecond = 10;
inline constexpr std::uint64_t kHandshakesPerPrefixBurst = 64;
/// Networks remembered for that.
inline constexpr std::size_t kPrefixesMax = 1024;
/// From here on a client must first prove its address (Retry, one round trip): half-open
/// connections, or handshakes per second.
inline constexpr std::size_t kRetryHalfOpen = 64;
inline constexpr std::uint64_t kRetryPerSecond = 20;
inline constexpr std::uint64_t kRetryBurst = 64;

/// Answers to datagrams that belong to no connection (version negotiation, stateless reset, invalid
/// token). Each is shorter than what caused it.
inline constexpr std::uint64_t kStatelessPerSecond = 50;
inline constexpr std::uint64_t kStatelessBurst = 100;
/// Closed connections remembered, so that late packets get the closing packet again or silence.
inline constexpr std::size_t kClosedMax = 1024;

// --- Socket -------------------------------------------------------------------------------------

/// Datagrams read before other work gets its turn (the last read may exceed it by one batch).
inline constexpr std::size_t kDatagramsPerPoll = 64;
/// What the kernel is asked for: 30 ms of a gigabit, while another task has the thread.
inline constexpr int kReceiveBufferSize = 7 * 1024 * 1024;
inline constexpr int kSendBufferSize = 4 * 1024 * 1024;
/// Datagrams in one send call, and their bytes: what the kernel takes.
inline constexpr std::size_t kBatchSegmentsMax = 60;
inline constexpr std::size_t kBatchSizeMax = 65000;

}  // namespace lepton::libp2p::limits
