// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace lepton::p2p {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
        }
        table[byte] = remainder;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(ByteView data) {
    std::uint64_t remainder = 0xffffffff;
    std::size_t at = 0;
    for (; at + 8 <= data.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data.data() + at, sizeof word);
        remainder = _mm_crc32_u64(remainder, word);
    }
    auto narrow = static_cast<std::uint32_t>(remainder);
    for (; at < data.size(); ++at) narrow = _mm_crc32_u8(narrow, data[at]);
    return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(ByteView data) {
    std::uint32_t remainder = 0xffffffff;
    for (const std::uint8_t byte : data) {
        remainder = kTable[(remainder ^ byte) & 0xff] ^ (remainder >> 8);
    }
    return ~remainder;
}

std::uint32_t crc32c(ByteView data) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return crc32c_sse42(data);
#endif
    return crc32c_portable(data);
}

std::uint32_t masked_crc32c(ByteView data) {
    return std::rotr(crc32c(data), 15) + 0xa282ead8;
}

}  // namespace lepton::p2p
