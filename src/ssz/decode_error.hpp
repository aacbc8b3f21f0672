// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Why bytes are not the SSZ form of a type, and what a decoder must know of the network. Values;
// any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::ssz {

enum class DecodeError : std::uint8_t {
    /// A fixed-size type, or the fixed part of a container, has another number of bytes.
    wrong_size,
    /// An offset is not where the previous part ends, goes back, or points outside.
    bad_offset,
    /// A list, byte list or bitlist is longer than its limit.
    limit_exceeded,
    /// A bitlist without its delimiter bit, or a bitvector with padding bits set.
    bad_bits,
    /// Right size, but no value of the type: a boolean other than 0 and 1, a registry out of order.
    bad_value,
};

constexpr std::string_view to_string(DecodeError error) {
    switch (error) {
        case DecodeError::wrong_size:
            return "wrong_size";
        case DecodeError::bad_offset:
            return "bad_offset";
        case DecodeError::limit_exceeded:
            return "limit_exceeded";
        case DecodeError::bad_bits:
            return "bad_bits";
        case DecodeError::bad_value:
            return "bad_value";
    }
    return "unknown";
}

/// Sizes that the network's signature scheme decides.
struct DecodeContext {
    std::size_t public_key_size = 0;
    std::size_t signature_size = 0;
};

}  // namespace lepton::ssz
