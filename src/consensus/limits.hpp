// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Bounds of the fork-choice store that are this node's own choice, each with its reason. What the
// protocol itself bounds is in types/constants.hpp.
#pragma once

#include "types/constants.hpp"

#include <cstddef>

namespace lepton::consensus {

/// Proofs that count for block production. One or two aggregates per slot and committee: eight
/// minutes of a stall with four committees. At most 256 MiB, since a proof has at most 512 KiB.
inline constexpr std::size_t kKnownProofsMax = 512;
/// Proofs waiting for the next acceptance, which empties the pool every slot.
inline constexpr std::size_t kNewProofsMax = 64;
/// Proofs of one and the same vote, none covering another: what one merge can take as children.
inline constexpr std::size_t kProofsPerDataMax = 16;
/// Raw signatures of an aggregator: every vote of a full registry for the present slot while those
/// of the previous one are still being proved. About 20 MiB with 2536-byte signatures.
inline constexpr std::size_t kAttestationSignaturesMax = 2 * kValidatorRegistryLimit;
/// Intervals that a tick makes up for one by one; what lies further back is skipped.
inline constexpr std::uint64_t kCatchUpIntervalsMax = kIntervalsPerSlot;
/// Distinct votes that a block of this node carries unless the operator says otherwise: proving
/// time of a block grows with each, and peers accept up to kMaxAttestationsData.
inline constexpr std::size_t kProducedAttestationsDefault = 3;

static_assert(kProducedAttestationsDefault <= kMaxAttestationsData);
static_assert(kProofsPerDataMax <= kNewProofsMax && kNewProofsMax <= kKnownProofsMax);

}  // namespace lepton::consensus
