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

    // Each element of the state as an affine function: coefficients of z, of the y, and a constant.
    constexpr std::size_t kTerms = Width + kPartial + 1;
    using Affine = std::array<Fp, kTerms>;
    std::array<Affine, Width> state{};
    const auto apply_matrix = [&] {
        std::array<Affine, Width> next{};
        for (std::size_t i = 0; i < Width; ++i) {
            for (std::size_t j = 0; j < Width; ++j) {
                for (std::size_t term = 0; term < kTerms; ++term) {
                    const Fp product = multiply(linear_layer<Width>(i, j), state[j][term]);
                    next[i][term] = add(next[i][term], product);
                }
            }
        }
        state = next;
    };
    const auto add_constants = [&](std::size_t round) {
        for (std::size_t i = 0; i < Width; ++i) {
            state[i].back() = add(state[i].back(), constant(round, i));
        }
    };
    const auto keep = [&](std::size_t sum, const Affine& element) {
        for (std::size_t j = 0; j < Width; ++j) from_full[sum][j] = stored(element[j], kR3);
        for (std::size_t k = 0; k < kPartial; ++k) {
            from_partial[k][sum] = stored(element[Width + k], kR3);
        }
        partial_constants[sum] = stored(element.back(), kR);
    };

    for (std::size_t i = 0; i < Width; ++i) state[i][i] = 1;
    apply_matrix();
    for (std::size_t k = 0; k < kPartial; ++k) {
        add_constants(kHalfFullRounds + k);
        keep(k, state[0]);
        state[0] = {};
        state[0][Width + k] = 1;
        apply_matrix();
    }
    add_constants(kHalfFullRounds + kPartial);
    for (std::size_t i = 0; i < Width; ++i) keep(kPartial + i, state[i]);
}

template <std::size_t Width>
const Tables<Width>& tables() {
    static const Tables<Width> made;
    return made;
}

template const Tables<16>& tables<16>();
template const Tables<24>& tables<24>();

}  // namespace lepton::crypto::xmss::poseidon_kernels
