// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/rlp.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

Bytes string_of(ByteView content) {
    Bytes out;
    append_rlp_string(out, content);
    return out;
}

Bytes number_of(std::uint64_t number) {
    Bytes out;
    append_rlp_number(out, number);
    return out;
}

RlpError string_error(const Bytes& bytes) {
    RlpReader reader(bytes);
    const auto content = reader.string();
    EXPECT_FALSE(content);
    EXPECT_EQ(reader.rest().size(), bytes.size());
    return content ? RlpError{255} : content.error();
}

TEST(Rlp, known_encodings) {
    EXPECT_EQ(string_of(as_bytes("dog")), (Bytes{0x83, 'd', 'o', 'g'}));
    EXPECT_EQ(string_of({}), Bytes{0x80});
    EXPECT_EQ(string_of(Bytes{0x7f}), Bytes{0x7f});
    EXPECT_EQ(string_of(Bytes{0x80}), (Bytes{0x81, 0x80}));
    EXPECT_EQ(number_of(0), Bytes{0x80});
    EXPECT_EQ(number_of(15), Bytes{0x0f});
    EXPECT_EQ(number_of(1024), (Bytes{0x82, 0x04, 0x00}));
    EXPECT_EQ(rlp_list({}), Bytes{0xc0});
    EXPECT_EQ(to_hex(string_of(Bytes(56, 0xaa))).substr(0, 6), "b838aa");
    EXPECT_EQ(to_hex(rlp_list(Bytes(300, 1))).substr(0, 8), "f9012c01");
}

TEST(Rlp, round_trip) {
    for (const std::size_t size : {0u, 1u, 55u, 56u, 255u, 256u, 70000u}) {
        const Bytes content(size, 0xc1);
        const Bytes encoded = string_of(content);
        RlpReader reader(encoded);
        EXPECT_EQ(to_bytes(reader.string().value()), content);
        EXPECT_TRUE(reader.empty());
    }
    for (const std::uint64_t number : {0ull, 1ull, 127ull, 128ull, 65535ull, ~0ull}) {
        const Bytes encoded = number_of(number);
        EXPECT_EQ(RlpReader(encoded).number().value(), number);
    }
}

TEST(Rlp, reads_items_in_order) {
    Bytes items;
    append_rlp_string(items, as_bytes("key"));
    append_rlp_number(items, 7);
    const Bytes list = rlp_list(items);
    RlpReader outer(list);
    RlpReader inner(outer.list().value());
    EXPECT_TRUE(outer.empty());
    EXPECT_EQ(as_text(inner.string().value()), "key");
    EXPECT_EQ(inner.number().value(), 7u);
    EXPECT_TRUE(inner.empty());
}

TEST(Rlp, truncated_items) {
    EXPECT_EQ(string_error({}), RlpError::truncated);
    EXPECT_EQ(string_error({0x83, 'd', 'o'}), RlpError::truncated);
    EXPECT_EQ(string_error({0xb9, 0x01}), RlpError::truncated);
    EXPECT_EQ(string_error({0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}),
              RlpError::truncated);
}

TEST(Rlp, longer_forms_than_needed_are_refused) {
    EXPECT_EQ(string_error({0x81, 0x7f}), RlpError::not_canonical);
    EXPECT_EQ(string_error({0xb8, 0x01, 0xff}), RlpError::not_canonical);
    Bytes zero_in_front{0xb9, 0x00, 0x38};
    zero_in_front.resize(3 + 56);
    EXPECT_EQ(string_error(zero_in_front), RlpError::not_canonical);
}

TEST(Rlp, kinds_do_not_mix) {
    EXPECT_EQ(string_error({0xc0}), RlpError::wrong_kind);
    const Bytes string{0x80};
    EXPECT_EQ(RlpReader(string).list().error(), RlpError::wrong_kind);
}

TEST(Rlp, bad_numbers) {
    EXPECT_EQ(RlpReader(Bytes{0x82, 0x00, 0x01}).number().error(), RlpError::bad_number);
    const Bytes nine_bytes = string_of(Bytes(9, 0x01));
    EXPECT_EQ(RlpReader(nine_bytes).number().error(), RlpError::bad_number);
}

}  // namespace
}  // namespace lepton::p2p
