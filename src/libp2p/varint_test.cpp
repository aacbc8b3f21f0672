// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

TEST(Varint, values_take_seven_bits_per_byte) {
    const std::pair<std::uint64_t, std::string> table[] = {
        {0, "00"},
        {1, "01"},
        {127, "7f"},
        {128, "8001"},
        {150, "9601"},
        {16383, "ff7f"},
        {16384, "808001"},
        {0xffffffff, "ffffffff0f"},
        {UINT64_MAX, "ffffffffffffffffff01"},
    };
    for (const auto& [value, hex] : table) {
        Bytes encoded;
        append_varint(encoded, value);
        EXPECT_EQ(to_hex(encoded), hex);
        EXPECT_EQ(varint_size(value), encoded.size());
        EXPECT_EQ(read_varint(encoded), (Varint{value, encoded.size()})) << hex;
    }
}

TEST(Varint, only_its_own_bytes_are_read) {
    EXPECT_EQ(read_varint(Bytes{0x96, 0x01, 0xff}), (Varint{150, 2}));
    EXPECT_EQ(read_varint(Bytes{0x80, 0x00}), (Varint{0, 2}));
}

TEST(Varint, an_unfinished_number_is_told_from_one_too_large) {
    EXPECT_EQ(read_varint({}), std::unexpected(VarintError::truncated));
    EXPECT_EQ(read_varint(Bytes{0x80, 0x80}), std::unexpected(VarintError::truncated));
    EXPECT_EQ(read_varint(Bytes(11, 0x80)), std::unexpected(VarintError::overflow));
    Bytes above(9, 0xff);
    above.push_back(0x02);
    EXPECT_EQ(read_varint(above), std::unexpected(VarintError::overflow));
}

}  // namespace
}  // namespace lepton::libp2p
