// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Raw snappy blocks, the form in which gossip payloads travel: varint of the uncompressed size,
// then the compressed bytes. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::p2p {

/// Why bytes are no snappy block, or none that is accepted.
enum class SnappyBlockError : std::uint8_t {
    /// The size in front is missing, or not a 32-bit varint.
    bad_size,
    /// The size in front is above the caller's limit. Nothing was allocated.
    too_large,
    /// The compressed bytes do not give exactly the size in front.
    corrupt,
};
std::string_view to_string(SnappyBlockError error);

/// Returns the snappy block of `data`. Requires data.size() < 2^32.
Bytes snappy_block_encode(ByteView data);

/// Returns what `block` holds.
/// Input:  size_max: most bytes of the result; checked before anything is allocated
/// Errors: any SnappyBlockError
/// Cost:   one allocation, of at most 22 bytes per byte of input
Result<Bytes, SnappyBlockError> snappy_block_decode(ByteView block, std::size_t size_max);

}  // namespace lepton::p2p
