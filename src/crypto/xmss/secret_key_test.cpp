// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/secret_key.hpp"

#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/little_endian.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

// Places in the file.
constexpr std::size_t kAtParameter = 32, kAtActivation = 52, kAtCount = 60, kAtTopOffset = 68,
                      kAtLeftIndex = 72, kAtLeftOffset = 80, kAtRightOffset = 84, kAtTop = 88;

// A test-scheme key for the bottom trees 3..7 whose window is moved to 4 and 5.
Bytes some_key_file() {
    SeededRandom random{1};
    SecretKey key = generate_key<TestParameters>(random, {48, 128}, run_in_order, {});
    key.window = {4,
                  key.window.right,
                  std::make_shared<const SubTree>(generate_bottom_tree<TestParameters>(
                      key.prf, key.parameter, 5, run_in_order, [](std::uint64_t) {}))};
    return encode<TestParameters>(key);
}

template <class Number>
void overwrite(Bytes& bytes, std::size_t at, Number number) {
    Bytes digits;
    append_little_endian(digits, number);
    std::ranges::copy(digits, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

std::uint32_t offset_at(const Bytes& bytes, std::size_t at) {
    return read_little_endian<std::uint32_t>(ByteView{bytes}.subspan(at));
}

SignatureError error_of(const Bytes& bytes) {
    const auto key = decode_secret_key<TestParameters>(bytes);
    EXPECT_FALSE(key.has_value());
    return key ? SignatureError::not_checked : key.error();
}

TEST(XmssSecretKey, survives_the_round_trip) {
    const Bytes file = some_key_file();
    const auto key = decode_secret_key<TestParameters>(file);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->activation, (SlotRange{48, 128}));
    EXPECT_EQ(key->window.left_index, 4u);
    EXPECT_EQ(encode<TestParameters>(*key), file);
}

TEST(XmssSecretKey, any_other_size_is_refused) {
    const Bytes file = some_key_file();
    Bytes longer = file;
    longer.push_back(0);
    EXPECT_EQ(error_of(longer), SignatureError::secret_key_size);
    for (std::size_t size = 0; size < file.size(); size += size < 100 ? 1 : 97) {
        EXPECT_EQ(error_of({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}),
                  SignatureError::secret_key_size)
            << size;
    }
}

TEST(XmssSecretKey, activation_must_be_whole_bottom_trees_within_the_lifetime) {
    const auto with_range = [](std::uint64_t begin, std::uint64_t count) {
        Bytes file = some_key_file();
        overwrite(file, kAtActivation, begin);
        overwrite(file, kAtCount, count);
        return error_of(file);
    };
    EXPECT_EQ(with_range(47, 80), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(48, 79), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(48, 16), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(48, 0), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(256, 32), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(48, 224), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(48, ~std::uint64_t{15}), SignatureError::secret_key_range);
    EXPECT_EQ(with_range(~std::uint64_t{15}, 80), SignatureError::secret_key_range);
    // A sane range, but the file is not made for it.
    EXPECT_EQ(with_range(0, 256), SignatureError::secret_key_size);
}

TEST(XmssSecretKey, window_must_be_inside_the_activation) {
    for (const std::uint64_t index :
         {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{7}, ~std::uint64_t{0}}) {
        Bytes file = some_key_file();
        overwrite(file, kAtLeftIndex, index);
        EXPECT_EQ(error_of(file), SignatureError::secret_key_window) << index;
    }
}

TEST(XmssSecretKey, every_offset_must_be_the_canonical_one) {
    const Bytes good = some_key_file();
    std::vector<std::size_t> places{kAtTopOffset, kAtLeftOffset, kAtRightOffset};
    for (const std::size_t tree : {kAtTop,
                                   std::size_t{offset_at(good, kAtLeftOffset)},
                                   std::size_t{offset_at(good, kAtRightOffset)}}) {
        places.push_back(tree + 16);
        const std::size_t layers = tree + 20;
        for (std::size_t i = 0; i < 5; ++i) {
            places.push_back(layers + 4 * i);
            places.push_back(layers + offset_at(good, layers + 4 * i) + 8);
        }
    }
    for (const std::size_t at : places) {
        for (const std::uint32_t change : {1u, 4u, 0x80000000u}) {
            Bytes file = good;
            overwrite(file, at, offset_at(good, at) ^ change);
            EXPECT_EQ(error_of(file), SignatureError::secret_key_offset) << at;
        }
    }
}

TEST(XmssSecretKey, heights_levels_and_layer_starts_must_fit_the_range) {
    const Bytes good = some_key_file();
    for (const std::size_t tree : {kAtTop,
                                   std::size_t{offset_at(good, kAtLeftOffset)},
                                   std::size_t{offset_at(good, kAtRightOffset)}}) {
        std::vector<std::size_t> places{tree, tree + 8};
        const std::size_t layers = tree + 20;
        for (std::size_t i = 0; i < 5; ++i) {
            places.push_back(layers + offset_at(good, layers + 4 * i));
        }
        for (const std::size_t at : places) {
            Bytes file = good;
            file[at] ^= 1;
            EXPECT_EQ(error_of(file), SignatureError::secret_key_tree_shape) << at;
        }
    }
}

TEST(XmssSecretKey, every_element_must_be_canonical) {
    const Bytes good = some_key_file();
    const std::size_t last = good.size() - 4;
    for (const std::size_t at : {kAtParameter, kAtParameter + 16, kAtTop + 20 + 20 + 12, last}) {
        Bytes file = good;
        overwrite(file, at, kPrime);
        EXPECT_EQ(error_of(file), SignatureError::secret_key_not_canonical) << at;
    }
}

TEST(XmssSecretKey, largest_file_is_that_of_a_whole_lifetime) {
    SeededRandom random{2};
    const SecretKey key = generate_key<TestParameters>(random, {0, 256}, run_in_order, {});
    EXPECT_EQ(encode<TestParameters>(key).size(), secret_key_size_max<TestParameters>());
}

TEST(XmssSecretKey, damaged_files_never_do_more_than_fail) {
    SeededRandom random{3};
    const Bytes good = some_key_file();
    for (int round = 0; round < 20'000; ++round) {
        Bytes file = good;
        for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
            file[random.below(round % 2 == 0 ? 160 : file.size())] =
                static_cast<std::uint8_t>(random.below(256));
        }
        if (round % 8 == 0) file.resize(random.below(file.size()));
        const auto key = decode_secret_key<TestParameters>(file);
        if (key) {
            EXPECT_EQ(encode<TestParameters>(*key), file);
        }
    }
}

}  // namespace
}  // namespace lepton::crypto::xmss
