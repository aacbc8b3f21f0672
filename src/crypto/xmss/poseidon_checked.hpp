// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Registers for the vector kernel that assert what poseidon_vector.hpp claims: no sum overflows,
// and numbers are in the ranges that their operations need. For tests. Any thread.
#pragma once

#include "base/assert.hpp"
#include "crypto/xmss/poseidon_tables.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace lepton::crypto::xmss::poseidon_kernels {

/// Numbers of 32 or 64 bits or pairs of 16, computed one by one in wider ones. How close the
/// results came to their limits is kept in `largest_sum` and `largest_word`.
struct Checked {
    static constexpr std::size_t kLanes = 4;
    static constexpr std::size_t kRowsOfLinearLayer = 2;
    static constexpr std::size_t kRowsOfPartialPhase = 2;

    template <class Number, std::size_t Count>
    struct Register {
        std::array<Number, Count> at;
    };
    using Words = Register<std::int32_t, kLanes>;
    using Longs = Register<std::int64_t, kLanes / 2>;
    using Pairs = Register<std::int16_t, 2 * kLanes>;
    __extension__ typedef __int128 Wide;

    static inline thread_local std::int64_t largest_sum = 0, largest_word = 0;

    static Words load(const Fp* from) {
        return each([from](std::size_t i) { return std::int32_t{signed_word(from[i])}; });
    }
    static void store(Fp* to, Words a) {
        for (std::size_t i = 0; i < kLanes; ++i) {
            LEPTON_ASSERT(a.at[i] >= 0 && a.at[i] < kP);
            to[i] = static_cast<Fp>(a.at[i]);
        }
    }
    static Words set(std::int32_t a) {
        return each([a](std::size_t) { return a; });
    }
    static Longs set_long(std::int64_t a) { return {{a, a}}; }
    static Pairs set_pair(std::int32_t a) { return pairs(set(a)); }

    static Words add(Words a, Words b) {
        return each([&](std::size_t i) { return word(std::int64_t{a.at[i]} + b.at[i]); });
    }
    static Words subtract(Words a, Words b) {
        return each([&](std::size_t i) { return word(std::int64_t{a.at[i]} - b.at[i]); });
    }
    static Words add_unsigned(Words a, Words b) {
        return each([&](std::size_t i) {
            LEPTON_ASSERT(a.at[i] >= 0 && b.at[i] >= 0);  // so the sum is below 2^32
            return signed_word(static_cast<std::uint32_t>(a.at[i]) +
                               static_cast<std::uint32_t>(b.at[i]));
        });
    }
    static Words nonnegative(Words a) {
        return each([&](std::size_t i) {
            LEPTON_ASSERT(a.at[i] >= -kP && a.at[i] < kP);
            return word(a.at[i] < 0 ? a.at[i] + kP : a.at[i]);
        });
    }
    static Words below_prime(Words a) {
        return each([&](std::size_t i) {
            const std::int64_t value = static_cast<std::uint32_t>(a.at[i]);
            LEPTON_ASSERT(value < 2 * kP);
            return word(value < kP ? value : value - kP);
        });
    }

    static Longs multiply(Words a, Words b) {
        return longs([&](std::size_t i) { return Wide{a.at[2 * i]} * b.at[2 * i]; });
    }
    static Longs add_long(Longs a, Longs b) {
        return longs([&](std::size_t i) { return Wide{a.at[i]} + b.at[i]; });
    }
    static Longs subtract_long(Longs a, Longs b) {
        return longs([&](std::size_t i) { return Wide{a.at[i]} - b.at[i]; });
    }
    static Words odd(Words a) {
        return each([&](std::size_t i) { return i % 2 == 0 ? a.at[i + 1] : kNothing; });
    }
    static Words high(Longs a) {
        return each([&](std::size_t i) {
            return i % 2 == 0 ? static_cast<std::int32_t>(a.at[i / 2] >> 32) : kNothing;
        });
    }
    static Words low(Longs a) {
        return each([&](std::size_t i) {
            return i % 2 == 0 ? static_cast<std::int32_t>(a.at[i / 2]) : kNothing;
        });
    }
    static Longs low_part(Longs a) {
        return longs([&](std::size_t i) { return Wide{a.at[i] & 0xffffffff}; });
    }
    static Words merge_high(Longs even, Longs odd) {
        return each([&](std::size_t i) {
            const std::int64_t from = i % 2 == 0 ? even.at[i / 2] : odd.at[i / 2];
            LEPTON_ASSERT(static_cast<std::int32_t>(from) == 0);  // it was reduced
            return static_cast<std::int32_t>(from >> 32);
        });
    }

    static Pairs low_pair(Words a, Words b) { return pair_of(pairs(a), pairs(b), 0); }
    static Pairs high_pair(Words a, Words b) { return pair_of(pairs(a), pairs(b), 1); }
    static Pairs flip(Pairs a) {
        for (std::int16_t& half : a.at) half = flipped(half);
        return a;
    }
    static Pairs split(Words a) {
        Pairs result = pairs(a);
        for (std::size_t i = 0; i < kLanes; ++i) result.at[2 * i] = flipped(result.at[2 * i]);
        return result;
    }
    static Words multiply_add(Words sum, Pairs a, Pairs b) {
        return each([&](std::size_t i) {
            const std::int64_t pair = std::int64_t{a.at[2 * i]} * b.at[2 * i] +
                                      std::int64_t{a.at[2 * i + 1]} * b.at[2 * i + 1];
            return word(sum.at[i] + std::int64_t{word(pair)});
        });
    }

    static void expect_within(Words a, std::int64_t limit) {
        for (const std::int64_t value : a.at) LEPTON_ASSERT(value >= -limit && value <= limit);
    }
    static void expect_half_within(Words a, std::int64_t limit) {
        for (std::size_t i = 0; i < kLanes; i += 2) {
            LEPTON_ASSERT(a.at[i] >= -limit && a.at[i] <= limit);
        }
    }

  private:
    // In lanes whose content must not matter.
    static constexpr std::int32_t kNothing = 0x5a5a5a5a;

    template <class Function>
    static Words each(const Function& function) {
        Words result;
        for (std::size_t i = 0; i < kLanes; ++i) result.at[i] = function(i);
        return result;
    }
    template <class Function>
    static Longs longs(const Function& function) {
        Longs result;
        for (std::size_t i = 0; i < kLanes / 2; ++i) {
            const Wide value = function(i);
            result.at[i] = static_cast<std::int64_t>(value);
            LEPTON_ASSERT(result.at[i] == value);
            largest_sum = std::max(largest_sum, value < 0 ? ~result.at[i] : result.at[i]);
        }
        return result;
    }
    static std::int32_t word(std::int64_t value) {
        const auto result = static_cast<std::int32_t>(value);
        LEPTON_ASSERT(result == value);
        largest_word = std::max(largest_word, value < 0 ? ~value : value);
        return result;
    }
    static std::int32_t signed_word(std::uint32_t value) {
        return static_cast<std::int32_t>(value);
    }
    static std::int16_t flipped(std::int16_t half) {
        return static_cast<std::int16_t>(half ^ -0x8000);
    }
    static Pairs pairs(Words a) {
        Pairs result;
        for (std::size_t i = 0; i < kLanes; ++i) {
            result.at[2 * i] = static_cast<std::int16_t>(a.at[i]);
            result.at[2 * i + 1] = static_cast<std::int16_t>(a.at[i] >> 16);
        }
        return result;
    }
    static Pairs pair_of(Pairs a, Pairs b, std::size_t half) {
        Pairs result;
        for (std::size_t i = 0; i < kLanes; ++i) {
            result.at[2 * i] = a.at[2 * i + half];
            result.at[2 * i + 1] = b.at[2 * i + half];
        }
        return result;
    }
};

}  // namespace lepton::crypto::xmss::poseidon_kernels
