// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/base58.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::libp2p {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Multiplies the little-endian number `digits` (in base `base`) by `factor` and adds `addend`.
void multiply_add(Bytes& digits, unsigned base, unsigned factor, unsigned addend) {
    unsigned carry = addend;
    for (std::uint8_t& digit : digits) {
        carry += digit * factor;
        digit = static_cast<std::uint8_t>(carry % base);
        carry /= base;
    }
    while (carry != 0) {
        digits.push_back(static_cast<std::uint8_t>(carry % base));
        carry /= base;
    }
}

}  // namespace

std::string base58_encode(ByteView bytes) {
    LEPTON_ASSERT(bytes.size() <= kBase58SizeMax);
    const auto first_nonzero = std::ranges::find_if(bytes, [](std::uint8_t b) { return b != 0; });
    Bytes digits;
    for (auto it = first_nonzero; it != bytes.end(); ++it) multiply_add(digits, 58, 256, *it);

    // A leading zero byte has no weight in the number; it is written as one '1'.
    std::string text(static_cast<std::size_t>(first_nonzero - bytes.begin()), kAlphabet[0]);
    for (auto it = digits.rbegin(); it != digits.rend(); ++it) text.push_back(kAlphabet[*it]);
    return text;
}

Result<Bytes, std::string> base58_decode(std::string_view text) {
    if (text.size() > kBase58SizeMax) {
        return std::unexpected(fmt::format(
            "base58 text of {} characters, at most {} allowed", text.size(), kBase58SizeMax));
    }
    const std::size_t zeros = std::min(text.find_first_not_of(kAlphabet[0]), text.size());
    Bytes number;
    for (std::size_t i = zeros; i < text.size(); ++i) {
        const std::size_t digit = kAlphabet.find(text[i]);
        if (digit == std::string_view::npos) {
            return std::unexpected(fmt::format("no base58 character at position {}", i));
        }
        multiply_add(number, 256, 58, static_cast<unsigned>(digit));
    }
    Bytes bytes(zeros, 0);
    bytes.insert(bytes.end(), number.rbegin(), number.rend());
    return bytes;
}

}  // namespace lepton::libp2p
