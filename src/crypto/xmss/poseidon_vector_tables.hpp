// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the vector kernels multiply with. A state inside is kept times a factor that changes from
// round to round, so that no round multiplies just to get rid of one: see poseidon_vector.hpp.
// Values; any thread.
#pragma once

#include "crypto/xmss/poseidon.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lepton::crypto::xmss::poseidon_kernels {

/// Full rounds that end with the linear layer; the fourth is part of the partial phase.
inline constexpr std::size_t kLinearLayers = 2 * kHalfFullRounds - 1;

/// The linear layer of width 16 on sums and differences of elements i and i + 8: coefficients two
/// by two in one word, for multiplications of 16-bit pairs.
struct LinearLayer16 {
    std::array<std::array<std::int32_t, 4>, 8> plus, minus;
    /// Of each layer, what the sums of low and of high halves begin with.
    struct Start {
        std::int32_t plus_low, plus_high, minus_low, minus_high;
    };
    std::array<std::array<Start, 8>, kLinearLayers> starts;
};

/// The linear layer of width 24: x^24 - 1 = (x^6 - 1) (x^6 + 1) (x^12 + 1).
struct LinearLayer24 {
    std::array<std::array<std::int32_t, 6>, 6> plus_plus, plus_minus;
    std::array<std::array<std::int32_t, 12>, 12> minus;
    struct Start {
        std::array<std::int64_t, 6> plus_plus, plus_minus;
        std::array<std::int64_t, 12> minus;
    };
    std::array<Start, kLinearLayers> starts;
};

template <std::size_t Width>
struct VectorTables {
    static constexpr std::size_t kPartial = kPartialRounds<Width>;
    static constexpr std::size_t kSums = kPartial + Width;
    static constexpr std::size_t kRows = (kSums + 1) / 2 * 2;  // one more, of zeros, if need be

    std::array<std::int32_t, Width> first_constants;                   // in [-p, 0)
    std::array<std::array<std::int32_t, Width>, kRows> from_full;      // z in each sum
    std::array<std::array<std::int32_t, kPartial>, kRows> from_cubes;  // y in each sum
    std::array<std::int64_t, kRows> starts;
    std::conditional_t<Width == 16, LinearLayer16, LinearLayer24> linear;

    VectorTables();
};

/// Returns the tables, made at the first call (some milliseconds).
template <std::size_t Width>
const VectorTables<Width>& vector_tables();

}  // namespace lepton::crypto::xmss::poseidon_kernels
