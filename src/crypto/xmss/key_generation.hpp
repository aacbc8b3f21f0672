// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Making keys: leaves, bottom trees, whole keys. Any thread.
#pragma once

#include "crypto/xmss/secret_key.hpp"

#include <functional>

namespace lepton::crypto::xmss {

/// Writes the leaves of the slots first_slot, first_slot + 1, … into `leaves`.
/// Cost: 322 width-16, 25 width-24 and 46 Keccak permutations per leaf (prod)
template <class P>
void build_leaves(const Prf& prf,
                  const Parameter& parameter,
                  std::uint64_t first_slot,
                  std::span<Digest> leaves);

/// Returns bottom tree `index`; tells `slots_done` how many of its slots are done, now and then.
template <class P>
SubTree generate_bottom_tree(const Prf& prf,
                             const Parameter& parameter,
                             std::uint64_t index,
                             const ParallelFor& parallel_for,
                             const std::function<void(std::uint64_t)>& slots_done);

/// Returns [activation_slot, activation_slot + slot_count) widened to whole bottom trees, at least
/// two, and moved down where it would pass the end of the lifetime.
/// Errors: activation_range
template <class P>
Result<SlotRange, SignatureError> widen_activation(std::uint64_t activation_slot,
                                                   std::uint64_t slot_count);

/// Returns a fresh key for `activation`, a range that widen_activation returned.
template <class P>
SecretKey generate_key(Random& random,
                       const SlotRange& activation,
                       const ParallelFor& parallel_for,
                       const Progress& progress);

}  // namespace lepton::crypto::xmss
