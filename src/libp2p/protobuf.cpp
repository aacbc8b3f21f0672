// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/protobuf.hpp"

#include "libp2p/varint.hpp"

namespace lepton::libp2p {
namespace {

/// Field numbers take 29 bits; the low three of the key are the wire type.
constexpr std::uint64_t kFieldKeyMax = 0xffff'ffff;

std::uint64_t field_key(std::uint32_t number, WireType type) {
    return std::uint64_t{number} << 3 | static_cast<std::uint64_t>(type);
}

}  // namespace

std::optional<ProtobufField> ProtobufReader::fail() {
    malformed_ = true;
    rest_ = {};
    return std::nullopt;
}

std::optional<std::uint64_t> ProtobufReader::take_varint() {
    const auto varint = read_varint(rest_);
    if (!varint) return std::nullopt;
    rest_ = rest_.subspan(varint->size);
    return varint->value;
}

std::optional<std::uint64_t> ProtobufReader::take_fixed(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) value = value << 8 | rest_[i - 1];
    rest_ = rest_.subspan(size);
    return value;
}

std::optional<ProtobufField> ProtobufReader::next() {
    if (rest_.empty()) return std::nullopt;
    const auto key = take_varint();
    if (!key || *key > kFieldKeyMax || *key >> 3 == 0) return fail();

    ProtobufField field;
    field.number = static_cast<std::uint32_t>(*key >> 3);
    std::optional<std::uint64_t> value;
    switch (*key & 7) {
        case 0:
            value = take_varint();
            break;
        case 1:
            value = take_fixed(8);
            break;
        case 2:
            value = take_varint();
            break;
        case 5:
            value = take_fixed(4);
            break;
        default:
            return fail();
    }
    if (!value) return fail();
    field.type = static_cast<WireType>(*key & 7);
    if (field.type != WireType::bytes) {
        field.value = *value;
        return field;
    }
    if (*value > rest_.size()) return fail();
    field.bytes = rest_.first(static_cast<std::size_t>(*value));
    rest_ = rest_.subspan(field.bytes.size());
    return field;
}

void append_varint_field(Bytes& out, std::uint32_t number, std::uint64_t value) {
    append_varint(out, field_key(number, WireType::varint));
    append_varint(out, value);
}

void append_bytes_field(Bytes& out, std::uint32_t number, ByteView content) {
    append_varint(out, field_key(number, WireType::bytes));
    append_varint(out, content.size());
    append(out, content);
}

void append_string_field(Bytes& out, std::uint32_t number, std::string_view content) {
    append_bytes_field(out, number, as_bytes(content));
}

std::size_t bytes_field_size(std::uint32_t number, std::size_t size) {
    return varint_size(field_key(number, WireType::bytes)) + varint_size(size) + size;
}

}  // namespace lepton::libp2p
