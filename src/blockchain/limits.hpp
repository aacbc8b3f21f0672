// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bounds of the blockchain actor, each with its reason. Those of the fork-choice store are in
// consensus/limits.hpp.
#pragma once

#include "base/clock.hpp"
#include "types/constants.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lepton::blockchain {

// ---- blocks that wait for their parent

/// As many blocks as one range answer has, and the bytes of 128 blocks with the largest proof.
inline constexpr std::size_t kPendingBlocksMax = 1024;
inline constexpr std::size_t kPendingBytesMax = 64 * 1024 * 1024;
/// Blocks of one proposer for one slot: an honest one makes one, and forks of a dishonest one must
/// not push out others.
inline constexpr std::size_t kPendingPerProposalMax = 4;
/// Slots for which a block waits: some ten rounds of asking for what it lacks.
inline constexpr std::uint64_t kPendingBlockAgeMax = 64;
/// Asks for missing blocks that may be open at once; the others wait.
inline constexpr std::size_t kOpenBlockRequestsMax = 32;
/// Waiting time before an unsuccessful ask is repeated: one slot, doubled each time up to sixteen.
/// Each ask stands for several attempts with different peers.
inline constexpr unsigned kRequestBackoffDoublingsMax = 4;
/// Roots of blocks found wrong, remembered so that what builds on them is refused at once.
inline constexpr std::size_t kRejectedBlocksRemembered = 1024;

// ---- votes that came before their block

/// As many as the specification keeps.
inline constexpr std::size_t kPendingVotesMax = 1024;
/// Aggregates are larger: at most 32 MiB of proofs.
inline constexpr std::size_t kPendingAggregatesMax = 64;
/// Slots after its own for which a vote is worth keeping: longer than a missing block takes to be
/// fetched, and about as long as a vote can matter for justification.
inline constexpr std::uint64_t kPendingVoteAgeMax = 8;

// ---- states

/// Post-states kept in memory: the head's and those of the branches that blocks still come for. A
/// state has at most some 9 MB, a few hundred KB on the first days of a chain.
inline constexpr std::size_t kStatesCached = 16;

// ---- duties

/// Slots that the latest imported block may lag behind the wall clock before duties stop, and to
/// which it must come back before they resume: two values, or else each empty slot would switch.
inline constexpr std::uint64_t kSyncLagMax = 4;
inline constexpr std::uint64_t kSyncLagResumed = 2;
/// Slots for which a node that is behind waits to come closer before it does duties again: several
/// rounds of asking different peers for what it lacks.
inline constexpr std::uint64_t kCatchUpSlotsMax = 8;
/// Signing jobs that wait for the one under way: the votes and the block of a slot, and room for a
/// slot that was slow.
inline constexpr std::size_t kSigningJobsWaitingMax = 4;
/// Aggregates made per slot: the present slot's votes on one head, and what is left of others.
inline constexpr std::size_t kAggregationJobsMax = 4;
/// Aggregates under way: a prover that is this far behind gets no more work.
inline constexpr std::size_t kAggregationsOpenMax = 4 * kAggregationJobsMax;
/// Results of proving jobs that wait in the mailbox: those of the aggregates above, and the parts
/// of a few blocks.
inline constexpr std::size_t kProofResultsMax = 256;
/// Until a signing job that found the CPU pool full is offered again, and how often.
inline constexpr Duration kSignRetryDelay = std::chrono::milliseconds{20};
inline constexpr unsigned kSignRetriesMax = 50;

// ---- asks of the P2P actor

/// A publish command that has no outcome after two slots is of no interest any more.
inline constexpr Duration kPublishTimeout = std::chrono::seconds{8};
/// A fetch makes several attempts, each with its own time limit, and may wait for a first peer.
inline constexpr Duration kFetchTimeout = std::chrono::seconds{120};

// ---- mailbox classes

/// Blocks that wait to be imported, and their bytes: more stay with the verifier's sender.
inline constexpr std::size_t kNewBlocksMax = 64;
inline constexpr std::size_t kNewBlockBytesMax = 64 * 1024 * 1024;
/// Votes: those of a full registry for two slots; aggregates: as many as the verifier may hold.
inline constexpr std::size_t kNewVotesMax = 2 * kValidatorRegistryLimit;
inline constexpr std::size_t kNewAggregatesMax = 128;

}  // namespace lepton::blockchain
