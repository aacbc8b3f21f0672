// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The part of DER (X.690) that certificates of libp2p peers use: a strict reader over borrowed
// bytes and a writer. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>

namespace lepton::libp2p::der {

enum class Tag : std::uint8_t {
    boolean = 0x01,
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    null = 0x05,
    object_id = 0x06,
    utc_time = 0x17,
    generalized_time = 0x18,
    sequence = 0x30,
    context_0 = 0xa0,
    context_1 = 0x81,
    context_2 = 0x82,
    context_3 = 0xa3,
};

/// One value: `whole` is what was encoded (tag, length, content), `content` its last part.
struct Element {
    ByteView whole;
    ByteView content;
};

/// Reads values one after the other. Only the shortest form of a length is read, and only lengths
/// below 65536.
class Reader {
  public:
    /// `bytes` must outlive the reader and what it returns.
    explicit Reader(ByteView bytes) : rest_(bytes) {}

    /// Takes the next value when it has tag `tag`; else returns nothing and takes nothing.
    std::optional<Element> take(Tag tag);
    bool is_at_end() const { return rest_.empty(); }

  private:
    ByteView rest_;
};

/// Returns the encoding of `content` under `tag`. Requires less than 65536 bytes of content.
Bytes encode(Tag tag, ByteView content);
/// Returns the encoding of the concatenated `parts` under `tag`.
Bytes encode(Tag tag, std::initializer_list<ByteView> parts);

}  // namespace lepton::libp2p::der
