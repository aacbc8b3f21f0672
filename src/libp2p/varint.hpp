// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Unsigned variable-length integers (LEB128): lengths, protobuf, multicodec. Pure; any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace lepton::libp2p {

/// A 64-bit value takes at most ten groups of seven bits.
inline constexpr std::size_t kVarintSizeMax = 10;

enum class VarintError : std::uint8_t {
    /// The bytes end before the number does: more may follow.
    truncated,
    /// The number does not fit in 64 bits.
    overflow
};

struct Varint {
    std::uint64_t value = 0;
    /// Bytes it occupied.
    std::size_t size = 0;

    bool operator==(const Varint&) const = default;
};

/// Appends `value` in its shortest form.
void append_varint(Bytes& out, std::uint64_t value);

/// Returns how many bytes append_varint adds.
std::size_t varint_size(std::uint64_t value);

/// Returns the number at the start of `bytes`. Longer forms than needed are accepted, as protobuf
/// does.
Result<Varint, VarintError> read_varint(ByteView bytes);

}  // namespace lepton::libp2p
