// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Constants of the consensus specification that no network changes (fork lstar). What networks do
// change is in network_profile.hpp.
#pragma once

#include <cstdint>

namespace lepton {

/// Spec: config.py. Phases of a slot: 0 propose, 1 attest, 2 aggregate, 3 safe target, 4 accept
/// votes.
inline constexpr std::uint64_t kIntervalsPerSlot = 5;
/// How far ahead of the store's time a vote may be.
inline constexpr std::uint64_t kGossipDisparityIntervals = 1;
inline constexpr std::uint64_t kJustificationLookbackSlots = 3;
inline constexpr std::uint64_t kImmediateJustificationWindow = 5;
inline constexpr std::uint64_t kHistoricalRootsLimit = std::uint64_t{1} << 18;
inline constexpr std::uint64_t kValidatorRegistryLimit = std::uint64_t{1} << 12;
inline constexpr std::uint64_t kJustificationsValidatorsLimit =
    kHistoricalRootsLimit * kValidatorRegistryLimit;
/// Distinct AttestationData that one block may carry.
inline constexpr std::uint64_t kMaxAttestationsData = 8;
/// Most bytes of one aggregate or block proof (ByteList512KiB).
inline constexpr std::uint64_t kProofSizeMax = std::uint64_t{1} << 19;
/// Most blocks one BlocksByRoot or BlocksByRange request may ask for.
inline constexpr std::uint64_t kMaxRequestBlocks = 1024;
/// Most uncompressed bytes of a gossip message or of one request or response chunk.
inline constexpr std::uint64_t kMaxPayloadSize = 10 * 1024 * 1024;

}  // namespace lepton
