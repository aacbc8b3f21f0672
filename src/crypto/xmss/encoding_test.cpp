// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/encoding.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

// The element whose digits are `digits`, low digit first, with the largest remainder.
Fp element_of(const std::array<unsigned, 8>& digits) {
    Fp value = 0;
    for (std::size_t i = digits.size(); i-- > 0;) value = value * 8 + digits[i];
    return value * kDigitQuotient + kDigitQuotient - 1;
}

TEST(Encoding, digits_come_low_first_and_surplus_ones_do_not_count) {
    Digest hash{};
    hash[0] = element_of({3, 0, 2, 1, 7, 7, 7, 7});
    EXPECT_EQ(codeword_of<TestParameters>(hash), (Codeword<TestParameters>{3, 0, 2, 1}));
}

TEST(Encoding, another_sum_is_refused) {
    Digest hash{};
    hash[0] = element_of({3, 0, 2, 2, 0, 0, 0, 0});
    EXPECT_EQ(codeword_of<TestParameters>(hash), std::unexpected(SignatureError::codeword_sum));
    hash[0] = element_of({3, 0, 2, 0, 0, 0, 0, 0});
    EXPECT_EQ(codeword_of<TestParameters>(hash), std::unexpected(SignatureError::codeword_sum));
}

TEST(Encoding, the_one_element_beyond_the_digits_aborts) {
    Digest hash{};
    hash[0] = kPrime - 1;
    EXPECT_EQ(codeword_of<TestParameters>(hash), std::unexpected(SignatureError::codeword_aborted));
    hash[0] = kPrime - 2;  // all digits 7
    EXPECT_EQ(codeword_of<TestParameters>(hash), std::unexpected(SignatureError::codeword_sum));
}

TEST(Encoding, elements_that_give_no_digit_are_not_looked_at) {
    Digest hash{};
    hash[0] = element_of({3, 0, 2, 1, 0, 0, 0, 0});
    hash[1] = kPrime - 1;
    EXPECT_TRUE(codeword_of<TestParameters>(hash).has_value());
}

TEST(Encoding, prod_takes_46_digits_from_six_elements) {
    Digest hash{};
    for (std::size_t i = 0; i < 5; ++i) hash[i] = element_of({4, 4, 4, 4, 4, 4, 4, 4});
    hash[5] = element_of({7, 7, 7, 7, 7, 5, 7, 7});
    hash[6] = hash[7] = kPrime - 1;
    const auto codeword = codeword_of<ProdParameters>(hash);
    ASSERT_TRUE(codeword.has_value());  // 40 * 4 + 40 = 200
    EXPECT_EQ((*codeword)[39], 4);
    EXPECT_EQ((*codeword)[44], 7);
    EXPECT_EQ((*codeword)[45], 5);
}

// Compares first_encodable with codeword_of lane by lane. Some hashes have digits near the target,
// so that lanes with a codeword are neither rare nor everywhere.
template <class P>
void expect_same_as_one_by_one(const std::array<unsigned, 8>& digits, std::uint64_t seed) {
    SeededRandom random{seed};
    std::size_t found = 0;
    for (int round = 0; round < 2000; ++round) {
        Lanes<8> hashes;
        std::size_t expected = kLanes;
        for (std::size_t lane = kLanes; lane-- > 0;) {
            Digest hash;
            const bool is_near = random.below(12) == 0;
            for (Fp& element : hash) {
                auto changed = digits;
                if (!is_near) changed[0] = changed[1] = static_cast<unsigned>(random.below(8));
                changed[random.below(8)] = static_cast<unsigned>(random.below(8));
                element = element_of(changed) - static_cast<Fp>(random.below(kDigitQuotient));
                if (random.below(200) == 0) element = kPrime - 1;
            }
            for (std::size_t i = 0; i < hash.size(); ++i) hashes.rows[i][lane] = hash[i];
            if (codeword_of<P>(hash)) expected = lane;
        }
        ASSERT_EQ(first_encodable<P>(hashes), expected) << round;
        found += expected != kLanes;
    }
    EXPECT_GT(found, 20u);
    EXPECT_LT(found, 2000u);
}

TEST(Encoding, the_first_lane_with_a_codeword_is_found) {
    expect_same_as_one_by_one<TestParameters>({1, 2, 1, 2, 7, 7, 7, 7}, 1);
    expect_same_as_one_by_one<ProdParameters>({4, 4, 4, 5, 4, 4, 5, 5}, 2);
}

}  // namespace
}  // namespace lepton::crypto::xmss
