// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Little-endian numbers in byte strings, as SSZ has them. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace lepton::crypto::xmss {

/// Returns the number in the first sizeof(Number) bytes of `bytes`. Requires that many.
template <class Number>
Number read_little_endian(ByteView bytes) {
    const ByteView digits = bytes.first(sizeof(Number));
    Number number = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;) {
        number = static_cast<Number>(number << 8 | digits[i]);
    }
    return number;
}

/// Appends `number` in sizeof(Number) bytes.
template <class Number>
void append_little_endian(Bytes& out, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i, number = static_cast<Number>(number >> 8)) {
        out.push_back(static_cast<std::uint8_t>(number));
    }
}

}  // namespace lepton::crypto::xmss
