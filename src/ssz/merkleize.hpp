// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Merkle roots of 32-byte chunks. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <vector>

namespace lepton::ssz {

/// Returns the root of `chunks` as the first leaves of a tree with room for `limit` leaves (rounded
/// up to a power of two), the rest zero.
/// Spec: merkleization.py `merkleize`
/// Requires: chunks.size() <= limit, limit >= 1 unless both are zero.
/// Cost: one hash per two chunks and one per level; empty subtrees are looked up, not hashed.
Bytes32 merkleize(std::vector<Bytes32> chunks, std::uint64_t limit);

/// Returns the root of a list: the root of its content hashed with its length.
/// Spec: merkleization.py `mix_in_length`
Bytes32 mix_in_length(const Bytes32& root, std::uint64_t length);

/// Returns `bytes` cut into chunks, the last one padded with zeros.
std::vector<Bytes32> pack_bytes(ByteView bytes);

/// Returns the number of chunks of `size` bytes.
constexpr std::uint64_t chunk_count(std::uint64_t size) {
    return size / 32 + (size % 32 != 0 ? 1 : 0);
}

}  // namespace lepton::ssz
