// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/sha256.hpp"

#include "base/random.hpp"
#include "crypto/sha256_kernels.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lepton::crypto {
namespace {

std::string digest_of(std::string_view text) {
    return to_hex(sha256(as_bytes(text)));
}

Bytes random_bytes(Random& random, std::size_t size) {
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
}

TEST(Sha256, gives_the_digests_of_the_nist_examples) {
    EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(digest_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                        "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
              "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    EXPECT_EQ(digest_of(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, pieces_of_any_size_give_the_digest_of_the_whole) {
    SeededRandom random{1};
    for (std::size_t size = 0; size < 300; ++size) {
        const Bytes message = random_bytes(random, size);
        Sha256 hash;
        for (ByteView left = message; !left.empty();) {
            const std::size_t piece = 1 + random.below(left.size());
            hash.update(left.first(piece));
            left = left.subspan(piece);
        }
        EXPECT_EQ(hash.finish(), sha256(message)) << size;
    }
}

TEST(Sha256, finish_starts_a_new_message) {
    Sha256 hash;
    hash.update(as_bytes("something"));
    hash.finish();
    hash.update(as_bytes("abc"));
    EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
}

TEST(Sha256Kernels, merkle_kernel_equals_the_general_function) {
    SeededRandom random{2};
    for (std::size_t count = 0; count < 9; ++count) {
        const Bytes blocks = random_bytes(random, 64 * count);
        Bytes expected, digests(32 * count);
        for (std::size_t i = 0; i < count; ++i) {
            append(expected, sha256(ByteView{blocks}.subspan(64 * i, 64)));
        }
        sha256_64(blocks.data(), count, digests.data());
        EXPECT_EQ(digests, expected) << count;

        Bytes portable(32 * count);
        sha256_kernels::portable().hash_64(blocks.data(), count, portable.data());
        EXPECT_EQ(portable, expected) << count;
    }
}

TEST(Sha256Kernels, digests_may_overwrite_the_blocks) {
    SeededRandom random{3};
    const Bytes blocks = random_bytes(random, 64 * 7);
    Bytes expected(32 * 7);
    sha256_64(blocks.data(), 7, expected.data());

    for (const auto* kernel : {&sha256_kernels::portable(), sha256_kernels::sha_ni()}) {
        if (kernel == nullptr) continue;
        Bytes in_place = blocks;
        kernel->hash_64(in_place.data(), 7, in_place.data());
        in_place.resize(expected.size());
        EXPECT_EQ(in_place, expected) << kernel->name;
    }
}

TEST(Sha256Kernels, sha_instructions_equal_plain_code) {
    const auto* fast = sha256_kernels::sha_ni();
    if (fast == nullptr) GTEST_SKIP() << "this processor has no SHA instructions";
    const auto& plain = sha256_kernels::portable();
    SeededRandom random{4};
    for (int round = 0; round < 2000; ++round) {
        const std::size_t count = random.below(20);
        const Bytes blocks = random_bytes(random, 64 * count);
        sha256_kernels::State state;
        for (std::uint32_t& word : state) word = static_cast<std::uint32_t>(random.next_u64());
        auto state_fast = state;
        plain.compress(state, blocks.data(), count);
        fast->compress(state_fast, blocks.data(), count);
        ASSERT_EQ(state_fast, state);

        Bytes digests(32 * count), digests_fast(32 * count);
        plain.hash_64(blocks.data(), count, digests.data());
        fast->hash_64(blocks.data(), count, digests_fast.data());
        ASSERT_EQ(digests_fast, digests);
    }
}

}  // namespace
}  // namespace lepton::crypto
