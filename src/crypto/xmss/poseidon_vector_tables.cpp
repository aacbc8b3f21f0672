// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon_vector_tables.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/poseidon_tables.hpp"
#include "crypto/xmss/poseidon_vector_bounds.hpp"

#include <span>
#include <vector>

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

// The coefficients of width 24 are multiplied by this. Among the numbers below p / 2 none makes the
// sum of the sizes of the 24 coefficients smaller: 1.845 p.
constexpr Fp kScale24 = 187'486'943;

constexpr Fp power(Fp base, std::uint64_t exponent) {
    Fp result = 1;
    for (; exponent > 0; exponent >>= 1, base = multiply(base, base)) {
        if ((exponent & 1) != 0) result = multiply(result, base);
    }
    return result;
}

constexpr Fp inverse(Fp value) {
    return power(value, kPrime - 2);
}

constexpr Fp subtract(Fp a, Fp b) {
    return add(a, kPrime - b);
}

constexpr Fp product(std::initializer_list<Fp> factors) {
    Fp result = 1;
    for (const Fp factor : factors) result = multiply(result, factor);
    return result;
}

constexpr Fp cubed(Fp value) {
    return product({value, value, value});
}

// 3 has an inverse modulo p - 1, so cubing has one too.
constexpr std::uint64_t kThird = (2 * std::uint64_t{kPrime - 1} + 1) / 3;
static_assert(3 * kThird % (kPrime - 1) == 1);
constexpr Fp cube_root(Fp value) {
    return power(value, kThird);
}

constexpr Fp kHalf = inverse(2);
constexpr Fp kR = static_cast<Fp>(kTwo32);
constexpr Fp kPerR = inverse(kR);
constexpr Fp kPerR2 = multiply(kPerR, kPerR);

std::int32_t stored(Fp value) {
    return static_cast<std::int32_t>(centred(value));
}

// Returns the element congruent to `value`.
Fp element(std::int64_t value) {
    const std::int64_t rest = value % kP;
    return static_cast<Fp>(rest < 0 ? rest + kP : rest);
}

template <class Range>
std::int64_t sizes(const Range& coefficients) {
    std::int64_t sum = 0;
    for (const std::int64_t coefficient : coefficients)
        sum += coefficient < 0 ? -coefficient : coefficient;
    return sum;
}

// The sum of `coefficients` times numbers of at most `operand_max` in size and a folded sum or a
// constant stays below `limit`.
bool fits(std::span<const std::int32_t> coefficients, std::int64_t operand_max) {
    return sizes(coefficients) <= (kSumMax - kFoldedMax - kP) / operand_max;
}

// The same with a fold after every `terms` products.
bool fits(std::span<const std::int32_t> coefficients, std::int64_t operand_max, std::size_t terms) {
    for (; coefficients.size() > terms; coefficients = coefficients.subspan(terms)) {
        if (!fits(coefficients.first(terms), operand_max)) return false;
    }
    return fits(coefficients, operand_max);
}

// What a numbers minus kCentre in each term of a sum of products lack.
template <class Range>
Fp of_centre(const Range& coefficients) {
    std::int64_t sum = 0;
    for (const std::int64_t coefficient : coefficients) sum += coefficient;
    return element(sum % kP * kCentre);
}

// How the factor of a state changes in a full round.
template <std::size_t Width>
constexpr Fp kLayerFactor =
    Width == 16 ? product({kPerR2, 2, power(kHalf, 16)}) : product({kPerR2, kPerR, kScale24});

template <std::size_t Width>
std::array<Fp, Width> row_of(std::span<const Fp> constants, std::size_t round, Fp factor) {
    std::array<Fp, Width> row;
    for (std::size_t i = 0; i < Width; ++i) row[i] = multiply(constants[round * Width + i], factor);
    return row;
}

std::int32_t pair(std::int64_t low, std::int64_t high) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(high) << 16 |
                                     (static_cast<std::uint32_t>(low) & 0xffff));
}

void fill(LinearLayer16& layer) {
    for (std::size_t i = 0; i < 8; ++i) {
        const auto coefficient = [&](std::size_t j) {
            return std::int64_t{linear_layer<16>(i, j)};
        };
        for (std::size_t j = 0; j < 8; j += 2) {
            layer.plus[i][j / 2] =
                pair(coefficient(j) + coefficient(j + 8), coefficient(j + 1) + coefficient(j + 9));
            layer.minus[i][j / 2] =
                pair(coefficient(j) - coefficient(j + 8), coefficient(j + 1) - coefficient(j + 9));
        }
    }
}

// `constants`: of the next round, with its factor.
void fill(LinearLayer16& layer, std::size_t number, const std::array<Fp, 16>& constants) {
    for (std::size_t i = 0; i < 8; ++i) {
        std::int64_t of_plus = 0, of_minus = 0, sizes_of_minus = 0;
        for (std::size_t j = 0; j < 8; ++j) {
            const std::int64_t a = linear_layer<16>(i, j), b = linear_layer<16>(i, j + 8);
            of_plus += a + b;
            of_minus += a - b;
            sizes_of_minus += a < b ? b - a : a - b;
        }
        LEPTON_ASSERT(of_plus + sizes_of_minus == kCoefficients16);
        // What the halves lack because they are signed: 2^15 the low ones, and the high ones of
        // sums.
        const Fp lack_of_plus =
            element(of_plus * ((std::int64_t{1} << 31) + (1 << 15)) + (1 << 15));
        const Fp lack_of_minus = element(of_minus * (1 << 15));
        const Fp sum = multiply(kHalf, add(constants[i], constants[i + 8]));
        const Fp difference = multiply(kHalf, subtract(constants[i], constants[i + 8]));
        const std::int32_t plus = stored(add(multiply(sum, 1 << 16), lack_of_plus));
        const std::int32_t minus = stored(add(multiply(difference, 1 << 16), lack_of_minus));
        layer.starts[number][i] = {plus & 0xffff, plus >> 16, minus & 0xffff, minus >> 16};
    }
}

void fill(LinearLayer24& layer) {
    const auto coefficient = [](std::size_t i, std::size_t j) {
        return multiply(kScale24, linear_layer<24>(i, j));
    };
    for (std::size_t i = 0; i < 12; ++i) {
        for (std::size_t j = 0; j < 12; ++j) {
            layer.minus[i][j] =
                stored(multiply(kHalf, subtract(coefficient(i, j), coefficient(i, j + 12))));
        }
    }
    for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 6; ++j) {
            const Fp first = add(coefficient(i, j), coefficient(i, j + 12));
            const Fp second = add(coefficient(i, j + 6), coefficient(i, j + 18));
            layer.plus_plus[i][j] = stored(product({kHalf, kHalf, add(first, second)}));
            layer.plus_minus[i][j] = stored(product({kHalf, kHalf, subtract(first, second)}));
        }
    }
    for (std::size_t i = 0; i < 6; ++i) {
        const std::int64_t both = sizes(layer.plus_plus[i]) + sizes(layer.plus_minus[i]);
        for (const std::size_t row : {i, i + 6}) {
            LEPTON_ASSERT(both + sizes(layer.minus[row]) <= (kReducibleMax - 3 * kP) / kCentre);
        }
    }
}

void fill(LinearLayer24& layer, std::size_t number, const std::array<Fp, 24>& constants) {
    LinearLayer24::Start& start = layer.starts[number];
    for (std::size_t i = 0; i < 6; ++i) {
        const auto constant = [&](std::size_t n) { return multiply(kR, constants[i + 6 * n]); };
        const Fp even = multiply(kHalf, add(constant(0), constant(2)));
        const Fp odd = multiply(kHalf, add(constant(1), constant(3)));
        const auto begin = [](Fp value, const auto& row) {
            return std::int64_t{stored(add(value, of_centre(row)))};
        };
        start.plus_plus[i] = begin(multiply(kHalf, add(even, odd)), layer.plus_plus[i]);
        start.plus_minus[i] = begin(multiply(kHalf, subtract(even, odd)), layer.plus_minus[i]);
        start.minus[i] = begin(multiply(kHalf, subtract(constant(0), constant(2))), layer.minus[i]);
        start.minus[i + 6] =
            begin(multiply(kHalf, subtract(constant(1), constant(3))), layer.minus[i + 6]);
    }
}

}  // namespace

template <std::size_t Width>
VectorTables<Width>::VectorTables() : from_full{}, from_cubes{}, starts{} {
    using Bounds = VectorBounds<Width>;
    const std::vector<Fp> constants = round_constants<Width>();
    const AffinePartialRounds<Width> partial{constants};

    // factors[i]: of the input of full round i.
    std::array<Fp, 2 * kHalfFullRounds> factors{1};
    for (std::size_t i = 1; i < kHalfFullRounds; ++i) {
        factors[i] = multiply(cubed(factors[i - 1]), kLayerFactor<Width>);
    }
    Fp next = 1;
    for (std::size_t i = factors.size(); i-- > kHalfFullRounds;) {
        factors[i] = next = cube_root(multiply(next, inverse(kLayerFactor<Width>)));
    }

    for (std::size_t i = 0; i < Width; ++i) {
        first_constants[i] = static_cast<std::int32_t>(std::int64_t{constants[i]} - kP);
    }
    fill(linear);
    for (std::size_t layer = 0; layer < kLinearLayers; ++layer) {
        if (layer + 1 == kLinearLayers) {
            fill(linear, layer, {});
        } else if (layer + 1 < kHalfFullRounds) {
            fill(linear, layer, row_of<Width>(constants, layer + 1, factors[layer + 1]));
        } else {
            fill(linear, layer, row_of<Width>(constants, layer + 2 + kPartial, factors[layer + 2]));
        }
    }

    // The partial phase.
    const Fp of_z = multiply(cubed(factors[kHalfFullRounds - 1]), kPerR2);
    std::array<Fp, kPartial> per_y;  // inverse factors of the y
    for (std::size_t sum = 0; sum < kSums; ++sum) {
        const auto& row = partial.rows[sum];
        const bool is_cubed = sum < kPartial;
        const std::span<const std::int32_t> of_cubes{from_cubes[sum].data(),
                                                     is_cubed ? sum : kPartial};
        const auto fill_row = [&](Fp factor) {
            const Fp from_z = product({kR, factor, inverse(of_z)});
            for (std::size_t j = 0; j < Width; ++j) {
                from_full[sum][j] = stored(multiply(row.of_z[j], from_z));
            }
            for (std::size_t j = 0; j < of_cubes.size(); ++j) {
                from_cubes[sum][j] = stored(product({row.of_y[j], kR, factor, per_y[j]}));
            }
            starts[sum] =
                stored(add(product({row.constant, kR, factor}), of_centre(from_full[sum])));
        };
        const auto row_fits = [&] {
            return fits(from_full[sum], kCentre, is_cubed ? Width : Bounds::kFullTermsPerFold) &&
                   fits(of_cubes,
                        Bounds::kPartialCubeMax,
                        is_cubed ? Bounds::kCubesPerFold : Bounds::kOutputCubesPerFold);
        };
        if (is_cubed) {
            Fp factor = 1;
            fill_row(factor);
            while (!row_fits()) fill_row(++factor);
            per_y[sum] = inverse(multiply(cubed(factor), kPerR2));
        } else {
            fill_row(factors[kHalfFullRounds]);
            LEPTON_ASSERT(row_fits());
        }
    }
}

template <std::size_t Width>
const VectorTables<Width>& vector_tables() {
    static const VectorTables<Width> made;
    return made;
}

template const VectorTables<16>& vector_tables<16>();
template const VectorTables<24>& vector_tables<24>();

}  // namespace lepton::crypto::xmss::poseidon_kernels
