// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/protobuf.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

TEST(Protobuf, fields_come_in_the_order_of_the_wire) {
    Bytes message;
    append_varint_field(message, 1, 150);
    append_string_field(message, 200, "abc");
    append(message, hex("1d01020304"));          // field 3, fixed32
    append(message, hex("210102030405060708"));  // field 4, fixed64

    ProtobufReader reader(message);
    const auto first = reader.next();
    ASSERT_TRUE(first && first->is(1, WireType::varint));
    EXPECT_EQ(first->value, 150u);
    const auto second = reader.next();
    ASSERT_TRUE(second && second->is(200, WireType::bytes));
    EXPECT_EQ(as_text(second->bytes), "abc");
    const auto third = reader.next();
    ASSERT_TRUE(third && third->is(3, WireType::fixed32));
    EXPECT_EQ(third->value, 0x04030201u);
    const auto fourth = reader.next();
    ASSERT_TRUE(fourth && fourth->is(4, WireType::fixed64));
    EXPECT_EQ(fourth->value, 0x0807060504030201u);
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.is_malformed());
    EXPECT_EQ(bytes_field_size(200, 3), 6u);
}

TEST(Protobuf, what_is_cut_short_or_of_an_unknown_type_is_malformed) {
    const char* table[] = {
        "0b0c",                    // a group
        "0c",                      // the end of a group
        "0e",                      // wire type 6
        "0f",                      // wire type 7
        "00",                      // field number zero
        "08",                      // no value
        "0880",                    // half a varint
        "0a05616263",              // content shorter than announced
        "0affffffffffffffffff01",  // announced length of 2^64 - 1
        "0d010203",                // three of four bytes
        "0901020304",              // four of eight bytes
        "808080808001",            // field number beyond 29 bits
    };
    for (const char* text : table) {
        const Bytes message = hex(text);
        ProtobufReader reader(message);
        EXPECT_FALSE(reader.next()) << text;
        EXPECT_TRUE(reader.is_malformed()) << text;
        EXPECT_FALSE(reader.next()) << text;
    }
}

TEST(Protobuf, an_empty_message_has_no_fields) {
    ProtobufReader reader({});
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.is_malformed());
}

}  // namespace
}  // namespace lepton::libp2p
