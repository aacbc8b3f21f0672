// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The SHA-256 compression function in its implementations, for sha256.cpp and for the tests that
// compare them. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::crypto::sha256_kernels {

using State = std::array<std::uint32_t, 8>;

/// The chaining value before the first block.
inline constexpr State kInitialState{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// The round constants, one a round.
extern const std::array<std::uint32_t, 64> kRoundConstants;

/// The message schedule of the block that pads a 64-byte message, round constants added.
extern const std::array<std::uint32_t, 64> kPaddingSchedule;

/// One implementation.
struct Kernel {
    std::string_view name;
    /// Absorbs `count` consecutive 64-byte blocks into `state`.
    void (*compress)(State& state, const std::uint8_t* blocks, std::size_t count);
    /// As crypto::sha256_64.
    void (*hash_64)(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digests);
};

/// Returns the implementation in plain C++.
const Kernel& portable();

/// Returns the implementation with the x86 SHA instructions, null when this processor has none.
const Kernel* sha_ni();

}  // namespace lepton::crypto::sha256_kernels
