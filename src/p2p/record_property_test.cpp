// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Node records and the two encodings below them, on random values: what is written comes back, is
// what the definition says, and whatever else is read has one form only.
#include "base/random.hpp"
#include "base/test_seeds.hpp"
#include "p2p/base64url.hpp"
#include "p2p/enr.hpp"
#include "p2p/rlp.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::p2p {
namespace {

using test::for_each_seed;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Bytes random_bytes(Random& random, std::uint64_t size_max) {
    Bytes bytes(static_cast<std::size_t>(random.below(size_max + 1)));
    random.fill(bytes);
    return bytes;
}

Bytes damaged(Bytes bytes, Random& random) {
    for (std::uint64_t i = random.below(3) + 1; i > 0 && !bytes.empty(); --i) {
        const auto at = static_cast<std::size_t>(random.below(
            random.below(2) == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 8)));
        switch (random.below(4)) {
            case 0:
                bytes.resize(at);
                break;
            case 1:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::uint8_t{0});
                break;
            case 2:
                bytes[at] = static_cast<std::uint8_t>(random.below(256));
                break;
            default:
                bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << random.below(8));
                break;
        }
    }
    return bytes;
}

// ---- base64url

/// Six bits of the bytes' bits to a character, the last ones filled with zeros. Source: RFC 4648
std::string naive_base64url(ByteView bytes) {
    std::string bits;
    for (const std::uint8_t byte : bytes) bits += fmt::format("{:08b}", byte);
    while (bits.size() % 6 != 0) bits += '0';
    std::string text;
    for (std::size_t i = 0; i < bits.size(); i += 6) {
        text += kAlphabet[std::stoul(bits.substr(i, 6), nullptr, 2)];
    }
    return text;
}

TEST(Base64urlProperty, equals_the_definition_and_has_one_text_per_value) {
    std::size_t accepted = 0;
    for_each_seed(300, [&](Random& random) {
        const Bytes bytes = random_bytes(random, 100);
        const std::string text = to_base64url(bytes);
        ASSERT_EQ(text, naive_base64url(bytes));
        ASSERT_EQ(from_base64url(text), bytes);
        // Any text of the alphabet, and now and then a foreign character.
        std::string other(static_cast<std::size_t>(random.below(12)), 'A');
        for (char& character : other) character = kAlphabet[random.below(kAlphabet.size())];
        if (!other.empty() && random.below(4) == 0) {
            other[random.below(other.size())] = static_cast<char>(random.below(256));
        }
        if (const auto decoded = from_base64url(other)) {
            ASSERT_EQ(naive_base64url(*decoded), other);
            ++accepted;
        }
    });
    EXPECT_GT(accepted, 300U);
}

// ---- RLP

/// Source: the definition of RLP in the Ethereum yellow paper, appendix B
Bytes naive_rlp(ByteView content, bool is_list) {
    const std::uint8_t offset = is_list ? 0xc0 : 0x80;
    Bytes out;
    if (is_list || content.size() != 1 || content[0] >= 0x80) {
        Bytes size;
        for (std::size_t rest = content.size(); rest > 0; rest /= 256) {
            size.insert(size.begin(), static_cast<std::uint8_t>(rest % 256));
        }
        if (content.size() <= 55) {
            out.push_back(static_cast<std::uint8_t>(offset + content.size()));
        } else {
            out.push_back(static_cast<std::uint8_t>(offset + 55 + size.size()));
            append(out, size);
        }
    }
    append(out, content);
    return out;
}

TEST(RlpProperty, items_have_the_form_of_the_definition_and_come_back) {
    for_each_seed(200, [](Random& random) {
        Bytes items;
        std::vector<Bytes> strings;
        std::vector<std::uint64_t> numbers;
        for (std::uint64_t i = random.below(6); i > 0; --i) {
            strings.push_back(random_bytes(random, random.below(2) == 0 ? 2 : 300));
            append_rlp_string(items, strings.back());
            numbers.push_back(random.next_u64() >> random.below(64));
            append_rlp_number(items, numbers.back());
        }
        Bytes expected;
        for (std::size_t i = 0; i < strings.size(); ++i) {
            append(expected, naive_rlp(strings[i], false));
            Bytes digits;
            for (std::uint64_t rest = numbers[i]; rest > 0; rest /= 256) {
                digits.insert(digits.begin(), static_cast<std::uint8_t>(rest % 256));
            }
            append(expected, naive_rlp(digits, false));
        }
        ASSERT_EQ(items, expected);
        const Bytes list = rlp_list(items);
        ASSERT_EQ(list, naive_rlp(items, true));

        RlpReader outer(list);
        const auto content = outer.list();
        ASSERT_TRUE(content.has_value() && outer.empty());
        RlpReader reader(*content);
        for (std::size_t i = 0; i < strings.size(); ++i) {
            const auto text = reader.string();
            ASSERT_TRUE(text.has_value());
            EXPECT_EQ(to_bytes(*text), strings[i]);
            EXPECT_EQ(reader.number(), numbers[i]);
        }
        EXPECT_TRUE(reader.empty());
    });
}

TEST(RlpProperty, whatever_is_read_is_written_the_same) {
    std::size_t accepted = 0;
    for_each_seed(4000, [&](Random& random) {
        // Bytes with a plausible header.
        Bytes bytes =
            naive_rlp(random_bytes(random, random.below(4) == 0 ? 300 : 70), random.below(2) == 0);
        append(bytes, random_bytes(random, 3));
        bytes = damaged(std::move(bytes), random);
        RlpReader reader(bytes);
        const bool is_list = random.below(2) == 0;
        if (const auto content = is_list ? reader.list() : reader.string()) {
            const std::size_t used = bytes.size() - reader.rest().size();
            ASSERT_EQ(naive_rlp(*content, is_list), to_bytes(ByteView{bytes}.first(used)));
            ++accepted;
        } else {
            ASSERT_EQ(reader.rest().size(), bytes.size());
        }
    });
    EXPECT_GT(accepted, 1000U);
}

// ---- node records

EnrContent random_content(Random& random) {
    EnrContent content;
    content.sequence = random.next_u64() >> random.below(64);
    content.ip = Bytes(random.below(2) == 0 ? 4 : 16);
    random.fill(content.ip);
    content.quic_port = static_cast<std::uint16_t>(1 + random.below(65535));
    if (random.below(2) == 0) {
        EnrFork fork;
        random.fill(fork.digest);
        random.fill(fork.next_version);
        fork.next_epoch = random.next_u64();
        content.fork = fork;
    }
    for (std::uint64_t subnet = 0; subnet < 64; ++subnet) {
        if (random.below(20) == 0) content.subnets.emplace_back(subnet);
    }
    content.is_aggregator = random.below(2) == 0;
    return content;
}

TEST(EnrProperty, what_a_record_says_comes_back_signed) {
    for_each_seed(10, [](Random& random) {
        const auto key = crypto::secp256k1::SecretKey::generate(random);
        const EnrContent content = random_content(random);
        const Enr made = Enr::make(content, key).value();
        const std::string text = made.to_text();
        ASSERT_EQ(text, "enr:" + naive_base64url(made.to_rlp()));
        const auto read = Enr::from_text(text);
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_TRUE(read->verify().has_value());
        EXPECT_EQ(read->to_text(), text);
        EXPECT_EQ(read->sequence(), content.sequence);
        EXPECT_EQ(read->public_key(), key.public_key());
        EXPECT_EQ(read->fork(), content.fork);
        EXPECT_EQ(read->subnets(), content.subnets);
        EXPECT_EQ(read->is_aggregator(), content.is_aggregator);
        const libp2p::Multiaddr address{content.ip, content.quic_port, made.peer_id()};
        EXPECT_EQ(read->address(), address);
    });
}

TEST(EnrProperty, a_changed_record_is_refused_or_has_its_own_form_and_no_signature) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for_each_seed(4, [&](Random& random) {
        const auto key = crypto::secp256k1::SecretKey::generate(random);
        const Bytes rlp = Enr::make(random_content(random), key).value().to_rlp();
        for (int i = 0; i < 100; ++i) {
            const Bytes changed = damaged(rlp, random);
            const auto read = Enr::from_rlp(changed);
            if (read) {
                ASSERT_EQ(read->to_rlp(), changed);
                ASSERT_EQ(read->verify().has_value(), changed == rlp) << to_hex(changed);
            }
            ++(read ? accepted : refused);
        }
    });
    EXPECT_GT(accepted, 200U);
    EXPECT_GT(refused, 200U);
}

}  // namespace
}  // namespace lepton::p2p
