// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bounds and periods of the P2P actor, each with its reason. Limits of wire formats stand with
// their codecs. Constants; any thread.
#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace lepton::p2p {

// ---- fetching blocks by root

/// Roots wanted at a time: as many as the blockchain has blocks that wait for a parent.
inline constexpr std::size_t kFetchesMax = 1024;
/// Askers that wait for one root. The blockchain asks once at a time; what is above it are asks
/// that it has given up.
inline constexpr std::size_t kFetchWaitersMax = 8;
/// Requests for one root before the fetch is given up.
inline constexpr unsigned kFetchAttemptsMax = 10;
/// Requests in flight to one peer: more only queue there.
inline constexpr std::size_t kFetchesPerPeerMax = 2;
/// Time before the second attempt; doubled for each further one, up to the maximum.
inline constexpr Duration kFetchBackoffMin = std::chrono::milliseconds(5);
inline constexpr Duration kFetchBackoffMax = std::chrono::seconds(2);

/// What a peer pays for a block that is not the one it was asked for.
inline constexpr double kPenaltyWrongBlock = 10;

// ---- status

/// Time between two questions to a peer, shortened by up to a quarter at random.
inline constexpr Duration kStatusInterval = std::chrono::seconds(12);
/// A peer's head is followed when it is so many slots ahead: below that gossip is on its way.
inline constexpr std::uint64_t kFollowSlotsMin = 2;
/// Heads followed lately; each is followed again only after a while, because the blockchain may
/// hold it while it waits for the parent.
inline constexpr std::size_t kFollowedHeadsMax = 32;
inline constexpr Duration kFollowAgain = std::chrono::seconds(30);

// ---- catching up by range

/// A node that is fewer slots behind walks back from its peer's head instead.
inline constexpr std::uint64_t kRangeSlotsMin = 16;
/// Slots asked for at a time, and the bytes of an answer that are kept: blocks of half a megabyte.
inline constexpr std::uint64_t kRangeBatch = 32;
inline constexpr std::size_t kRangeBytesMax = 16 * 1024 * 1024;
/// The same over a stretch without blocks, so that a long one is crossed soon.
inline constexpr std::uint64_t kRangeEmptyBatchMax = 256;
/// Least time between two requests: what any peer allows, and faster than blocks are imported.
inline constexpr Duration kRangeRequestInterval = std::chrono::milliseconds(100);
/// One more block must be imported within this after an answer was handed on or the
/// last one was imported; how often it is looked at.
inline constexpr Duration kRangeImportTime = std::chrono::seconds(10);
inline constexpr Duration kRangeLookInterval = std::chrono::milliseconds(50);
/// After this a peer that was of no use is asked again.
inline constexpr Duration kRangeForgiveTime = std::chrono::seconds(15);

// ---- serving blocks

/// Requests of one peer, and of all peers, that are being answered or wait for it; others are told
/// that nothing is available now.
inline constexpr std::size_t kServeRequestsPerPeerMax = 8;
inline constexpr std::size_t kServeRequestsMax = 256;
/// What one peer gets per second: a day of half-megabyte blocks in ten minutes.
inline constexpr double kServeBytesPerSecond = 16.0 * 1024 * 1024;
inline constexpr double kServeBytesBurst = 32.0 * 1024 * 1024;
/// Bytes handed to the network and not yet taken by it, for all peers; one more block may exceed
/// it.
inline constexpr std::size_t kServeInFlightMax = 32 * 1024 * 1024;
/// Parts of answers handed on before other messages have their turn.
inline constexpr int kServePartsPerTurn = 4;
/// Records looked up for blocks that are not there, before others have their turn.
inline constexpr std::size_t kServeLookupsPerStep = 16;
/// Slots of a range that are looked up at a time.
inline constexpr std::uint64_t kServeRangeWindow = 64;

// ---- known peers

/// Peers remembered besides the static ones. Identities cost nothing, so remembering more of them
/// helps nobody.
inline constexpr std::size_t kKnownPeersMax = 1024;
/// Time from the loss of a static peer (or the first failed dial) to the next dial; doubled with
/// each failure, up to the maximum, and shortened by up to a quarter at random. After a partition
/// of any length the network is whole again within the maximum, three slots, and finalizes within
/// eight.
inline constexpr Duration kRedialMin = std::chrono::seconds(2);
inline constexpr Duration kRedialMax = std::chrono::seconds(12);
/// Dials in flight: a long list of bootnodes must not take all handshakes for itself.
inline constexpr std::size_t kDialsMax = 16;
/// What a peer starts with, and never exceeds. Penalties are those of the rejection table.
inline constexpr double kPeerPointsMax = 100;
/// At or below this a peer is disconnected and banned: three forged messages.
inline constexpr double kPeerPointsBan = 40;
/// Points that come back per minute.
inline constexpr double kPeerPointsPerMinute = 5;
inline constexpr Duration kBanTime = std::chrono::minutes(10);

// ---- commands to the swarm adapter, and events from it

/// A node with every validator of the registry votes for each of them in one interval, and some.
inline constexpr std::size_t kSwarmPublishMax = 4096 + 64;
inline constexpr std::size_t kSwarmDialsMax = 2 * kDialsMax;
/// A status and the fetches of each of a hundred peers.
inline constexpr std::size_t kSwarmRequestsMax = 1024;
/// A part of each answer under way, and the answers to status requests.
inline constexpr std::size_t kSwarmResponsesMax = 1024;
/// As many as the router has messages that wait for one, twice.
inline constexpr std::size_t kSwarmVerdictsMax = 2 * 8192;
inline constexpr std::size_t kSwarmDisconnectsMax = 256;
/// Gossip that waits for the P2P actor: what the router lets wait for a verdict. The router forgets
/// a message after a while, so more could come if the actor is stuck.
inline constexpr std::size_t kQueuedGossipMax = 8192;
inline constexpr std::size_t kQueuedGossipBytesMax = 64 * 1024 * 1024;
/// Requests of peers that wait for their answer.
inline constexpr std::size_t kInboundRequestsMax = 2 * kServeRequestsMax;
/// Events the P2P actor gets at a time: a turn of some milliseconds.
inline constexpr std::size_t kEventsPerBatchMax = 32;
inline constexpr Duration kMeshReportInterval = std::chrono::seconds(10);
/// The swarm ends dials and exchanges by itself; these are only for the case that it does not.
inline constexpr Duration kPublishTimeout = std::chrono::seconds(5);
inline constexpr Duration kDialTimeout = std::chrono::seconds(30);
inline constexpr Duration kRequestTimeout = std::chrono::seconds(90);

// ---- messages to the P2P actor

/// One block a slot; a few more in case that the actor is late.
inline constexpr std::size_t kOwnBlocksMax = 16;
/// One vote a slot of each validator of the registry.
inline constexpr std::size_t kOwnAttestationsMax = 4096;
inline constexpr std::size_t kOwnAggregatesMax = 256;
/// What is lost of these is a penalty.
inline constexpr std::size_t kReportsMax = 256;

}  // namespace lepton::p2p
