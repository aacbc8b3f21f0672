// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/base58.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

struct Pair {
    const char* hex;
    const char* text;
};

// The test vectors of the base58 internet draft, and the edge cases around leading zeros.
constexpr Pair kPairs[] = {
    {"", ""},
    {"00", "1"},
    {"0000", "11"},
    {"01", "2"},
    {"39", "z"},
    {"3a", "21"},
    {"48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"},
    {"0000287fb4cd", "11233QC4"},
};

TEST(Base58, known_pairs_in_both_directions) {
    for (const Pair& pair : kPairs) {
        const Bytes bytes = from_hex(pair.hex).value();
        EXPECT_EQ(base58_encode(bytes), pair.text);
        EXPECT_EQ(base58_decode(pair.text).value(), bytes) << pair.text;
    }
}

TEST(Base58, random_bytes_survive_the_round_trip) {
    SeededRandom random{58};
    for (int i = 0; i < 200; ++i) {
        Bytes bytes(random.below(65));
        random.fill(bytes);
        if (i % 3 == 0) bytes.insert(bytes.begin(), 2, 0);
        EXPECT_EQ(base58_decode(base58_encode(bytes)).value(), bytes);
    }
}

TEST(Base58, foreign_characters_and_long_texts_are_refused) {
    for (const char* text : {"0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "\xff", "11-"}) {
        EXPECT_FALSE(base58_decode(text)) << text;
    }
    EXPECT_TRUE(base58_decode(std::string(kBase58SizeMax, 'z')));
    EXPECT_FALSE(base58_decode(std::string(kBase58SizeMax + 1, 'z')));
}

}  // namespace
}  // namespace lepton::libp2p
