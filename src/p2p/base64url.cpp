// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/base64url.hpp"

namespace lepton::p2p {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int bit_count = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            text.push_back(kAlphabet[bits >> bit_count & 63]);
        }
    }
    if (bit_count > 0) text.push_back(kAlphabet[bits << (6 - bit_count) & 63]);
    return text;
}

std::optional<Bytes> from_base64url(std::string_view text) {
    Bytes bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int bit_count = 0;
    for (const char character : text) {
        const std::size_t value = kAlphabet.find(character);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
        }
    }
    const bool has_impossible_length = bit_count == 6;
    const bool has_stray_bits = (bits & ((1u << bit_count) - 1)) != 0;
    if (has_impossible_length || has_stray_bits) return std::nullopt;
    return bytes;
}

}  // namespace lepton::p2p
