// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/packet_filter.hpp"

#include <cstdint>
#include <optional>

namespace lepton::libp2p {
namespace {

constexpr std::uint8_t kLongHeaderBit = 0x80;
constexpr std::uint32_t kVersion1 = 1;
constexpr std::uint8_t kInitialType = 0;
constexpr std::uint8_t kRetryType = 3;

/// Takes the front of a packet piece by piece; any piece that is not there empties it for good.
class Cursor {
  public:
    explicit Cursor(ByteView bytes) : bytes_(bytes) {}

    std::optional<std::uint8_t> take_byte() {
        if (at_ >= bytes_.size()) return std::nullopt;
        return bytes_[at_++];
    }

    bool skip(std::uint64_t count) {
        if (count > bytes_.size() - at_) return false;
        at_ += static_cast<std::size_t>(count);
        return true;
    }

    /// Variable-length integer of QUIC: the top two bits of the first byte tell the size.
    std::optional<std::uint64_t> take_varint() {
        const auto first = take_byte();
        if (!first) return std::nullopt;
        std::uint64_t value = *first & 0x3f;
        for (int left = (1 << (*first >> 6)) - 1; left > 0; --left) {
            const auto next = take_byte();
            if (!next) return std::nullopt;
            value = value << 8 | *next;
        }
        return value;
    }

    std::size_t at() const { return at_; }

  private:
    ByteView bytes_;
    std::size_t at_ = 0;
};

/// Returns the size of the long-header packet at the front of `bytes`; nothing when it is malformed
/// or of another version (its Length cannot be found).
std::optional<std::size_t> long_packet_size(ByteView bytes) {
    Cursor cursor{bytes};
    const auto first = cursor.take_byte();
    std::uint32_t version = 0;
    for (int i = 0; i < 4; ++i) {
        const auto byte = cursor.take_byte();
        if (!byte) return std::nullopt;
        version = version << 8 | *byte;
    }
    if (version != kVersion1) return std::nullopt;
    const std::uint8_t type = (*first >> 4) & 3;
    if (type == kRetryType) return std::nullopt;

    for (int i = 0; i < 2; ++i) {  // destination and source connection id
        const auto size = cursor.take_byte();
        if (!size || !cursor.skip(*size)) return std::nullopt;
    }
    if (type == kInitialType) {
        const auto token_size = cursor.take_varint();
        if (!token_size || !cursor.skip(*token_size)) return std::nullopt;
    }
    const auto length = cursor.take_varint();
    if (!length || !cursor.skip(*length)) return std::nullopt;
    return cursor.at();
}

/// True for a packet that reaches to the end of its datagram by definition.
bool is_whole_datagram(ByteView bytes) {
    if (bytes.size() < 5) return false;
    const bool is_negotiation = bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0 && bytes[4] == 0;
    const bool is_retry = bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0 &&
                          bytes[4] == kVersion1 && ((bytes[0] >> 4) & 3) == kRetryType;
    return is_negotiation || is_retry;
}

}  // namespace

SplitDatagram split_datagram(ByteView datagram) {
    std::size_t at = 0;
    while (at < datagram.size() && (datagram[at] & kLongHeaderBit) != 0) {
        const ByteView rest = datagram.subspan(at);
        if (at == 0 && is_whole_datagram(rest)) return {datagram, {}};
        const auto size = long_packet_size(rest);
        if (!size) return {datagram.first(at), {}};
        at += *size;
    }
    return {datagram.first(at), datagram.subspan(at)};
}

}  // namespace lepton::libp2p
