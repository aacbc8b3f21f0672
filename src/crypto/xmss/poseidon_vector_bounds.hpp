// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How large numbers become in the vector kernels. They hold for every input. What depends on the
// values of coefficients, and not only on their number, is asserted when the tables are made.
#pragma once

#include "crypto/xmss/poseidon_tables.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace lepton::crypto::xmss::poseidon_kernels {

/// A number in [0, p) minus this is in [-p / 2, p / 2].
inline constexpr std::int64_t kCentre = kP / 2;

/// The largest 64-bit sum.
inline constexpr std::int64_t kSumMax = std::numeric_limits<std::int64_t>::max();

/// The size of a folded sum: its high half is at most 2^31 in size, its low half below 2^32.
inline constexpr std::int64_t kFoldedMax =
    (std::int64_t{1} << 31) * kTwo32 + (std::int64_t{1} << 32);

/// The size of sum / R after the reduction; 2 for the roundings.
constexpr std::int64_t reduced_max(std::int64_t sum_max) {
    return (sum_max >> 32) + kP / 2 + 2;
}

constexpr std::int64_t cube_max(std::int64_t input_max) {
    return reduced_max(reduced_max(input_max * input_max) * input_max);
}

/// The largest size of a sum that reduces to what a full round cubes.
inline constexpr std::int64_t kReducibleMax = (kP - kP / 2 - 3) << 32;

// Width 16: 16-bit halves are at most 2^15 in size. The coefficients of the sums add up to 371 in
// every row, those of the differences to 273 in size.
inline constexpr std::int64_t kCoefficients16 = 371 + 273;
/// What `joined` multiplies the low and the high 16 bits with: 1 / 2^16 modulo p, and 1.
inline constexpr std::int16_t kLowFactor = -32512;
inline constexpr std::int32_t kLowHighFactors = (1 << 16) | (kLowFactor & 0xffff);
static_assert(((std::int64_t{kLowFactor} << 16) - 1) % kP == 0);
// A sum of halves and what it begins with: two halves of a number in [-p / 2, p / 2].
inline constexpr std::int64_t kHalfSumMax = (kCoefficients16 + 4) << 15;
inline constexpr std::int64_t kJoinedMax =
    kHalfSumMax + (kHalfSumMax >> 16) + 1 - (std::int64_t{kLowFactor} << 15);

template <std::size_t Width>
struct VectorBounds {
    /// What is cubed in a full round, and its cube.
    static constexpr std::int64_t kInputMax = kP;
    static constexpr std::int64_t kCubeMax = cube_max(kInputMax);
    /// What is cubed in a partial round, and its cube.
    static constexpr std::int64_t kPartialInputMax = reduced_max(kFoldedMax);
    static constexpr std::int64_t kPartialCubeMax = cube_max(kPartialInputMax);

    /// After so many products with z a sum of the partial phase is folded; but a sum that leads to
    /// a cube only after all.
    static constexpr std::size_t kFullTermsPerFold = 8;
    /// After so many products with cubes y a sum that leads to a cube is folded; and one that leads
    /// to an output.
    static constexpr std::size_t kCubesPerFold = Width == 16 ? kPartialRounds<16> : 12;
    static constexpr std::size_t kOutputCubesPerFold = Width == 16 ? 7 : 8;

    static_assert(kCubeMax < kP, "one addition of p makes a cube canonical");
    static_assert(kP * kP <= kSumMax && reduced_max(kP * kP) <= kP);
    static_assert(kJoinedMax <= kInputMax);
    static_assert(kPartialInputMax <= kInputMax);
    static_assert(reduced_max(kReducibleMax) < kInputMax);
    static_assert(std::int64_t{kFullTermsPerFold} * (kP / 2) <=
                  (kSumMax - kFoldedMax - kP) / kCentre);
};

}  // namespace lepton::crypto::xmss::poseidon_kernels
