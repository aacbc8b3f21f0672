// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon permutation in its implementations. All give the same bits. States lie side by side:
// row i has element i of kLanes independent states, so that a vector register takes a part of a
// row. For the hashes of the scheme and for the tests that compare them. Any thread.
#pragma once

#include "crypto/xmss/field.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace lepton::crypto::xmss {

/// States of one call, whatever the instruction set: the lanes of one AVX-512 register.
inline constexpr std::size_t kLanes = 16;

/// Element i of kLanes states; canonical.
using LaneRow = std::array<Fp, kLanes>;

/// `Rows` elements of kLanes states.
template <std::size_t Rows>
struct alignas(64) Lanes {
    std::array<LaneRow, Rows> rows;
};

namespace poseidon_kernels {

/// One implementation.
struct Kernel {
    std::string_view name;  ///< "avx512", "avx2" or "portable"
    /// Replace each state by its permutation.
    void (*permute16)(Lanes<16>& states);
    void (*permute24)(Lanes<24>& states);
    /// Write the first eight elements of permutation plus input: what a hash of the scheme keeps.
    /// `out` may be the first rows of `in`.
    void (*compress16)(const Lanes<16>& in, Lanes<8>& out);
    void (*compress24)(const Lanes<24>& in, Lanes<8>& out);
    /// Replaces one state by its permutation, with the least latency: for what is sequential.
    void (*permute24_one)(std::array<Fp, 24>& state);
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

}  // namespace poseidon_kernels
}  // namespace lepton::crypto::xmss
