// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/crc32c.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace lepton::p2p {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, published_values) {
    EXPECT_EQ(crc32c({}), 0u);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
    EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8a9136aau);
    EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43u);
    Bytes ascending(32);
    std::iota(ascending.begin(), ascending.end(), std::uint8_t{0});
    EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
}

TEST(Crc32c, instruction_and_table_agree_on_every_length) {
    SeededRandom random(7);
    Bytes data(300);
    random.fill(data);
    for (std::size_t size = 0; size <= data.size(); ++size) {
        const ByteView view = ByteView{data}.first(size);
        ASSERT_EQ(crc32c(view), crc32c_portable(view)) << size;
    }
}

TEST(Crc32c, masked_form_rotates_and_adds) {
    EXPECT_EQ(masked_crc32c({}), 0xa282ead8u);
    // 0xe3069283 rotated right by 15 bits is 0x2507c60d.
    EXPECT_EQ(masked_crc32c(as_bytes("123456789")), 0x2507c60du + 0xa282ead8u);
}

}  // namespace
}  // namespace lepton::p2p
