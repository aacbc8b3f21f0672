// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The portable kernel.
//
// Form of the numbers. Inside, an element is a signed number congruent to it modulo p, not reduced
// fully. A product is divided by R = 2^32 when it is reduced (Montgomery), so x * x * x comes out
// as x^3 / R^2, and a dot product of such cubes with coefficients c comes out with another 1 / R.
// All coefficients are therefore stored as c * R^3: then every dot product is exact, and states
// enter and leave in plain canonical form without any conversion.
//
// Full rounds. A round is: add constants, cube everything, multiply by the matrix. The constants of
// a round are put into the matrix product of the round before.
//
// Partial rounds. Only element 0 is cubed, everything else is affine. Let z be the cubes of the
// last full round before them and y_k the cube in partial round k. Then the input of each cube,
//     u_k = (row of coefficients) . (z, y_0 … y_(k-1)) + constant,
// and the state after all partial rounds are fixed affine functions of z and the y; the rows are
// computed once. That takes 1 086 products instead of 5 120 for width 16, 1 933 instead of 13 248
// for width 24.
//
// Ranges. Sums of products are kept in 64 bits. A sum is folded (its high half times 2^32 mod p,
// added to its low half) after every kTermsPerFold products. The constants below prove that nothing
// overflows; they hold for every input, not only for likely ones.
#include "crypto/xmss/poseidon.hpp"

#include "crypto/xmss/poseidon_kernels.hpp"
#include "crypto/xmss/poseidon_tables.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace lepton::crypto::xmss {
namespace {

using poseidon_kernels::centred;
using poseidon_kernels::kP;
using poseidon_kernels::kTwo32;
using poseidon_kernels::Tables;
using poseidon_kernels::tables;

constexpr std::size_t kTermsPerFold = 6;

// |coefficient| <= p / 2 because coefficients are centred.
constexpr std::int64_t kCoefficientMax = kP / 2;
// |fold(sum)|: the high half is at most 2^31 in size, the low half below 2^32.
constexpr std::int64_t kFoldedMax = (std::int64_t{1} << 31) * kTwo32 + (std::int64_t{1} << 32);
// |reduce(sum)| <= |sum| / 2^32 + p / 2; 2 more for the roundings.
constexpr std::int64_t reduced_max(std::int64_t sum_max) {
    return (sum_max >> 32) + kP / 2 + 2;
}
// What enters a cube is reduce(fold(…)), or was centred.
constexpr std::int64_t kInputMax = reduced_max(kFoldedMax);
constexpr std::int64_t kSquareMax = reduced_max(kInputMax * kInputMax);
constexpr std::int64_t kCubeMax = reduced_max(kSquareMax * kInputMax);

static_assert(kInputMax < kP, "one addition of p makes a reduced number canonical");
static_assert(kInputMax * kInputMax <= std::numeric_limits<std::int64_t>::max() / 2);
static_assert(kSquareMax * kInputMax <= std::numeric_limits<std::int64_t>::max() / 2);
static_assert(kCubeMax <= std::numeric_limits<std::int32_t>::max());
static_assert(kCoefficientMax * kCubeMax <=
                  (std::numeric_limits<std::int64_t>::max() - kFoldedMax - kP) /
                      std::int64_t{kTermsPerFold},
              "a folded sum, a constant and kTermsPerFold products fit");

// Returns a number congruent to `sum`, at most kFoldedMax in size.
inline std::int64_t fold(std::int64_t sum) {
    return (sum >> 32) * kTwo32 + (sum & 0xffffffff);
}

// Returns a number congruent to sum / 2^32, at most |sum| / 2^32 + p / 2 in size. The low halves of
// `sum` and of the multiple of p are equal, so the high halves are subtracted without a borrow.
inline std::int64_t reduce(std::int64_t sum) {
    const auto quotient =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) * kPrimeInverse);
    return (sum >> 32) - ((quotient * kP) >> 32);
}

// Returns a number congruent to input^3 / R^2, at most kCubeMax in size.
inline std::int64_t cube(std::int64_t input) {
    return reduce(reduce(input * input) * input);
}

// Returns the element congruent to `value`. Requires |value| < p.
inline Fp canonical(std::int64_t value) {
    return static_cast<Fp>(value + (kP & (value >> 63)));
}

template <std::size_t Width>
using Wide = std::array<std::int64_t, Width>;

// Returns the folded sum of coefficients . cubes + constant.
template <std::size_t Width>
inline std::int64_t dot(const std::array<std::int32_t, Width>& coefficients,
                        const Wide<Width>& cubes,
                        std::int64_t constant) {
    std::int64_t sum = constant;
#pragma GCC unroll 24
    for (std::size_t j = 0; j < Width; ++j) {
        sum += coefficients[j] * cubes[j];
        if (j % kTermsPerFold == kTermsPerFold - 1) sum = fold(sum);
    }
    return fold(sum);
}

// Cubes every element, applies the matrix and adds the constants of the next round.
template <std::size_t Width>
inline void full_round(const Tables<Width>& table, std::size_t round, Wide<Width>& state) {
    Wide<Width> cubes;
    for (std::size_t i = 0; i < Width; ++i) cubes[i] = cube(state[i]);
    for (std::size_t i = 0; i < Width; ++i) {
        state[i] = reduce(dot(table.matrix[i], cubes, table.constants[round][i]));
    }
}

// The fourth full round and all partial rounds.
template <std::size_t Width>
inline void partial_phase(const Tables<Width>& table, Wide<Width>& state) {
    constexpr std::size_t kPartial = Tables<Width>::kPartial, kSums = Tables<Width>::kSums;
    Wide<Width> cubes;
    for (std::size_t i = 0; i < Width; ++i) cubes[i] = cube(state[i]);
    std::array<std::int64_t, kSums> sums;
    for (std::size_t i = 0; i < kSums; ++i) {
        sums[i] = dot(table.from_full[i], cubes, table.partial_constants[i]);
    }
    for (std::size_t k = 0; k < kPartial; ++k) {
        const std::int64_t y = cube(reduce(fold(sums[k])));
        for (std::size_t i = k + 1; i < kSums; ++i) sums[i] += table.from_partial[k][i] * y;
        if (k % kTermsPerFold == kTermsPerFold - 1) {
            for (std::size_t i = k + 1; i < kSums; ++i) sums[i] = fold(sums[i]);
        }
    }
    for (std::size_t i = 0; i < Width; ++i) state[i] = reduce(fold(sums[kPartial + i]));
}

template <std::size_t Width>
void permute_one(const Tables<Width>& table, State<Width>& elements) {
    Wide<Width> state;
    for (std::size_t i = 0; i < Width; ++i) {
        state[i] = centred(centred(elements[i]) + table.first_constants[i]);
    }
    for (std::size_t round = 0; round + 1 < kHalfFullRounds; ++round) {
        full_round(table, round, state);
    }
    partial_phase(table, state);
    for (std::size_t round = kHalfFullRounds; round < 2 * kHalfFullRounds; ++round) {
        full_round(table, round, state);
    }
    for (std::size_t i = 0; i < Width; ++i) elements[i] = canonical(state[i]);
}

template <std::size_t Width>
State<Width> state_of(const Lanes<Width>& states, std::size_t lane) {
    State<Width> state;
    for (std::size_t i = 0; i < Width; ++i) state[i] = states.rows[i][lane];
    return state;
}

template <std::size_t Width>
void permute_lanes(Lanes<Width>& states) {
    const Tables<Width>& table = tables<Width>();
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        State<Width> state = state_of(states, lane);
        permute_one(table, state);
        for (std::size_t i = 0; i < Width; ++i) states.rows[i][lane] = state[i];
    }
}

template <std::size_t Width>
void compress_lanes(const Lanes<Width>& in, Lanes<8>& out) {
    const Tables<Width>& table = tables<Width>();
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const State<Width> input = state_of(in, lane);
        State<Width> state = input;
        permute_one(table, state);
        for (std::size_t i = 0; i < out.rows.size(); ++i) {
            out.rows[i][lane] = add(state[i], input[i]);
        }
    }
}

void permute24_one(State<24>& state) {
    permute_one(tables<24>(), state);
}

}  // namespace

namespace poseidon_kernels {

const Kernel& portable() {
    static constexpr Kernel kernel{"portable",
                                   permute_lanes<16>,
                                   permute_lanes<24>,
                                   compress_lanes<16>,
                                   compress_lanes<24>,
                                   permute24_one};
    return kernel;
}

std::span<const Kernel* const> available() {
    static const std::vector<const Kernel*> kernels = [] {
        std::vector<const Kernel*> found{avx512(), avx2(), &portable()};
        std::erase(found, nullptr);
        return found;
    }();
    return kernels;
}

const Kernel& best() {
    return *available().front();
}

}  // namespace poseidon_kernels
}  // namespace lepton::crypto::xmss
