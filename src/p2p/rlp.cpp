// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/rlp.hpp"

#include "base/assert.hpp"

namespace lepton::p2p {
namespace {

constexpr std::uint8_t kStringOffset = 0x80;
constexpr std::uint8_t kListOffset = 0xc0;
/// Contents up to this size have their size in the first byte.
constexpr std::size_t kShortSizeMax = 55;

Bytes big_endian(std::uint64_t number) {
    Bytes digits;
    for (int shift = 56; shift >= 0; shift -= 8) {
        const auto digit = static_cast<std::uint8_t>(number >> shift);
        if (digit != 0 || !digits.empty()) digits.push_back(digit);
    }
    return digits;
}

Result<std::uint64_t, RlpError> from_big_endian(ByteView digits) {
    if (digits.size() > sizeof(std::uint64_t)) return std::unexpected(RlpError::bad_number);
    if (!digits.empty() && digits.front() == 0) return std::unexpected(RlpError::bad_number);
    std::uint64_t number = 0;
    for (const std::uint8_t digit : digits) number = number << 8 | digit;
    return number;
}

void append_header(Bytes& out, std::uint8_t offset, std::size_t size) {
    if (size <= kShortSizeMax) {
        out.push_back(static_cast<std::uint8_t>(offset + size));
        return;
    }
    const Bytes digits = big_endian(size);
    out.push_back(static_cast<std::uint8_t>(offset + kShortSizeMax + digits.size()));
    append(out, digits);
}

}  // namespace

std::string_view to_string(RlpError error) {
    switch (error) {
        case RlpError::truncated:
            return "rlp_truncated";
        case RlpError::not_canonical:
            return "rlp_not_canonical";
        case RlpError::wrong_kind:
            return "rlp_wrong_kind";
        case RlpError::bad_number:
            return "rlp_bad_number";
    }
    assertion_failed("known RlpError", __FILE__, __LINE__, {});
}

Result<ByteView, RlpError> RlpReader::string() {
    return item(false);
}

Result<ByteView, RlpError> RlpReader::list() {
    return item(true);
}

Result<std::uint64_t, RlpError> RlpReader::number() {
    const ByteView before = rest_;
    const auto digits = string();
    if (!digits) return std::unexpected(digits.error());
    auto value = from_big_endian(*digits);
    if (!value) rest_ = before;
    return value;
}

// Sizes stay below the size of the input at every step: nothing can overflow.
Result<ByteView, RlpError> RlpReader::item(bool is_list) {
    if (rest_.empty()) return std::unexpected(RlpError::truncated);
    const std::uint8_t first = rest_.front();
    if (is_list != (first >= kListOffset)) return std::unexpected(RlpError::wrong_kind);
    if (first < kStringOffset) {
        const ByteView content = rest_.first(1);
        rest_ = rest_.subspan(1);
        return content;
    }
    std::size_t size = static_cast<std::size_t>(first - (is_list ? kListOffset : kStringOffset));
    ByteView after = rest_.subspan(1);
    if (size > kShortSizeMax) {
        const std::size_t digits_size = size - kShortSizeMax;
        if (after.size() < digits_size) return std::unexpected(RlpError::truncated);
        const auto long_size = from_big_endian(after.first(digits_size));
        if (!long_size || *long_size <= kShortSizeMax) {
            return std::unexpected(RlpError::not_canonical);
        }
        after = after.subspan(digits_size);
        size = *long_size;
    }
    if (after.size() < size) return std::unexpected(RlpError::truncated);
    const ByteView content = after.first(size);
    if (!is_list && size == 1 && content.front() < kStringOffset) {
        return std::unexpected(RlpError::not_canonical);
    }
    rest_ = after.subspan(size);
    return content;
}

void append_rlp_string(Bytes& out, ByteView content) {
    if (content.size() != 1 || content.front() >= kStringOffset) {
        append_header(out, kStringOffset, content.size());
    }
    append(out, content);
}

void append_rlp_number(Bytes& out, std::uint64_t number) {
    append_rlp_string(out, big_endian(number));
}

Bytes rlp_list(ByteView items) {
    Bytes out;
    append_header(out, kListOffset, items.size());
    append(out, items);
    return out;
}

}  // namespace lepton::p2p
