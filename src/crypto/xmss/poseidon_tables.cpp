// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon_tables.hpp"

#include <vector>

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

constexpr Fp kR = static_cast<Fp>(kTwo32);
constexpr Fp kR3 = multiply(kR, multiply(kR, kR));

std::int32_t stored(Fp value, Fp factor) {
    return static_cast<std::int32_t>(centred(multiply(value, factor)));
}

}  // namespace

template <std::size_t Width>
AffinePartialRounds<Width>::AffinePartialRounds(std::span<const Fp> round_constants) {
    // Each element of the state as an affine function.
    std::array<Row, Width> state{};
    const auto apply_matrix = [&] {
        std::array<Row, Width> next{};
        for (std::size_t i = 0; i < Width; ++i) {
            for (std::size_t j = 0; j < Width; ++j) {
                const Fp factor = linear_layer<Width>(i, j);
                const auto accumulate = [factor](Fp& sum, Fp term) {
                    sum = add(sum, multiply(factor, term));
                };
                for (std::size_t n = 0; n < Width; ++n) {
                    accumulate(next[i].of_z[n], state[j].of_z[n]);
                }
                for (std::size_t n = 0; n < kPartial; ++n) {
                    accumulate(next[i].of_y[n], state[j].of_y[n]);
                }
                accumulate(next[i].constant, state[j].constant);
            }
        }
        state = next;
    };
    const auto add_constants = [&](std::size_t round) {
        for (std::size_t i = 0; i < Width; ++i) {
            state[i].constant = add(state[i].constant, round_constants[round * Width + i]);
        }
    };
    for (std::size_t i = 0; i < Width; ++i) state[i].of_z[i] = 1;
    apply_matrix();
    for (std::size_t k = 0; k < kPartial; ++k) {
        add_constants(kHalfFullRounds + k);
        rows[k] = state[0];
        state[0] = {};
        state[0].of_y[k] = 1;
        apply_matrix();
    }
    add_constants(kHalfFullRounds + kPartial);
    for (std::size_t i = 0; i < Width; ++i) rows[kPartial + i] = state[i];
}

template <std::size_t Width>
Tables<Width>::Tables() {
    const std::vector<Fp> rounds = round_constants<Width>();
    const auto constant = [&](std::size_t round, std::size_t i) {
        return rounds[round * Width + i];
    };
    for (std::size_t i = 0; i < Width; ++i) {
        first_constants[i] = stored(constant(0, i), 1);
        for (std::size_t j = 0; j < Width; ++j) {
            matrix[i][j] = stored(linear_layer<Width>(i, j), kR3);
        }
        // The constants that follow each full round but the fourth, whose successor is the partial
        // phase, and the last.
        for (std::size_t round = 0; round < constants.size(); ++round) {
            const bool is_second_half = round >= kHalfFullRounds;
            const std::size_t next = round + 1 + (is_second_half ? kPartial : 0);
            const bool has_next = next < 2 * kHalfFullRounds + kPartial;
            constants[round][i] = has_next ? stored(constant(next, i), kR) : 0;
        }
    }

    const AffinePartialRounds<Width> partial{rounds};
    for (std::size_t sum = 0; sum < kSums; ++sum) {
        const auto& row = partial.rows[sum];
        for (std::size_t j = 0; j < Width; ++j) from_full[sum][j] = stored(row.of_z[j], kR3);
        for (std::size_t k = 0; k < kPartial; ++k) {
            from_partial[k][sum] = stored(row.of_y[k], kR3);
        }
        partial_constants[sum] = stored(row.constant, kR);
    }
}

template <std::size_t Width>
const Tables<Width>& tables() {
    static const Tables<Width> made;
    return made;
}

template struct AffinePartialRounds<16>;
template struct AffinePartialRounds<24>;
template const Tables<16>& tables<16>();
template const Tables<24>& tables<24>();

}  // namespace lepton::crypto::xmss::poseidon_kernels
