// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Byte strings and their hexadecimal form. Values only; every function may be called from any
// thread.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lepton {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;
using Bytes20 = std::array<std::uint8_t, 20>;
using Bytes32 = std::array<std::uint8_t, 32>;

/// Returns the bytes of `text`, borrowed.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Returns `bytes` seen as characters, borrowed.
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Returns an owned copy of `view`.
inline Bytes to_bytes(ByteView view) {
    return {view.begin(), view.end()};
}

/// Appends `tail` to `out`.
inline void append(Bytes& out, ByteView tail) {
    out.insert(out.end(), tail.begin(), tail.end());
}

/// Returns lower-case hexadecimal digits of `bytes`, without a prefix.
std::string to_hex(ByteView bytes);

/// Returns "0x" and the first `count` bytes of `bytes` in hexadecimal: the short form of a root in
/// logs.
std::string short_hex(ByteView bytes, std::size_t count = 4);

/// Returns the bytes that `text` names; "0x" in front is allowed, upper and lower case too.
/// Errors: an odd number of digits, or a character that is no digit.
Result<Bytes, std::string> from_hex(std::string_view text);

/// Fills all of `out` from `text`.
/// Errors: as from_hex, and a length other than that of `out`.
Result<void, std::string> from_hex(std::string_view text, MutableByteView out);

}  // namespace lepton
