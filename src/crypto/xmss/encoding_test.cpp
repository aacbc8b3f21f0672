// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/encoding.hpp"

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

}  // namespace
}  // namespace lepton::crypto::xmss
