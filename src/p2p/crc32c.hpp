// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// CRC-32C (Castagnoli), the checksum inside snappy frames. Uses the processor's instruction when it
// has one. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>

namespace lepton::p2p {

/// Returns the CRC-32C of `data` (reflected polynomial 0x82f63b78, RFC 3720 appendix B.4).
/// Cost:   about 0.2 ns per byte with SSE 4.2, 2 ns without
std::uint32_t crc32c(ByteView data);

/// Returns the same value computed without special instructions; crc32c equals it on all input.
std::uint32_t crc32c_portable(ByteView data);

/// Returns the CRC-32C of `data` in the masked form of snappy's framing format, section 3: rotated
/// right by 15 bits, plus 0xa282ead8.
std::uint32_t masked_crc32c(ByteView data);

}  // namespace lepton::p2p
