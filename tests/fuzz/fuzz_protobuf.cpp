// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/protobuf.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    const Allocated allocated;
    ProtobufReader reader(input);
    std::size_t fields = 0;
    while (const auto field = reader.next()) {
        ++fields;
        LEPTON_ASSERT(field->number >= 1);
        expect_within(field->bytes, input);
    }
    LEPTON_ASSERT(allocated.bytes() == 0);
    // The shortest field is a varint: two bytes.
    LEPTON_ASSERT(2 * fields <= input.size());
    LEPTON_ASSERT(!reader.next());
    if (reader.is_malformed()) return;

    // What the writer makes of the fields reads the same.
    Bytes written;
    ProtobufReader once_more(input);
    while (const auto field = once_more.next()) {
        if (field->type == WireType::varint) {
            append_varint_field(written, field->number, field->value);
        } else if (field->type == WireType::bytes) {
            const std::size_t before = written.size();
            append_bytes_field(written, field->number, field->bytes);
            LEPTON_ASSERT(written.size() - before ==
                          bytes_field_size(field->number, field->bytes.size()));
        }
    }
    LEPTON_ASSERT(written.size() <= input.size());
    ProtobufReader before(input);
    ProtobufReader after(written);
    while (const auto field = before.next()) {
        if (field->type != WireType::varint && field->type != WireType::bytes) continue;
        const auto copy = after.next();
        LEPTON_ASSERT(copy && copy->is(field->number, field->type) && copy->value == field->value);
        LEPTON_ASSERT(to_bytes(copy->bytes) == to_bytes(field->bytes));
    }
    LEPTON_ASSERT(!after.next() && !after.is_malformed());
}

std::vector<Bytes> seeds() {
    Bytes message;
    append_varint_field(message, 1, 300);
    append_string_field(message, 2, "text");
    append_bytes_field(message, 3000, Bytes(message));
    const Bytes fixed = bytes_of_hex("090102030405060708150a0b0c0d");
    return {message, fixed, bytes_of_hex("0b0c"), bytes_of_hex("00"), bytes_of_hex("12ff01")};
}

const Registration kTarget({"protobuf", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
