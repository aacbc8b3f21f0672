// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/varint.hpp"

#include <algorithm>

namespace lepton::libp2p {

void append_varint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t varint_size(std::uint64_t value) {
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
}

Result<Varint, VarintError> read_varint(ByteView bytes) {
    std::uint64_t value = 0;
    const std::size_t size_max = std::min(bytes.size(), kVarintSizeMax);
    for (std::size_t i = 0; i < size_max; ++i) {
        const std::uint64_t group = bytes[i] & 0x7f;
        // The tenth byte holds bit 63 alone.
        if (i == kVarintSizeMax - 1 && bytes[i] > 1) return std::unexpected(VarintError::overflow);
        value |= group << (7 * i);
        if ((bytes[i] & 0x80) == 0) return Varint{value, i + 1};
    }
    return std::unexpected(VarintError::truncated);
}

}  // namespace lepton::libp2p
