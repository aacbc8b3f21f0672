// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the kernels of the permutation multiply with, made once from its definition: see
// poseidon.cpp for the form of the numbers. Values; any thread.
#pragma once

#include "crypto/xmss/poseidon.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lepton::crypto::xmss::poseidon_kernels {

/// p as a signed number, and R = 2^32 modulo p, below 2^25.
inline constexpr std::int64_t kP = kPrime;
inline constexpr std::int64_t kTwo32 = (std::int64_t{1} << 32) % kP;

/// Returns the number in [-p / 2, p / 2] congruent to `value`. Requires |value| <= 3 / 2 * p.
constexpr std::int64_t centred(std::int64_t value) {
    value -= kP & -std::int64_t{value > kP / 2};
    return value + (kP & -std::int64_t{value < -(kP / 2)});
}

/// The partial rounds as affine functions. Let z be the cubes of the last full round before them
/// and y_k the cube in partial round k: rows 0 to kPartial - 1 give what is cubed to y_k, the rest
/// the state after all partial rounds with the constants of the next round added.
template <std::size_t Width>
struct AffinePartialRounds {
    static constexpr std::size_t kPartial = kPartialRounds<Width>;
    static constexpr std::size_t kSums = kPartial + Width;

    struct Row {
        std::array<Fp, Width> of_z;
        std::array<Fp, kPartial> of_y;
        Fp constant;
    };
    std::array<Row, kSums> rows;

    explicit AffinePartialRounds(std::span<const Fp> round_constants);
};

/// The matrix, the round constants and the partial rounds as affine functions, for kernels that
/// reduce by R. All centred.
template <std::size_t Width>
struct Tables {
    static constexpr std::size_t kPartial = kPartialRounds<Width>;
    static constexpr std::size_t kSums = kPartial + Width;

    using Row = std::array<std::int32_t, Width>;

    Row first_constants;                                // centred, as they are
    std::array<Row, Width> matrix;                      // times R^3
    std::array<Row, 2 * kHalfFullRounds> constants;     // of round i, times R; [8] is zero
    std::array<Row, kSums> from_full;                   // z in u_k, then in the outputs
    std::array<std::int32_t, kSums> partial_constants;  // times R
    std::array<std::array<std::int32_t, kSums>, kPartial> from_partial;  // [k]: y_k in each sum

    Tables();
};

/// Returns the tables, made at the first call (a few milliseconds).
template <std::size_t Width>
const Tables<Width>& tables();

}  // namespace lepton::crypto::xmss::poseidon_kernels
