// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "ssz/ssz.hpp"

#include "crypto/sha256.hpp"

#include <gtest/gtest.h>

namespace lepton::ssz {
namespace {

struct Point {
    std::uint16_t x = 0;
    std::uint8_t y = 0;

    static constexpr auto kSszFields = std::tuple(&Point::x, &Point::y);
    bool operator==(const Point&) const = default;
};

/// Fixed, variable, fixed, variable.
struct Mixed {
    std::uint16_t id = 0;
    ByteList<8> name;
    Point point;
    List<ByteList<4>, 3> words;

    static constexpr auto kSszFields =
        std::tuple(&Mixed::id, &Mixed::name, &Mixed::point, &Mixed::words);
    bool operator==(const Mixed&) const = default;
};

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

template <class T>
DecodeError error_of(std::string_view bytes) {
    auto decoded = decode<T>(hex(bytes), DecodeContext{});
    EXPECT_FALSE(decoded.has_value()) << bytes;
    return decoded ? DecodeError{} : decoded.error();
}

template <class T>
void expect_round_trip(const T& value, std::string_view bytes) {
    EXPECT_EQ(to_hex(encode(value)), bytes);
    auto decoded = decode<T>(hex(bytes), DecodeContext{});
    ASSERT_TRUE(decoded.has_value()) << to_string(decoded.error());
    EXPECT_EQ(*decoded, value);
}

template <std::uint64_t Limit>
Bitlist<Limit> bits(std::string_view text) {
    Bitlist<Limit> value;
    for (const char c : text) value.push_back(c == '1');
    return value;
}

const Mixed kMixed{0x0102, ByteList<8>(Bytes{0xaa, 0xbb}), Point{3, 4}, {}};
Mixed mixed_with_words() {
    Mixed value = kMixed;
    value.words = {ByteList<4>(Bytes{1}), ByteList<4>(), ByteList<4>(Bytes{2, 3})};
    return value;
}
// id, offset 13, point, offset 15, name, then the words: three offsets and three bodies
constexpr std::string_view kMixedHex =
    "0201"
    "0d000000"
    "030004"
    "0f000000"
    "aabb"
    "0c0000000d0000000d000000"
    "010203";

TEST(SszEncoding, numbers_are_little_endian) {
    expect_round_trip(std::uint64_t{0x0102}, "0201000000000000");
    expect_round_trip(std::uint8_t{7}, "07");
    expect_round_trip(true, "01");
}

TEST(SszEncoding, bitlist_ends_with_its_delimiter) {
    expect_round_trip(bits<16>(""), "01");
    expect_round_trip(bits<16>("101"), "0d");
    expect_round_trip(bits<16>("11111111"), "ff01");
    expect_round_trip(bits<16>("0000000000000001"), "008001");
}

TEST(SszEncoding, container_with_offsets) {
    expect_round_trip(mixed_with_words(), kMixedHex);
}

TEST(SszEncoding, list_of_variable_elements_may_be_empty) {
    expect_round_trip(List<ByteList<4>, 3>{}, "");
    expect_round_trip(List<ByteList<4>, 3>{ByteList<4>()}, "04000000");
}

TEST(SszDecoding, fixed_sizes_are_exact) {
    EXPECT_EQ(error_of<std::uint32_t>("000000"), DecodeError::wrong_size);
    EXPECT_EQ(error_of<Point>("00000000"), DecodeError::wrong_size);
    EXPECT_EQ(error_of<Point>("0000"), DecodeError::wrong_size);
    EXPECT_EQ(error_of<Bytes32>("00"), DecodeError::wrong_size);
    EXPECT_EQ((error_of<List<Point, 4>>("00000000")), DecodeError::wrong_size);
    EXPECT_EQ(error_of<bool>("02"), DecodeError::bad_value);
}

TEST(SszDecoding, limits_are_enforced) {
    EXPECT_EQ((error_of<List<Point, 1>>("000000000000")), DecodeError::limit_exceeded);
    EXPECT_EQ(error_of<ByteList<2>>("000000"), DecodeError::limit_exceeded);
    EXPECT_EQ(error_of<Bitlist<3>>("10"), DecodeError::limit_exceeded);
    EXPECT_EQ((error_of<List<ByteList<4>, 1>>("0800000008000000")), DecodeError::limit_exceeded);
}

TEST(SszDecoding, bitlist_needs_a_delimiter_in_its_last_byte) {
    EXPECT_EQ(error_of<Bitlist<16>>(""), DecodeError::wrong_size);
    EXPECT_EQ(error_of<Bitlist<16>>("00"), DecodeError::bad_bits);
    EXPECT_EQ(error_of<Bitlist<16>>("0100"), DecodeError::bad_bits);
}

TEST(SszDecoding, bitvector_padding_is_zero) {
    EXPECT_EQ(error_of<Bitvector<4>>("10"), DecodeError::bad_bits);
    EXPECT_TRUE(decode<Bitvector<4>>(hex("0f"), DecodeContext{}).has_value());
}

TEST(SszDecoding, container_offsets_are_canonical) {
    const auto with_offsets = [](std::string_view name, std::string_view words) {
        return "0201" + std::string(name) + "030004" + std::string(words) + "aabb";
    };
    EXPECT_EQ(error_of<Mixed>(with_offsets("0c000000", "0f000000")), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Mixed>(with_offsets("0e000000", "0f000000")), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Mixed>(with_offsets("0d000000", "0c000000")), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Mixed>(with_offsets("0d000000", "10000000")), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Mixed>(with_offsets("0d000000", "ffffffff")), DecodeError::bad_offset);
    EXPECT_TRUE(
        decode<Mixed>(hex(with_offsets("0d000000", "0f000000")), DecodeContext{}).has_value());
    EXPECT_EQ(error_of<Mixed>("0201"), DecodeError::wrong_size);
}

TEST(SszDecoding, list_offsets_are_canonical) {
    using Words = List<ByteList<4>, 3>;
    EXPECT_EQ(error_of<Words>("040000"), DecodeError::wrong_size);
    EXPECT_EQ(error_of<Words>("00000000"), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Words>("05000000aa"), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Words>("08000000"), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Words>("0800000007000000"), DecodeError::bad_offset);
    EXPECT_EQ(error_of<Words>("0800000009000000"), DecodeError::bad_offset);
}

TEST(SszDecoding, a_prefix_is_refused_or_another_value) {
    const Bytes whole = hex(kMixedHex);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto decoded = decode<Mixed>(ByteView(whole).first(size), DecodeContext{});
        EXPECT_TRUE(!decoded || *decoded != mixed_with_words()) << size;
    }
}

// ---- roots, against trees written out by hand

Bytes32 hash(const Bytes32& left, const Bytes32& right) {
    Bytes both;
    append(both, left);
    append(both, right);
    return crypto::sha256(both);
}

Bytes32 chunk(std::initializer_list<std::uint8_t> bytes) {
    Bytes32 out{};
    std::ranges::copy(bytes, out.begin());
    return out;
}

TEST(SszRoot, number_and_short_byte_vector_are_padded_chunks) {
    EXPECT_EQ(root_of(std::uint16_t{0x0102}), chunk({2, 1}));
    EXPECT_EQ(root_of(std::array<std::uint8_t, 3>{1, 2, 3}), chunk({1, 2, 3}));
}

TEST(SszRoot, list_of_numbers_is_packed_and_mixes_in_its_length) {
    const List<std::uint16_t, 32> list{1, 2, 3};
    EXPECT_EQ(root_of(list), hash(hash(chunk({1, 0, 2, 0, 3}), chunk({})), chunk({3})));
}

TEST(SszRoot, bitlist_mixes_in_its_number_of_bits_without_the_delimiter) {
    EXPECT_EQ(root_of(bits<256>("101")), hash(chunk({5}), chunk({3})));
    EXPECT_EQ(root_of(bits<257>("")), hash(hash(chunk({}), chunk({})), chunk({})));
}

TEST(SszRoot, container_is_the_tree_of_its_fields) {
    EXPECT_EQ(root_of(Point{3, 4}), hash(chunk({3}), chunk({4})));
    const Bytes32 words = hash(hash(hash(hash(chunk({1}), chunk({1})), hash(chunk({}), chunk({}))),
                                    hash(hash(chunk({2, 3}), chunk({2})), chunk({}))),
                               chunk({3}));
    const Bytes32 name = hash(chunk({0xaa, 0xbb}), chunk({2}));
    EXPECT_EQ(root_of(mixed_with_words()),
              hash(hash(chunk({2, 1}), name), hash(root_of(Point{3, 4}), words)));
}

/// The definition: pad to the limit with zero chunks, hash pairs until one is left.
Bytes32 naive_merkleize(std::vector<Bytes32> chunks, std::size_t limit) {
    chunks.resize(std::bit_ceil(std::max<std::size_t>(limit, 1)));
    while (chunks.size() > 1) {
        for (std::size_t i = 0; i < chunks.size() / 2; ++i) {
            chunks[i] = hash(chunks[2 * i], chunks[2 * i + 1]);
        }
        chunks.resize(chunks.size() / 2);
    }
    return chunks.front();
}

TEST(SszRoot, merkleize_equals_padding_to_the_limit) {
    for (const std::size_t limit : {1U, 2U, 3U, 4U, 5U, 8U, 9U, 33U}) {
        std::vector<Bytes32> chunks;
        while (chunks.size() <= limit) {
            EXPECT_EQ(merkleize(chunks, limit), naive_merkleize(chunks, limit))
                << chunks.size() << " of " << limit;
            chunks.push_back(chunk({static_cast<std::uint8_t>(chunks.size() + 1)}));
        }
    }
    EXPECT_EQ(merkleize({}, 0), chunk({}));
}

}  // namespace
}  // namespace lepton::ssz
