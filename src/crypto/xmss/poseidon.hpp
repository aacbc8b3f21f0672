// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon permutation (original design, S-box x^3) of widths 16 and 24 over the scheme's
// field. All calls work on many independent states at once, so that vector kernels can take a state
// per lane. Any thread; the tables are computed at the first call (a few milliseconds).
#pragma once

#include "crypto/xmss/field.hpp"

#include <array>
#include <cstddef>
#include <span>
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

/// Replaces each state by its permutation. Width is 16 or 24.
/// Cost: width 16 about 1 µs, width 24 about 2.5 µs per state
template <std::size_t Width>
void permute(std::span<State<Width>> states);

/// Replaces each state by its permutation plus itself, element by element.
template <std::size_t Width>
void compress(std::span<State<Width>> states);

/// Returns the round constants in the order the rounds use them, Width a round, drawn from the
/// Grain LFSR as the Poseidon paper (appendix A of eprint 2019/458) describes.
template <std::size_t Width>
std::vector<Fp> round_constants();

/// Returns element (row, column) of the linear layer, a circulant matrix.
template <std::size_t Width>
Fp linear_layer(std::size_t row, std::size_t column);

}  // namespace lepton::crypto::xmss
