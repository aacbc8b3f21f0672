// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton {
namespace {

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string_view without_prefix(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    return text;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text.push_back(kDigits[byte >> 4]);
        text.push_back(kDigits[byte & 15]);
    }
    return text;
}

std::string short_hex(ByteView bytes, std::size_t count) {
    return "0x" + to_hex(bytes.first(std::min(count, bytes.size())));
}

Result<Bytes, std::string> from_hex(std::string_view text) {
    Bytes out(without_prefix(text).size() / 2);
    if (auto filled = from_hex(text, out); !filled) return std::unexpected(filled.error());
    return out;
}

Result<void, std::string> from_hex(std::string_view text, MutableByteView out) {
    text = without_prefix(text);
    if (text.size() != out.size() * 2) {
        return std::unexpected(
            fmt::format("expected {} hexadecimal digits, found {}", out.size() * 2, text.size()));
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit_value(text[2 * i]);
        const int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return std::unexpected(fmt::format("no hexadecimal digit at position {}", 2 * i));
        }
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return {};
}

}  // namespace lepton
