// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/tls/der.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p::der {
namespace {

TEST(Der, what_is_written_is_read) {
    for (const std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u}) {
        const Bytes content(size, 0xaa);
        Bytes encoded = encode(Tag::octet_string, content);
        const std::size_t encoded_size = encoded.size();
        encoded.push_back(0x05);
        Reader reader{encoded};
        const auto element = reader.take(Tag::octet_string);
        ASSERT_TRUE(element) << size;
        EXPECT_EQ(to_bytes(element->content), content);
        EXPECT_EQ(element->whole.size(), encoded_size);
        EXPECT_FALSE(reader.is_at_end());
    }
}

TEST(Der, parts_are_joined_in_order) {
    EXPECT_EQ(to_hex(encode(Tag::sequence, {Bytes{1, 2}, Bytes{}, Bytes{3}})), "3003010203");
}

TEST(Der, another_tag_takes_nothing) {
    const Bytes encoded = from_hex("020105").value();
    Reader reader{encoded};
    EXPECT_FALSE(reader.take(Tag::sequence));
    EXPECT_TRUE(reader.take(Tag::integer));
    EXPECT_TRUE(reader.is_at_end());
    EXPECT_FALSE(reader.take(Tag::integer));
}

TEST(Der, malformed_lengths_are_refused) {
    const char* refused[] = {
        "",
        "04",
        "0401",          // content cut short
        "0480aa0000",    // indefinite
        "048101aa",      // not the shortest form
        "04820001aa",    // not the shortest form
        "0481",          // length cut short
        "048201",        // length cut short
        "0483010000aa",  // above 16 bits
        "0484ffffffff",  // above 16 bits
        "0482ffffaa",    // longer than what follows
    };
    for (const char* hex : refused) {
        const Bytes bytes = from_hex(hex).value();
        EXPECT_FALSE(Reader{bytes}.take(Tag::octet_string)) << hex;
    }
}

}  // namespace
}  // namespace lepton::libp2p::der
