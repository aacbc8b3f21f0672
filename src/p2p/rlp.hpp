// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Recursive length prefix, as far as node records need it: strings, numbers, one list. Only the
// shortest encoding of a value is accepted. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace lepton::p2p {

enum class RlpError : std::uint8_t {
    /// The bytes end before the item does.
    truncated,
    /// A longer form than needed.
    not_canonical,
    /// A list where a string is expected, or the other way round.
    wrong_kind,
    /// A number with a leading zero, or above 64 bits.
    bad_number,
};
std::string_view to_string(RlpError error);

/// Reads items from the front of a byte string, which must outlive it.
class RlpReader {
  public:
    explicit RlpReader(ByteView bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }
    /// Returns what was not read yet.
    ByteView rest() const { return rest_; }

    /// Returns the content of the next item, which is a string (or list), and moves behind it.
    /// Stays where it was on error. Errors: all but bad_number
    Result<ByteView, RlpError> string();
    Result<ByteView, RlpError> list();
    /// Returns the next item, a string, as big-endian number. Errors: any RlpError
    Result<std::uint64_t, RlpError> number();

  private:
    Result<ByteView, RlpError> item(bool is_list);

    ByteView rest_;
};

void append_rlp_string(Bytes& out, ByteView content);
void append_rlp_number(Bytes& out, std::uint64_t number);
/// Returns the list whose items, already encoded, are `items`.
Bytes rlp_list(ByteView items);

}  // namespace lepton::p2p
