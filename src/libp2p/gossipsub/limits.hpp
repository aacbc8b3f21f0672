// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every bound of the gossip router, with its reason. Constants; any thread.
#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace lepton::libp2p::gossipsub {

// ---- what one RPC may hold

/// The largest RPC of the lean network: 10 MiB of payload, the worst growth of snappy
/// (32 + n/6), and 1 KiB for what is around it.
inline constexpr std::size_t kRpcSizeMax = 32 + 10 * 1024 * 1024 + 10 * 1024 * 1024 / 6 + 1024;
static_assert(kRpcSizeMax == 12'234'442);
/// Same number as in other clients; more are dropped.
inline constexpr std::size_t kMessagesPerRpcMax = 500;
/// Control bytes of one RPC, as in rust-libp2p; above it the whole control part is ignored.
inline constexpr std::size_t kControlSizeMax = 16 * 1024;
/// IHAVE, GRAFT or PRUNE entries of one RPC: one for each topic a node can know.
inline constexpr std::size_t kControlEntriesMax = 128;
/// Subscription changes of one RPC, and of one peer between two heartbeats.
inline constexpr std::size_t kSubscriptionsMax = 100;
/// Message ids in one control RPC that lepton sends: 22 bytes each, the rest is the topic.
inline constexpr std::size_t kIdsPerRpcMax = 700;
static_assert(kIdsPerRpcMax * 22 + 256 < kControlSizeMax);

// ---- what one peer may make the router do between two heartbeats

inline constexpr std::size_t kIHaveRpcsMax = 10;
/// Ids asked for after the peer's IHAVEs, and ids looked up for its IWANTs.
inline constexpr std::size_t kIdsMax = 5000;
inline constexpr std::size_t kIDontWantRpcsMax = 10;
/// Times that it is told the subscriptions again: more often than an honest peer opens a stream.
inline constexpr std::size_t kGreetingsMax = 4;

// ---- answers to IWANT

/// Times that one peer gets the same message on request.
inline constexpr unsigned kRetransmissionsMax = 3;
/// A peer gets at most this many bytes of answers per second, on average.
inline constexpr std::size_t kReplyBytesPerSecond = 8 * 1024 * 1024;
/// Holds one message of the largest size.
inline constexpr std::size_t kReplyBytesBurst = 16 * 1024 * 1024;

// ---- requests with IWANT

/// A peer that advertised a message has this long to deliver it.
inline constexpr Duration kPromiseTimeout = std::chrono::seconds(3);
/// Open promises of all peers: two heartbeats of the largest IHAVEs.
inline constexpr std::size_t kPromisesMax = 10'000;

// ---- tables

/// Twice what 4096 validators send in one seen window, and room for aggregates.
inline constexpr std::size_t kSeenMax = 65'536;
/// Messages that wait for a verdict: one slot's votes of 4096 validators, twice.
inline constexpr std::size_t kPendingCountMax = 8192;
inline constexpr std::size_t kPendingBytesMax = 64 * 1024 * 1024;
/// The part of one peer: a quarter, so that four peers are needed to fill the table.
inline constexpr std::size_t kPendingCountPerPeerMax = kPendingCountMax / 4;
/// Holds one message of the largest size, raw and decompressed.
inline constexpr std::size_t kPendingBytesPerPeerMax = 24 * 1024 * 1024;
/// Below the seen time, so that a late verdict never meets a second copy.
inline constexpr Duration kVerdictTimeout = std::chrono::seconds(20);
/// Accepted messages kept for IWANT.
inline constexpr std::size_t kCacheCountMax = 16'384;
inline constexpr std::size_t kCacheBytesMax = 64 * 1024 * 1024;
/// Ids one peer does not want: more than it can name between two heartbeats is stale anyway.
inline constexpr std::size_t kDontWantMax = 4096;
inline constexpr Duration kDontWantTtl = std::chrono::seconds(5);
/// Peers that left and whose penalties are remembered.
inline constexpr std::size_t kDepartedMax = 512;
/// Backoffs of one topic; they outlive connections.
inline constexpr std::size_t kBackoffsMax = 1024;

// ---- queues towards one peer; messages are shared between peers, bytes count in full

/// Subscriptions, GRAFT, PRUNE and IDONTWANT: a peer that lets so many pile up does not read.
inline constexpr std::size_t kControlQueueMax = 512;
inline constexpr std::size_t kOwnQueueMax = 256;
inline constexpr std::size_t kForwardQueueMax = 1024;
inline constexpr std::size_t kGossipQueueMax = 256;
/// For each of the three classes above: one message of the largest size and some small ones.
inline constexpr std::size_t kQueueBytesMax = 16 * 1024 * 1024;

// ---- streams

/// An RPC that has started has to be whole by then.
inline constexpr Duration kFrameTimeout = std::chrono::seconds(30);
/// Unfinished RPCs of all peers; the largest is given up when they are more. Ten of the largest.
inline constexpr std::size_t kPartialFramesMax = 128 * 1024 * 1024;
/// Wait before a lost stream is opened again; doubled up to the maximum.
inline constexpr Duration kReopenDelayMin = std::chrono::seconds(1);
inline constexpr Duration kReopenDelayMax = std::chrono::seconds(60);

// ---- silent peers

/// A dialled peer that says nothing about its topics for so long is connected to anew, once: above
/// the idle timeout of QUIC in other clients, after which they have given up an older connection.
inline constexpr Duration kSilenceMax = std::chrono::seconds(15);
/// Peers to which that was done: as many as a node can be told to dial.
inline constexpr std::size_t kSilentPeersMax = 1024;

// ---- backoff

/// The longest time a PRUNE may keep lepton away.
inline constexpr Duration kBackoffMax = std::chrono::hours(1);

// ---- penalties: what a peer did, added up, halved every kPenaltyHalfLife

inline constexpr double kPenaltyDisconnect = 100;
/// From here a peer is in no mesh, gets no gossip and its IHAVEs are ignored.
inline constexpr double kPenaltyDistrust = 50;
/// A message that is provably invalid: three of them lead to a disconnect. Other clients relay
/// before they look, so a valid message that a peer brings first makes up for a part.
inline constexpr double kPenaltyInvalidMessage = 40;
inline constexpr double kCreditValidMessage = 1;
/// Bytes that are not an RPC.
inline constexpr double kPenaltyMalformed = 100;
/// A GRAFT within the backoff that a PRUNE had set.
inline constexpr double kPenaltyBackoff = 10;
/// Subscription floods.
inline constexpr double kPenaltyFlood = 20;
/// Advertised and not delivered; at most once for each heartbeat.
inline constexpr double kPenaltyPromise = 2;
/// Odd, but honest peers may do it.
inline constexpr double kPenaltyOdd = 1;
inline constexpr Duration kPenaltyHalfLife = std::chrono::minutes(10);

}  // namespace lepton::libp2p::gossipsub
