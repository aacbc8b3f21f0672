// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace lepton {
namespace {

TEST(Hex, round_trip_with_and_without_prefix) {
    const Bytes bytes{0x00, 0x0f, 0xa0, 0xff};
    EXPECT_EQ(to_hex(bytes), "000fa0ff");
    EXPECT_EQ(from_hex("000FA0ff").value(), bytes);
    EXPECT_EQ(from_hex("0x000fa0ff").value(), bytes);
    EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Hex, rejects_odd_length_and_foreign_characters) {
    EXPECT_FALSE(from_hex("0x0"));
    EXPECT_FALSE(from_hex("zz"));
    EXPECT_FALSE(from_hex("0x0 "));
    Bytes32 root{};
    EXPECT_FALSE(from_hex("00", root));
}

TEST(Hex, short_form_of_a_root) {
    EXPECT_EQ(short_hex(Bytes{1, 2, 3, 4, 5}), "0x01020304");
}

}  // namespace
}  // namespace lepton
