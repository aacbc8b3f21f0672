// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/keccak.hpp"

#include "base/random.hpp"
#include "crypto/keccak_kernels.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lepton::crypto {
namespace {

Bytes shake(ByteView input, std::size_t size) {
    Bytes out(size);
    shake128(input, out);
    return out;
}

TEST(Keccak256, gives_the_digests_ethereum_uses) {
    EXPECT_EQ(to_hex(keccak256({})),
              "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    EXPECT_EQ(to_hex(keccak256(as_bytes("abc"))),
              "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    // 135, 136 and 137 bytes: one short of a block, a whole block, one more.
    const std::string text(137, 'a');
    EXPECT_EQ(to_hex(keccak256(as_bytes(text).first(135))),
              "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446");
    EXPECT_EQ(to_hex(keccak256(as_bytes(text).first(136))),
              "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
    EXPECT_EQ(to_hex(keccak256(as_bytes(text))),
              "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
}

TEST(Shake128, gives_the_output_of_the_nist_examples) {
    EXPECT_EQ(to_hex(shake({}, 32)),
              "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
    // The 1600-bit example: 200 bytes 0xa3.
    EXPECT_EQ(to_hex(shake(Bytes(200, 0xa3), 32)),
              "131ab8d2b594946b9c81333f9bb6e0ce75c3b93104fa3469d3917457385da037");
}

TEST(Shake128, pieces_in_and_out_give_the_one_shot_output) {
    SeededRandom random{1};
    for (const std::size_t size : {0u, 1u, 167u, 168u, 169u, 335u, 336u, 500u}) {
        Bytes message(size);
        random.fill(message);
        Shake128 pieces;
        for (ByteView left = message; !left.empty();) {
            const std::size_t piece = 1 + random.below(left.size());
            pieces.absorb(left.first(piece));
            left = left.subspan(piece);
        }
        Bytes out(700);
        for (MutableByteView left = out; !left.empty();) {
            const std::size_t piece = 1 + random.below(left.size());
            pieces.squeeze(left.first(piece));
            left = left.subspan(piece);
        }
        EXPECT_EQ(out, shake(message, out.size())) << size;
    }
}

TEST(KeccakKernels, all_equal_the_function_of_one_state) {
    for (const auto* kernel : keccak_kernels::available()) {
        SeededRandom random{3};
        for (int round = 0; round < 2000; ++round) {
            keccak_kernels::States states;
            std::array<KeccakState, keccak_kernels::kStates> expected;
            for (std::size_t n = 0; n < expected.size(); ++n) {
                for (std::size_t i = 0; i < expected[n].size(); ++i) {
                    states.words[i][n] = expected[n][i] = random.next_u64();
                }
                keccak_f1600(expected[n]);
            }
            kernel->permute(states);
            for (std::size_t n = 0; n < expected.size(); ++n) {
                for (std::size_t i = 0; i < expected[n].size(); ++i) {
                    ASSERT_EQ(states.words[i][n], expected[n][i]) << kernel->name;
                }
            }
        }
    }
}

TEST(KeccakKernels, the_fastest_comes_first) {
    ASSERT_FALSE(keccak_kernels::available().empty());
    EXPECT_EQ(&keccak_kernels::best(), keccak_kernels::available().front());
    EXPECT_EQ(keccak_kernels::available().back(), &keccak_kernels::portable());
}

}  // namespace
}  // namespace lepton::crypto
