// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// base58btc, the text form of peer ids. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace lepton::libp2p {

/// The longest byte string and the longest text taken below. The cost grows with the square of the
/// length; a peer id needs 44 bytes and 61 characters.
inline constexpr std::size_t kBase58SizeMax = 128;

/// Returns `bytes` (at most kBase58SizeMax) in the bitcoin alphabet.
std::string base58_encode(ByteView bytes);

/// Returns the bytes that `text` stands for.
/// Errors: a foreign character, or a text longer than kBase58SizeMax.
Result<Bytes, std::string> base58_decode(std::string_view text);

}  // namespace lepton::libp2p
