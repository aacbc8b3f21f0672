// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Registers for the vector kernel that hold, instead of numbers, the range in which a number can be
// whatever the input is. One run of the kernel on them proves its bounds. For tests. Any thread.
#pragma once

#include "base/assert.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"
#include "crypto/xmss/poseidon_tables.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace lepton::crypto::xmss::poseidon_kernels {

struct Ranges {
    static constexpr std::size_t kLanes = xmss::kLanes;  // one range for all
    static constexpr std::size_t kRowsOfLinearLayer = 1;
    static constexpr std::size_t kRowsOfPartialPhase = 1;

    __extension__ typedef __int128 Wide;
    struct Words {
        std::int64_t low, high;
    };
    struct Longs {
        std::int64_t low, high;
    };
    struct Pairs {
        Words first, second;
    };

    /// The largest size of a 64-bit sum so far.
    static inline thread_local std::int64_t largest_sum = 0;

    static Words load(const Fp*) { return {0, kP - 1}; }
    static void store(Fp*, Words a) { LEPTON_ASSERT(a.low >= 0 && a.high < kP); }
    static Words set(std::int32_t a) { return {a, a}; }
    static Longs set_long(std::int64_t a) { return {a, a}; }
    static Pairs set_pair(std::int32_t a) {
        return {set(static_cast<std::int16_t>(a)), set(a >> 16)};
    }

    static Words add(Words a, Words b) { return words(a.low + b.low, a.high + b.high); }
    static Words subtract(Words a, Words b) { return words(a.low - b.high, a.high - b.low); }
    static Words add_unsigned(Words a, Words b) {
        LEPTON_ASSERT(a.low >= 0 && b.low >= 0);
        LEPTON_ASSERT(a.high + b.high <= std::numeric_limits<std::uint32_t>::max());
        return {a.low + b.low, a.high + b.high};
    }
    static Words nonnegative(Words a) {
        LEPTON_ASSERT(a.low >= -kP && a.high < kP);
        return a.low < 0 ? Words{0, kP - 1} : a;
    }
    static Words below_prime(Words a) {
        LEPTON_ASSERT(a.low >= 0 && a.high < 2 * kP);
        return {0, kP - 1};
    }

    static Longs multiply(Words a, Words b) {
        a = words(a.low, a.high);
        b = words(b.low, b.high);
        const auto [low, high] =
            std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
        return longs(low, high);
    }
    static Longs add_long(Longs a, Longs b) {
        return longs(Wide{a.low} + b.low, Wide{a.high} + b.high);
    }
    static Longs subtract_long(Longs a, Longs b) {
        return longs(Wide{a.low} - b.high, Wide{a.high} - b.low);
    }
    static Words odd(Words a) { return a; }
    static Words high(Longs a) { return {a.low >> 32, a.high >> 32}; }
    static Words low(Longs) {
        return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    }
    static Longs low_part(Longs) { return {0, 0xffffffff}; }
    static Words merge_high(Longs even, Longs odd) {
        return {std::min(even.low, odd.low) >> 32, std::max(even.high, odd.high) >> 32};
    }

    static Pairs low_pair(Words, Words) { return {kHalf, kHalf}; }
    static Pairs high_pair(Words a, Words b) { return {high_half(a), high_half(b)}; }
    static Pairs flip(Pairs) { return {kHalf, kHalf}; }
    static Pairs split(Words a) { return {kHalf, high_half(a)}; }
    static Words multiply_add(Words sum, Pairs a, Pairs b) {
        const Longs first = multiply(a.first, b.first), second = multiply(a.second, b.second);
        const Words both = words(first.low + second.low, first.high + second.high);
        return add(sum, both);
    }

    static void expect_within(Words a, std::int64_t limit) {
        LEPTON_ASSERT(a.low >= -limit && a.high <= limit);
    }
    static void expect_half_within(Words a, std::int64_t limit) { expect_within(a, limit); }

  private:
    static constexpr Words kHalf{std::numeric_limits<std::int16_t>::min(),
                                 std::numeric_limits<std::int16_t>::max()};

    static Words words(std::int64_t low, std::int64_t high) {
        LEPTON_ASSERT(low >= std::numeric_limits<std::int32_t>::min());
        LEPTON_ASSERT(high <= std::numeric_limits<std::int32_t>::max());
        return {low, high};
    }
    static Longs longs(Wide low, Wide high) {
        const Longs result{static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
        LEPTON_ASSERT(result.low == low && result.high == high);
        largest_sum = std::max({largest_sum, ~result.low, result.high});
        return result;
    }
    static Words high_half(Words a) {
        const bool is_signed = a.high <= std::numeric_limits<std::int32_t>::max();
        return is_signed ? Words{a.low >> 16, a.high >> 16} : kHalf;
    }
};

}  // namespace lepton::crypto::xmss::poseidon_kernels
