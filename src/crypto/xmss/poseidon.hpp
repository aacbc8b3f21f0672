// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon permutation (original design, S-box x^3) of widths 16 and 24 over the scheme's
// field, as it is defined; poseidon_kernels.hpp computes it. Any thread.
#pragma once

#include "crypto/xmss/field.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace lepton::crypto::xmss {

/// The input and output of one permutation: canonical elements.
template <std::size_t Width>
using State = std::array<Fp, Width>;

/// Rounds before and after the partial rounds in which every element passes the S-box.
inline constexpr std::size_t kHalfFullRounds = 4;
/// Rounds in which element 0 alone passes the S-box.
template <std::size_t Width>
inline constexpr std::size_t kPartialRounds = Width == 16 ? 20 : 23;

/// Returns the round constants in the order the rounds use them, Width a round, drawn from the
/// Grain LFSR as the Poseidon paper (appendix A of eprint 2019/458) describes.
template <std::size_t Width>
std::vector<Fp> round_constants();

/// Returns element (row, column) of the linear layer, a circulant matrix.
template <std::size_t Width>
Fp linear_layer(std::size_t row, std::size_t column);

}  // namespace lepton::crypto::xmss
