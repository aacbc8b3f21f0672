// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/field.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

// high * 2^64 + low modulo p, one bit at a time.
Fp reduce_plainly(std::uint64_t high, std::uint64_t low) {
    std::uint64_t rest = 0;
    for (const std::uint64_t word : {high, low}) {
        for (int bit = 63; bit >= 0; --bit) rest = (2 * rest + (word >> bit & 1)) % kPrime;
    }
    return static_cast<Fp>(rest);
}

TEST(Field, sums_stay_canonical) {
    EXPECT_EQ(add(kPrime - 1, kPrime - 1), kPrime - 2);
    EXPECT_EQ(add(kPrime - 1, 1), 0u);
    EXPECT_EQ(add(kPrime - 1, 0), kPrime - 1);
    EXPECT_EQ(add(0, 0), 0u);
}

TEST(Field, wide_numbers_are_reduced_exactly) {
    SeededRandom random{1};
    const std::array<std::uint64_t, 6> edges{
        0, 1, 0xffffffff, 0xffffffff00000000, ~std::uint64_t{0}, kPrime};
    for (int i = 0; i < 30'000; ++i) {
        const auto word = [&] {
            return random.below(4) == 0 ? edges[random.below(edges.size())] : random.next_u64();
        };
        const std::uint64_t high = word(), low = word();
        ASSERT_EQ(reduce(high, low), reduce_plainly(high, low)) << high << ' ' << low;
    }
    for (const std::uint64_t high : edges) {
        for (const std::uint64_t low : edges) {
            EXPECT_EQ(reduce(high, low), reduce_plainly(high, low)) << high << ' ' << low;
        }
    }
    EXPECT_EQ(reduce(0, kPrime), 0u);
    EXPECT_EQ(reduce(0, kPrime - 1), kPrime - 1);
}

TEST(Field, tweaks_are_split_in_base_p) {
    EXPECT_EQ(base_p_digits(0), (std::array<Fp, 2>{0, 0}));
    EXPECT_EQ(base_p_digits(kPrime - 1), (std::array<Fp, 2>{kPrime - 1, 0}));
    EXPECT_EQ(base_p_digits(kPrime), (std::array<Fp, 2>{0, 1}));
    EXPECT_EQ(base_p_digits(std::uint64_t{5} * kPrime + 7), (std::array<Fp, 2>{7, 5}));
}

TEST(Field, message_digits_add_up_to_the_little_endian_message) {
    SeededRandom random{2};
    for (int round = 0; round < 200; ++round) {
        Bytes32 message;
        random.fill(message);
        if (round == 0) message.fill(0xff);
        if (round == 1) message.fill(0);
        // Multiply the digits together again, from the highest, in bytes.
        std::array<std::uint32_t, 36> number{};
        const auto digits = message_digits(message);
        for (std::size_t i = digits.size(); i-- > 0;) {
            EXPECT_LT(digits[i], kPrime);
            std::uint64_t carry = digits[i];
            for (std::uint32_t& byte : number) {
                carry += std::uint64_t{byte} * kPrime;
                byte = carry & 0xff;
                carry >>= 8;
            }
            EXPECT_EQ(carry, 0u);
        }
        for (std::size_t i = 0; i < number.size(); ++i) {
            EXPECT_EQ(number[i], i < 32 ? message[i] : 0u);
        }
    }
}

TEST(Field, elements_survive_the_round_trip_and_large_ones_are_refused) {
    const std::array<Fp, 3> elements{0, 0x01020304, kPrime - 1};
    std::array<std::uint8_t, 12> bytes;
    write_elements(elements, bytes);
    EXPECT_EQ(to_hex(bytes), "00000000040302010000007f");
    std::array<Fp, 3> read;
    EXPECT_TRUE(read_elements(bytes, read));
    EXPECT_EQ(read, elements);
    bytes[8] = 1;  // now the last is p
    EXPECT_FALSE(read_elements(bytes, read));
}

}  // namespace
}  // namespace lepton::crypto::xmss
