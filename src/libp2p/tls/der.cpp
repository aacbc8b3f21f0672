// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/tls/der.hpp"

#include "base/assert.hpp"

namespace lepton::libp2p::der {
namespace {

struct Length {
    std::size_t value;
    /// Bytes that the length itself takes.
    std::size_t size;
};

/// Reads the length at the front of `bytes`. Nothing when it is cut short, not the shortest form,
/// of the indefinite form, or above 16 bits.
std::optional<Length> read_length(ByteView bytes) {
    if (bytes.empty()) return std::nullopt;
    if (bytes[0] < 0x80) return Length{bytes[0], 1};
    if (bytes[0] == 0x81 && bytes.size() >= 2 && bytes[1] >= 0x80) return Length{bytes[1], 2};
    if (bytes[0] == 0x82 && bytes.size() >= 3 && bytes[1] != 0) {
        return Length{static_cast<std::size_t>(bytes[1] << 8 | bytes[2]), 3};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Element> Reader::take(Tag tag) {
    if (rest_.empty() || rest_[0] != static_cast<std::uint8_t>(tag)) return std::nullopt;
    const auto length = read_length(rest_.subspan(1));
    if (!length) return std::nullopt;
    const std::size_t header_size = 1 + length->size;
    if (rest_.size() - header_size < length->value) return std::nullopt;
    const Element element{rest_.first(header_size + length->value),
                          rest_.subspan(header_size, length->value)};
    rest_ = rest_.subspan(element.whole.size());
    return element;
}

Bytes encode(Tag tag, ByteView content) {
    LEPTON_ASSERT(content.size() < 65536);
    Bytes out{static_cast<std::uint8_t>(tag)};
    if (content.size() >= 0x100) {
        out.push_back(0x82);
        out.push_back(static_cast<std::uint8_t>(content.size() >> 8));
    } else if (content.size() >= 0x80) {
        out.push_back(0x81);
    }
    out.push_back(static_cast<std::uint8_t>(content.size() & 0xff));
    append(out, content);
    return out;
}

Bytes encode(Tag tag, std::initializer_list<ByteView> parts) {
    Bytes content;
    for (const ByteView part : parts) append(content, part);
    return encode(tag, content);
}

}  // namespace lepton::libp2p::der
