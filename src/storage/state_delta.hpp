// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A state as the difference to its parent's state. A state grows by 32 bytes per slot for ever,
// while one block changes a few hundred bytes of it. Pure; any thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <optional>

namespace lepton::storage {

/// The lists of a state: block hashes, justified slots, registry, justification roots and votes.
inline constexpr std::size_t kStateListCount = 5;

/// The SSZ form of a state, cut where its lists begin, so that each list can grow by itself.
struct SplitState {
    /// The fields of fixed size, without the offsets of the lists.
    Bytes fixed;
    std::array<Bytes, kStateListCount> lists;

    bool operator==(const SplitState&) const = default;
};

/// Returns the parts of the SSZ form of a state; nothing when the offsets make no sense.
std::optional<SplitState> split_state(ByteView ssz);

/// Returns the SSZ form that `state` was split from.
Bytes join_state(const SplitState& state);

/// Returns what turns `base` into `target`.
/// Cost: one comparison of the two
Bytes make_delta(const SplitState& base, const SplitState& target);

/// Turns `state` from the base of `delta` into its target. Returns false, and leaves `state` in
/// some valid form, when `delta` does not fit it.
/// Cost: proportional to the change, not to the state, unless a list changed in its middle
[[nodiscard]] bool apply_delta(SplitState& state, ByteView delta);

}  // namespace lepton::storage
