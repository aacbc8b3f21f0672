// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Numbers, base58 and addresses on random values against their definitions.
#include "base/random.hpp"
#include "base/test_seeds.hpp"
#include "libp2p/base58.hpp"
#include "libp2p/multiaddr.hpp"
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::libp2p {
namespace {

using test::for_each_seed;

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// ---- varint

/// Digits in base 128, the lowest first, all but the last marked.
Bytes naive_varint(std::uint64_t value) {
    Bytes digits{static_cast<std::uint8_t>(value % 128)};
    for (value /= 128; value > 0; value /= 128) {
        digits.back() = static_cast<std::uint8_t>(digits.back() + 128);
        digits.push_back(static_cast<std::uint8_t>(value % 128));
    }
    return digits;
}

TEST(VarintProperty, numbers_have_the_form_of_the_definition_and_come_back) {
    for_each_seed(500, [](Random& random) {
        const std::uint64_t value = random.next_u64() >> random.below(64);
        Bytes bytes{0xee};
        append_varint(bytes, value);
        const Bytes written(bytes.begin() + 1, bytes.end());
        ASSERT_EQ(written, naive_varint(value));
        ASSERT_EQ(varint_size(value), written.size());
        ASSERT_EQ(read_varint(written), (Varint{value, written.size()}));
        const ByteView cut = ByteView{written}.first(written.size() - 1);
        ASSERT_EQ(read_varint(cut), std::unexpected(VarintError::truncated));
    });
}

TEST(VarintProperty, any_bytes_are_read_digit_by_digit) {
    std::array<std::size_t, 3> seen{};
    for_each_seed(2000, [&](Random& random) {
        Bytes bytes(static_cast<std::size_t>(random.below(13)));
        for (std::uint8_t& byte : bytes) {
            const bool is_last = random.below(8) == 0;
            byte = static_cast<std::uint8_t>(random.below(128) + (is_last ? 0 : 128));
        }
        if (bytes.size() >= 10 && random.below(2) == 0) {
            bytes[9] = static_cast<std::uint8_t>(random.below(4));
        }
        // In 128 bits nothing is lost.
        __extension__ using Wide = unsigned __int128;
        Wide value = 0;
        std::size_t size = 0;
        bool is_complete = false;
        while (!is_complete && size < std::min<std::size_t>(bytes.size(), 10)) {
            value += static_cast<Wide>(bytes[size] % 128) << (7 * size);
            is_complete = bytes[size] < 128;
            ++size;
        }
        // Ten digits that are not complete are too many for any number of 64 bits.
        const bool is_too_large = value > UINT64_MAX || (!is_complete && size == 10);
        const auto read = read_varint(bytes);
        if (is_too_large) {
            ASSERT_EQ(read, std::unexpected(VarintError::overflow)) << to_hex(bytes);
        } else if (!is_complete) {
            ASSERT_EQ(read, std::unexpected(VarintError::truncated)) << to_hex(bytes);
        } else {
            ASSERT_EQ(read, (Varint{static_cast<std::uint64_t>(value), size})) << to_hex(bytes);
        }
        ++seen[is_too_large ? 0 : is_complete ? 1 : 2];
    });
    for (const std::size_t count : seen) EXPECT_GT(count, 100U);
}

// ---- base58

/// Divides the number (highest byte first) by 58 until nothing is left.
std::string naive_base58(Bytes number) {
    std::string text;
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto zeros =
        static_cast<std::size_t>(std::ranges::find_if_not(number, is_zero) - number.begin());
    while (!std::ranges::all_of(number, is_zero)) {
        unsigned remainder = 0;
        for (std::uint8_t& byte : number) {
            const unsigned part = remainder * 256 + byte;
            byte = static_cast<std::uint8_t>(part / 58);
            remainder = part % 58;
        }
        text.insert(text.begin(), kAlphabet[remainder]);
    }
    return std::string(zeros, '1') + text;
}

TEST(Base58Property, equals_the_definition_and_has_one_text_per_value) {
    for_each_seed(200, [](Random& random) {
        Bytes bytes(static_cast<std::size_t>(random.below(60)));
        random.fill(bytes);
        for (std::uint64_t i = random.below(4); i > 0 && i <= bytes.size(); --i) bytes[i - 1] = 0;
        const std::string text = base58_encode(bytes);
        ASSERT_EQ(text, naive_base58(bytes));
        ASSERT_EQ(base58_decode(text), bytes);

        std::string any(static_cast<std::size_t>(random.below(60)), '1');
        for (char& character : any) {
            if (random.below(8) != 0) character = kAlphabet[random.below(kAlphabet.size())];
        }
        const auto decoded = base58_decode(any);
        ASSERT_TRUE(decoded.has_value());
        ASSERT_EQ(naive_base58(*decoded), any);
    });
}

// ---- addresses

Multiaddr random_address(Random& random) {
    Multiaddr address;
    address.ip = Bytes(random.below(2) == 0 ? 4 : 16);
    random.fill(address.ip);
    // IPv6 has a short form for runs of zeros.
    for (std::uint8_t& byte : address.ip) {
        if (random.below(3) == 0) byte = 0;
    }
    address.udp_port = static_cast<std::uint16_t>(random.below(65536));
    if (random.below(2) == 0) {
        Bytes key(static_cast<std::size_t>(random.below(2) == 0 ? 36 : 100));
        random.fill(key);
        address.peer_id = PeerId::from_public_key(key);
    }
    return address;
}

TEST(MultiaddrProperty, both_forms_come_back) {
    for_each_seed(200, [](Random& random) {
        const Multiaddr address = random_address(random);
        const std::string text = address.to_string();
        ASSERT_EQ(Multiaddr::from_string(text), address) << text;
        ASSERT_EQ(Multiaddr::from_bytes(address.to_bytes()), address) << text;
        if (address.peer_id) {
            ASSERT_EQ(PeerId::from_base58(address.peer_id->to_base58()), *address.peer_id);
        }
    });
}

TEST(MultiaddrProperty, a_changed_text_is_refused_or_names_an_address_that_comes_back) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for_each_seed(100, [&](Random& random) {
        const std::string text = random_address(random).to_string();
        for (int i = 0; i < 20; ++i) {
            std::string changed = text;
            const auto at = static_cast<std::size_t>(random.below(changed.size()));
            constexpr std::string_view kCharacters = "/0123456789abcdef:.udpquicv1XYZ\0\xff";
            const char character = kCharacters[random.below(kCharacters.size())];
            switch (random.below(3)) {
                case 0:
                    changed[at] = character;
                    break;
                case 1:
                    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), character);
                    break;
                default:
                    changed.erase(at, 1 + random.below(4));
                    break;
            }
            const auto address = Multiaddr::from_string(changed);
            if (address) {
                const std::string shown = address->to_string();
                ASSERT_EQ(Multiaddr::from_string(shown), *address) << changed;
                ASSERT_EQ(Multiaddr::from_bytes(address->to_bytes()), *address) << changed;
                // IPv6 can be written in several ways, everything else in one.
                if (!address->is_ip6()) {
                    ASSERT_EQ(shown, changed);
                }
            }
            ++(address ? accepted : refused);
        }
    });
    EXPECT_GT(accepted, 1000U);
    EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace lepton::libp2p
