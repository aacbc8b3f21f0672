// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keccak-f[1600] on many states at once, in its implementations. All give the same bits. States lie
// side by side: word i has lane i of kStates independent states. For keccak.cpp, the pseudorandom
// function of signing keys and the tests that compare them. Any thread; the time depends on no
// input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lepton::crypto::keccak_kernels {

/// States of one call, whatever the instruction set: the 64-bit lanes of one AVX-512 register.
inline constexpr std::size_t kStates = 8;

/// kStates states; words[x + 5 * y][i] is lane (x, y) of state i.
struct alignas(64) States {
    std::array<std::array<std::uint64_t, kStates>, 25> words;
};

/// What step iota adds, one a round.
inline constexpr std::array<std::uint64_t, 24> kRoundConstants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/// Step pi walks through all lanes but lane 0 in one cycle, which starts at lane 1; kPath names
/// the lanes it comes to, kRotations the distance that step rho turns the lane moved into each.
inline constexpr std::array<std::size_t, 24> kPath{10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                   15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
inline constexpr std::array<int, 24> kRotations{1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                                27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

/// One implementation.
struct Kernel {
    std::string_view name;  ///< "avx512", "avx2" or "portable"
    /// Applies Keccak-f[1600] to each state.
    void (*permute)(States& states);
};

/// Returns the implementation in plain C++.
const Kernel& portable();

/// Return the implementations with vector instructions, null when this processor has none.
const Kernel* avx2();
const Kernel* avx512();

/// Returns all that run on this processor, the fastest first.
std::span<const Kernel* const> available();

/// Returns the fastest; chosen at the first call.
const Kernel& best();

}  // namespace lepton::crypto::keccak_kernels
