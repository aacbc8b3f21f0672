// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bounds of the verifier, each with its reason.
#pragma once

#include "base/clock.hpp"
#include "types/constants.hpp"

#include <chrono>
#include <cstddef>

namespace lepton::verifier {

/// Votes that wait: those of a full registry for two slots. About 22 MiB.
inline constexpr std::size_t kVotesWaitingMax = 2 * kValidatorRegistryLimit;
/// Aggregates that wait: at most 64 MiB, since a proof has at most 512 KiB.
inline constexpr std::size_t kAggregatesWaitingMax = 128;
/// Blocks that wait, and their bytes.
inline constexpr std::size_t kBlocksWaitingMax = 256;
inline constexpr std::size_t kBlockBytesWaitingMax = 64 * 1024 * 1024;
/// Our own blocks that wait: one is made per slot.
inline constexpr std::size_t kOwnBlocksWaitingMax = 4;
/// Our own messages that wait for room in the blockchain actor's mailbox.
inline constexpr std::size_t kOwnUndeliveredMax = kValidatorRegistryLimit;
/// What one peer may have waiting or in work, so that nobody fills the queues alone. An honest peer
/// hands on everybody's messages: a slot's votes of a full registry, aggregates of many committees,
/// a few blocks. Blocks that this node asked for do not count.
inline constexpr std::size_t kVotesPerPeerMax = kValidatorRegistryLimit;
inline constexpr std::size_t kAggregatesPerPeerMax = 32;
inline constexpr std::size_t kBlocksPerPeerMax = 8;

/// Votes verified in one piece of work: enough to fill the vector lanes many times over, few enough
/// (some 20 ms) that a block never waits long for its turn.
inline constexpr std::size_t kVotesPerBatch = 64;
/// Votes that are worth starting at once: one for each lane of the widest vector kernel. Batches
/// are multiples of it where they can be.
inline constexpr std::size_t kVotesGathered = 16;
static_assert(kVotesPerBatch % kVotesGathered == 0);
/// How long fewer votes wait for others that would be verified at almost no cost beside them. Votes
/// of one slot arrive within some tens of milliseconds, and are due 800 ms after their slot began.
inline constexpr Duration kVoteGatherTime = std::chrono::milliseconds{2};
/// Work that may be under way beyond what peers' messages fill, reserved for our own messages.
inline constexpr std::size_t kJobsReservedForOwn = 1;
/// Proofs that may be checked at once, whatever the number of threads.
inline constexpr std::size_t kProofJobsMax = 64;
/// After this time a proof that is still being checked is given up: nobody waits for it any more.
inline constexpr Duration kProofDeadline = std::chrono::seconds{30};
/// Until the next try when the CPU pool, or the blockchain actor for our own message, has no room.
inline constexpr Duration kRetryDelay = std::chrono::milliseconds{20};
/// Refusals of one proof by the backend after which it is given up: a second of a full pool, or a
/// proof that ends whoever checks it.
inline constexpr unsigned kProofRefusalsMax = 50;

/// Bytes found invalid, remembered so that they are refused unread: 32 bytes each.
inline constexpr std::size_t kInvalidRemembered = 16384;
/// Votes found valid, by data and validator: those of a full registry for four slots.
inline constexpr std::size_t kValidVotesRemembered = 4 * kValidatorRegistryLimit;
/// Blocks and aggregates found valid.
inline constexpr std::size_t kValidProofsRemembered = 1024;

}  // namespace lepton::verifier
