// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The part of the protobuf wire format that libp2p's few messages use. The reader borrows its
// input, allocates nothing, does not recurse and refuses groups. Pure; any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lepton::libp2p {

/// How a field's value is laid out.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// One field of a message.
struct ProtobufField {
    std::uint32_t number = 0;
    WireType type = WireType::varint;
    /// The value of a varint or fixed-size field.
    std::uint64_t value = 0;
    /// The content of a length-delimited field, borrowed from the message.
    ByteView bytes;

    bool is(std::uint32_t wanted, WireType as) const { return number == wanted && type == as; }
};

/// Walks over the fields of one message, in the order of the wire.
/// Cost: linear in the size of the message, whatever it holds.
class ProtobufReader {
  public:
    /// `message` must outlive the reader and the fields it returns.
    explicit ProtobufReader(ByteView message) : rest_(message) {}

    /// Returns the next field, nothing at the end and when the rest is malformed.
    std::optional<ProtobufField> next();

    /// True once a field was cut short, had the number zero, or had a wire type other than those
    /// of WireType (groups among them).
    bool is_malformed() const { return malformed_; }

  private:
    std::optional<std::uint64_t> take_varint();
    std::optional<std::uint64_t> take_fixed(std::size_t size);
    std::optional<ProtobufField> fail();

    ByteView rest_;
    bool malformed_ = false;
};

/// Appends a varint field.
void append_varint_field(Bytes& out, std::uint32_t number, std::uint64_t value);
/// Appends a length-delimited field: bytes, a string or a message.
void append_bytes_field(Bytes& out, std::uint32_t number, ByteView content);
void append_string_field(Bytes& out, std::uint32_t number, std::string_view content);
/// Returns how many bytes append_bytes_field adds for `size` bytes of content.
std::size_t bytes_field_size(std::uint32_t number, std::size_t size);

}  // namespace lepton::libp2p
