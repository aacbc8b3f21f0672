// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The vector kernel of the permutation, written once for all instruction sets: `Ops` has the
// registers and some thirty operations on them. A file that includes this for an instruction set
// does so where the compiler may use that set, after all other headers. Any thread.
//
// One state per 32-bit lane, one register per element. Numbers are signed and congruent modulo p to
// what they stand for; products are 64 bits wide, of the even lanes and of the odd lanes apart.
//
// Factors. Reducing divides by R = 2^32. Instead of multiplying that away, an element is stored
// times a factor f; a cube comes out times f^3 / R^2, a linear layer multiplies f by a constant,
// and round constants are stored with the factor of their place. The coefficients of the partial
// phase lead to any factor without cost; the one they lead to makes the last factor 1.
//
// Partial rounds: see poseidon.cpp. The factor of each u_k is free; it is chosen such that the
// coefficients of its row are small and sums need folding seldom.
//
// Linear layer of width 16. Its coefficients are small. For x_i + x_(i+8) and x_i - x_(i+8) it
// falls into two layers of half the size. These numbers are cut into 16-bit halves, which are
// multiplied two by two; 2^-16 = -32512 modulo p leads a sum of low halves back to 32 bits.
//
// Linear layer of width 24. The same split twice; its coefficients are multiplied by a number that
// makes them so small (by luck, found by trying 2^30 numbers) that no sum needs folding.
#pragma once

#include "crypto/xmss/poseidon_kernels.hpp"
#include "crypto/xmss/poseidon_tables.hpp"
#include "crypto/xmss/poseidon_vector_bounds.hpp"
#include "crypto/xmss/poseidon_vector_tables.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#define LEPTON_INLINE [[gnu::always_inline]] static inline

namespace lepton::crypto::xmss::poseidon_kernels {

template <class Ops, std::size_t Width>
class VectorKernel {
  public:
    static void permute(Lanes<Width>& states) {
        const VectorTables<Width>& table = vector_tables<Width>();
        for (std::size_t lane = 0; lane < kLanes; lane += Ops::kLanes) {
            Words state[Width];
            rounds<Width>(table, states, lane, state);
            for (std::size_t i = 0; i < Width; ++i) {
                Ops::store(states.rows[i].data() + lane, Ops::nonnegative(state[i]));
            }
        }
    }

    static void compress(const Lanes<Width>& in, Lanes<8>& out) {
        const VectorTables<Width>& table = vector_tables<Width>();
        for (std::size_t lane = 0; lane < kLanes; lane += Ops::kLanes) {
            Words state[Width];
            rounds<8>(table, in, lane, state);
            for (std::size_t i = 0; i < 8; ++i) {
                const Words input = Ops::load(in.rows[i].data() + lane);
                const Words sum = Ops::add_unsigned(Ops::nonnegative(state[i]), input);
                Ops::store(out.rows[i].data() + lane, Ops::below_prime(sum));
            }
        }
    }

  private:
    using Words = typename Ops::Words;
    using Longs = typename Ops::Longs;
    using Pairs = typename Ops::Pairs;
    using Table = VectorTables<Width>;
    using Bounds = VectorBounds<Width>;
    static constexpr std::size_t kPartial = Table::kPartial;

    // The elements of the even lanes, and those of the odd lanes moved into the even ones.
    struct Halves {
        Words even, odd;
    };

    struct Sum {
        Longs even, odd;
    };

    LEPTON_INLINE Sum start(std::int64_t constant) {
        const Longs both = Ops::set_long(constant);
        return {both, both};
    }

    LEPTON_INLINE void add_product(Sum& sum, const Halves& element, std::int32_t coefficient) {
        const Words factor = Ops::set(coefficient);
        sum.even = Ops::add_long(sum.even, Ops::multiply(element.even, factor));
        sum.odd = Ops::add_long(sum.odd, Ops::multiply(element.odd, factor));
    }

    LEPTON_INLINE Sum plus(const Sum& a, const Sum& b) {
        return {Ops::add_long(a.even, b.even), Ops::add_long(a.odd, b.odd)};
    }

    LEPTON_INLINE Sum minus(const Sum& a, const Sum& b) {
        return {Ops::subtract_long(a.even, b.even), Ops::subtract_long(a.odd, b.odd)};
    }

    // Returns numbers congruent to `sum`, at most kFoldedMax in size.
    LEPTON_INLINE Longs fold(Longs sum) {
        const Words two32 = Ops::set(static_cast<std::int32_t>(kTwo32));
        return Ops::add_long(Ops::multiply(Ops::high(sum), two32), Ops::low_part(sum));
    }

    LEPTON_INLINE Sum fold(const Sum& sum) { return {fold(sum.even), fold(sum.odd)}; }

    // Returns numbers whose high halves are congruent to sum / R, at most |sum| / 2^32 + p / 2 in
    // size.
    LEPTON_INLINE Longs reduce(Longs sum) {
        const Words inverse = Ops::set(static_cast<std::int32_t>(kPrimeInverse));
        const Words quotient = Ops::low(Ops::multiply(Ops::low(sum), inverse));
        const Words prime = Ops::set(static_cast<std::int32_t>(kPrime));
        return Ops::subtract_long(sum, Ops::multiply(quotient, prime));
    }

    LEPTON_INLINE Words reduced(const Sum& sum) {
        return Ops::merge_high(reduce(sum.even), reduce(sum.odd));
    }

    LEPTON_INLINE Longs cube(Words element) {
        const Words square = Ops::high(reduce(Ops::multiply(element, element)));
        return reduce(Ops::multiply(square, element));
    }

    LEPTON_INLINE Halves halves(Words elements) { return {elements, Ops::odd(elements)}; }

    // Cubes every element; the results are in [0, p).
    LEPTON_INLINE void cube_all(Words (&state)[Width]) {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Width; ++i) {
            Ops::expect_within(state[i], Bounds::kInputMax);
            const Halves element = halves(state[i]);
            const Words cubes = Ops::merge_high(cube(element.even), cube(element.odd));
            Ops::expect_within(cubes, Bounds::kCubeMax);
            state[i] = Ops::nonnegative(cubes);
        }
    }

    LEPTON_INLINE Words to_centre(Words element) {
        return Ops::subtract(element, Ops::set(static_cast<std::int32_t>(kCentre)));
    }

    // ---- The linear layers. Only the first `Outputs` elements are computed.

    template <std::size_t Outputs>
    LEPTON_INLINE void linear_layer(const LinearLayer16& table,
                                    std::size_t layer,
                                    Words (&state)[16]) {
        Pairs plus_low[4], plus_high[4], minus_low[4], minus_high[4];
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) {
            const Words a = state[2 * i], b = state[2 * i + 1];
            const Words c = state[2 * i + 8], d = state[2 * i + 9];
            const Words plus_a = Ops::add_unsigned(a, c), plus_b = Ops::add_unsigned(b, d);
            const Words minus_a = Ops::subtract(a, c), minus_b = Ops::subtract(b, d);
            plus_low[i] = Ops::flip(Ops::low_pair(plus_a, plus_b));
            plus_high[i] = Ops::flip(Ops::high_pair(plus_a, plus_b));
            minus_low[i] = Ops::flip(Ops::low_pair(minus_a, minus_b));
            minus_high[i] = Ops::high_pair(minus_a, minus_b);
        }
#pragma GCC unroll 1
        for (std::size_t i = 0; i < 8; ++i) {
            const LinearLayer16::Start& begin = table.starts[layer][i];
            Words low_plus = Ops::set(begin.plus_low), high_plus = Ops::set(begin.plus_high);
            Words low_minus = Ops::set(begin.minus_low), high_minus = Ops::set(begin.minus_high);
#pragma GCC unroll 4
            for (std::size_t j = 0; j < 4; ++j) {
                const Pairs of_plus = Ops::set_pair(table.plus[i][j]);
                low_plus = Ops::multiply_add(low_plus, plus_low[j], of_plus);
                high_plus = Ops::multiply_add(high_plus, plus_high[j], of_plus);
                const Pairs of_minus = Ops::set_pair(table.minus[i][j]);
                low_minus = Ops::multiply_add(low_minus, minus_low[j], of_minus);
                high_minus = Ops::multiply_add(high_minus, minus_high[j], of_minus);
            }
            state[i] = joined(Ops::add(low_plus, low_minus), Ops::add(high_plus, high_minus));
            if constexpr (Outputs == 16) {
                state[i + 8] = joined(Ops::subtract(low_plus, low_minus),
                                      Ops::subtract(high_plus, high_minus));
            }
        }
    }

    // Returns numbers congruent to (low - 2^15) / 2^16 + high.
    LEPTON_INLINE Words joined(Words low, Words high) {
        return Ops::multiply_add(high, Ops::split(low), Ops::set_pair(kLowHighFactors));
    }

    template <std::size_t Outputs>
    LEPTON_INLINE void linear_layer(const LinearLayer24& table,
                                    std::size_t layer,
                                    Words (&state)[24]) {
        Halves plus_plus[6], plus_minus[6], minus[12];
        Words sums[12];
#pragma GCC unroll 2
        for (std::size_t i = 0; i < 12; ++i) {
            const Words a = state[i], b = state[i + 12];
            sums[i] = Ops::below_prime(Ops::add_unsigned(a, b));
            minus[i] = halves(to_centre(Ops::nonnegative(Ops::subtract(a, b))));
        }
#pragma GCC unroll 2
        for (std::size_t i = 0; i < 6; ++i) {
            const Words a = sums[i], b = sums[i + 6];
            plus_plus[i] = halves(to_centre(Ops::below_prime(Ops::add_unsigned(a, b))));
            plus_minus[i] = halves(to_centre(Ops::nonnegative(Ops::subtract(a, b))));
        }
        constexpr std::size_t kBlock = Ops::kRowsOfLinearLayer;
        static_assert(6 % kBlock == 0);
        const LinearLayer24::Start& begin = table.starts[layer];
#pragma GCC unroll 1
        for (std::size_t row = 0; row < 6; row += kBlock) {
            asm(""
                : "+r"(row));  // keeps the loop a loop: unrolled, the code would not fit the cache
            Sum even[kBlock], odd[kBlock];
            products<6, kBlock>(&table.plus_plus[row], &begin.plus_plus[row], plus_plus, even);
            products<6, kBlock>(&table.plus_minus[row], &begin.plus_minus[row], plus_minus, odd);
#pragma GCC unroll 6
            for (std::size_t i = 0; i < kBlock; ++i) {
                const Sum all = plus(even[i], odd[i]);
                odd[i] = VectorKernel::minus(even[i], odd[i]);
                even[i] = all;
            }
            Sum rest[kBlock];
            products<12, kBlock>(&table.minus[row], &begin.minus[row], minus, rest);
#pragma GCC unroll 6
            for (std::size_t i = 0; i < kBlock; ++i) {
                state[row + i] = reduced(plus(even[i], rest[i]));
                if constexpr (Outputs == 24) {
                    state[row + i + 12] = reduced(VectorKernel::minus(even[i], rest[i]));
                }
            }
            if (Outputs < 24 && row + 6 >= Outputs) continue;
            products<12, kBlock>(&table.minus[row + 6], &begin.minus[row + 6], minus, rest);
#pragma GCC unroll 6
            for (std::size_t i = 0; i < kBlock; ++i) {
                state[row + i + 6] = reduced(plus(odd[i], rest[i]));
                if constexpr (Outputs == 24) {
                    state[row + i + 18] = reduced(VectorKernel::minus(odd[i], rest[i]));
                }
            }
        }
    }

    // sums[row] = starts[row] + coefficients[row] . elements
    template <std::size_t Terms, std::size_t Rows>
    LEPTON_INLINE void products(const std::array<std::int32_t, Terms>* coefficients,
                                const std::int64_t* starts,
                                const Halves (&elements)[Terms],
                                Sum (&sums)[Rows]) {
#pragma GCC unroll 8
        for (std::size_t row = 0; row < Rows; ++row) sums[row] = start(starts[row]);
#pragma GCC unroll 12
        for (std::size_t j = 0; j < Terms; ++j) {
#pragma GCC unroll 8
            for (std::size_t row = 0; row < Rows; ++row) {
                add_product(sums[row], elements[j], coefficients[row][j]);
            }
        }
    }

    // ---- The partial phase.

    // Pairs of sums that are computed before the first partial round; each round computes one more.
    static constexpr std::size_t kPairsAhead = 2;
    static_assert(Table::kRows / 2 <= kPairsAhead + kPartial);

    struct Partial {
        Halves z[Width];
        Halves y[kPartial];
        Sum sums[Table::kRows];
    };

    // Computes what z gives to two sums. Not inlined, because the code would not fit the cache.
    [[gnu::noinline]] static void from_full(const Table& table, std::size_t row, Partial& phase) {
        Sum first = start(table.starts[row]), second = start(table.starts[row + 1]);
        const auto& first_row = table.from_full[row];
        const auto& second_row = table.from_full[row + 1];
#pragma GCC unroll 24
        for (std::size_t j = 0; j < Width; ++j) {
            add_product(first, phase.z[j], first_row[j]);
            add_product(second, phase.z[j], second_row[j]);
            const bool is_full = j % Bounds::kFullTermsPerFold == Bounds::kFullTermsPerFold - 1;
            if (is_full && j + 1 < Width && row + 1 >= kPartial) {
                first = fold(first);
                second = fold(second);
            }
        }
        phase.sums[row] = fold(first);
        phase.sums[row + 1] = fold(second);
    }

    // Computes the y. What each round does after its cube does not need that cube, and so fills the
    // time until it is there.
    LEPTON_INLINE void partial_rounds(const Table& table, Partial& phase) {
        Sum sum = phase.sums[0];
#pragma GCC unroll 1
        for (std::size_t k = 0; k < kPartial; ++k) {
            const Words even = Ops::high(reduce(fold(sum.even)));
            const Words odd = Ops::high(reduce(fold(sum.odd)));
            Ops::expect_half_within(even, Bounds::kPartialInputMax);
            phase.y[k] = {Ops::high(cube(even)), Ops::high(cube(odd))};
            Ops::expect_half_within(phase.y[k].even, Bounds::kPartialCubeMax);
            const std::size_t row = 2 * (k + kPairsAhead);
            if (row < Table::kRows) from_full(table, row, phase);
            if (k + 1 == kPartial) break;
            sum = phase.sums[k + 1];
            const std::int32_t* coefficients = table.from_cubes[k + 1].data();
            for (std::size_t j = 0; j <= k; ++j) {
                if (j == Bounds::kCubesPerFold) sum = fold(sum);
                add_product(sum, phase.y[j], coefficients[j]);
            }
        }
    }

    // The partial rounds, from the cubes of the fourth round.
    [[gnu::noinline]] static void partial_phase(const Table& table, Words (&state)[Width]) {
        Partial phase;
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Width; ++i) phase.z[i] = halves(to_centre(state[i]));
        for (std::size_t pair = 0; pair < kPairsAhead; ++pair) from_full(table, 2 * pair, phase);
        partial_rounds(table, phase);
        constexpr std::size_t kBlock = Ops::kRowsOfPartialPhase;
        static_assert(Width % kBlock == 0);
#pragma GCC unroll 1
        for (std::size_t row = 0; row < Width; row += kBlock) {
            Sum sums[kBlock];
#pragma GCC unroll 4
            for (std::size_t i = 0; i < kBlock; ++i) sums[i] = phase.sums[kPartial + row + i];
#pragma GCC unroll 24
            for (std::size_t j = 0; j < kPartial; ++j) {
                const bool is_full =
                    j % Bounds::kOutputCubesPerFold == Bounds::kOutputCubesPerFold - 1;
#pragma GCC unroll 4
                for (std::size_t i = 0; i < kBlock; ++i) {
                    add_product(sums[i], phase.y[j], table.from_cubes[kPartial + row + i][j]);
                    if (is_full && j + 1 < kPartial) sums[i] = fold(sums[i]);
                }
            }
#pragma GCC unroll 4
            for (std::size_t i = 0; i < kBlock; ++i) state[row + i] = reduced(fold(sums[i]));
        }
    }

    // ---- All rounds.

    [[gnu::noinline]] static void full_round(const Table& table,
                                             std::size_t layer,
                                             Words (&state)[Width]) {
        cube_all(state);
        linear_layer<Width>(table.linear, layer, state);
    }

    template <std::size_t Outputs>
    [[gnu::noinline]] static void last_round(const Table& table, Words (&state)[Width]) {
        cube_all(state);
        linear_layer<Outputs>(table.linear, kLinearLayers - 1, state);
    }

    template <std::size_t Outputs>
    LEPTON_INLINE void rounds(const Table& table,
                              const Lanes<Width>& in,
                              std::size_t lane,
                              Words (&state)[Width]) {
        for (std::size_t i = 0; i < Width; ++i) {
            const Words element = Ops::load(in.rows[i].data() + lane);
            state[i] = Ops::add(element, Ops::set(table.first_constants[i]));
        }
        for (std::size_t layer = 0; layer + 1 < kHalfFullRounds; ++layer) {
            full_round(table, layer, state);
        }
        cube_all(state);
        partial_phase(table, state);
        for (std::size_t layer = kHalfFullRounds - 1; layer + 1 < kLinearLayers; ++layer) {
            full_round(table, layer, state);
        }
        last_round<Outputs>(table, state);
    }
};

}  // namespace lepton::crypto::xmss::poseidon_kernels

#undef LEPTON_INLINE
