// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/enr.hpp"

#include "p2p/base64url.hpp"
#include "p2p/rlp.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::p2p {
namespace {

// The example of EIP-778, and the key that signed it.
constexpr std::string_view kExample =
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5"
    "wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
constexpr std::string_view kExampleKey =
    "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";

crypto::secp256k1::SecretKey example_key() {
    return crypto::secp256k1::SecretKey::parse(from_hex(kExampleKey).value()).value();
}

EnrContent example_content() {
    EnrContent content;
    content.sequence = 7;
    content.ip = {10, 0, 0, 1};
    content.quic_port = 9001;
    content.fork = EnrFork{{0x12, 0x34, 0x56, 0x78}, {}, UINT64_MAX};
    content.subnets = {SubnetId{0}, SubnetId{63}, SubnetId{64}};
    content.is_aggregator = true;
    return content;
}

TEST(Enr, example_of_the_specification) {
    const Enr enr = Enr::from_text(kExample).value();
    EXPECT_TRUE(enr.verify());
    EXPECT_EQ(enr.sequence(), 1u);
    EXPECT_EQ(to_hex(enr.node_id()),
              "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7");
    EXPECT_EQ(enr.public_key(), example_key().public_key());
    EXPECT_EQ(enr.port("udp"), 30303);
    EXPECT_EQ(enr.port("quic"), std::nullopt);
    EXPECT_EQ(enr.fork(), std::nullopt);
    EXPECT_TRUE(enr.subnets().empty());
    EXPECT_FALSE(enr.is_aggregator());
    EXPECT_EQ(enr.to_text(), kExample);
    EXPECT_EQ(enr.address().value(), (libp2p::Multiaddr{{127, 0, 0, 1}, 30303, enr.peer_id()}));
}

TEST(Enr, own_record_says_everything_and_verifies) {
    const Enr made = Enr::make(example_content(), example_key()).value();
    const Enr enr = Enr::from_text(made.to_text()).value();
    EXPECT_TRUE(enr.verify());
    EXPECT_EQ(enr.sequence(), 7u);
    EXPECT_EQ(enr.fork(), example_content().fork);
    EXPECT_EQ(enr.subnets(), (std::vector{SubnetId{0}, SubnetId{63}}));
    EXPECT_TRUE(enr.is_aggregator());
    EXPECT_EQ(enr.address().value().to_string(),
              "/ip4/10.0.0.1/udp/9001/quic-v1/p2p/" + enr.peer_id().to_base58());
    EXPECT_LE(made.to_rlp().size(), kEnrSizeMax);
}

TEST(Enr, address_of_ip6_and_small_ports) {
    EnrContent content = example_content();
    content.ip = Bytes(16);
    content.ip.back() = 1;
    content.quic_port = 80;
    const Enr enr = Enr::make(content, example_key()).value();
    EXPECT_EQ(to_bytes(enr.field("quic6").value()), Bytes{80});
    EXPECT_EQ(enr.address().value().to_string(),
              "/ip6/::1/udp/80/quic-v1/p2p/" + enr.peer_id().to_base58());
}

TEST(Enr, altered_record_does_not_verify) {
    Bytes rlp = Enr::make(example_content(), example_key()).value().to_rlp();
    const Bytes port{0x84, 'q', 'u', 'i', 'c', 0x82, 0x23, 0x29};
    const auto at = std::ranges::search(rlp, port).begin();
    ASSERT_NE(at, rlp.end());
    at[7] ^= 1;
    EXPECT_EQ(Enr::from_rlp(rlp).value().verify().error(), EnrError::bad_signature);
}

TEST(Enr, malformed_texts) {
    EXPECT_EQ(Enr::from_text("").error(), EnrError::bad_text);
    EXPECT_EQ(Enr::from_text(kExample.substr(4)).error(), EnrError::bad_text);
    EXPECT_EQ(Enr::from_text("enr:-IS4=").error(), EnrError::bad_text);
    EXPECT_EQ(Enr::from_text("enr:").error(), EnrError::bad_rlp);
    EXPECT_EQ(Enr::from_text("enr:" + std::string(401, 'A')).error(), EnrError::too_large);
    for (std::size_t size = 4; size < kExample.size(); ++size) {
        EXPECT_FALSE(Enr::from_text(kExample.substr(0, size))) << size;
    }
    EXPECT_EQ(Enr::from_text(std::string{kExample} + "AAAA").error(), EnrError::bad_rlp);
}

// Builds a record of these pairs with an empty signature of `signature_size` bytes.
Bytes record(std::initializer_list<std::pair<std::string_view, Bytes>> pairs,
             std::size_t signature_size = 64) {
    Bytes items;
    append_rlp_string(items, Bytes(signature_size, 1));
    append_rlp_number(items, 1);
    for (const auto& [key, value] : pairs) {
        append_rlp_string(items, as_bytes(key));
        append_rlp_string(items, value);
    }
    return rlp_list(items);
}

TEST(Enr, malformed_records) {
    const Bytes v4 = to_bytes(as_bytes("v4"));
    const Bytes key = to_bytes(example_key().public_key().compressed());
    EXPECT_TRUE(Enr::from_rlp(record({{"id", v4}, {"secp256k1", key}})));
    EXPECT_EQ(Enr::from_rlp(record({{"secp256k1", key}, {"id", v4}})).error(),
              EnrError::unordered_keys);
    EXPECT_EQ(Enr::from_rlp(record({{"id", v4}, {"id", v4}, {"secp256k1", key}})).error(),
              EnrError::unordered_keys);
    EXPECT_EQ(Enr::from_rlp(record({{"id", v4}})).error(), EnrError::bad_identity);
    EXPECT_EQ(Enr::from_rlp(record({{"secp256k1", key}})).error(), EnrError::bad_identity);
    EXPECT_EQ(Enr::from_rlp(record({{"id", to_bytes(as_bytes("v5"))}, {"secp256k1", key}})).error(),
              EnrError::bad_identity);
    EXPECT_EQ(Enr::from_rlp(record({{"id", v4}, {"secp256k1", Bytes(33, 5)}})).error(),
              EnrError::bad_identity);
    EXPECT_EQ(Enr::from_rlp(record({{"id", v4}, {"secp256k1", key}}, 63)).error(),
              EnrError::bad_signature_size);
    EXPECT_EQ(Enr::from_rlp(record({{"id", v4}, {"secp256k1", key}, {"zz", Bytes(200)}})).error(),
              EnrError::too_large);
    const Enr no_port =
        Enr::from_rlp(record({{"id", v4}, {"ip", Bytes(4, 9)}, {"secp256k1", key}})).value();
    EXPECT_EQ(no_port.address().error(), EnrError::no_address);
}

TEST(Enr, fields_of_the_wrong_size_count_as_absent) {
    const Bytes v4 = to_bytes(as_bytes("v4"));
    const Bytes key = to_bytes(example_key().public_key().compressed());
    const Enr enr = Enr::from_rlp(record({{"attnets", Bytes(7, 0xff)},
                                          {"eth2", Bytes(15)},
                                          {"id", v4},
                                          {"ip", Bytes(5)},
                                          {"is_aggregator", Bytes{2}},
                                          {"quic", Bytes{1, 2, 3}},
                                          {"secp256k1", key}}))
                        .value();
    EXPECT_TRUE(enr.subnets().empty());
    EXPECT_EQ(enr.fork(), std::nullopt);
    EXPECT_FALSE(enr.is_aggregator());
    EXPECT_EQ(enr.port("quic"), std::nullopt);
    EXPECT_EQ(enr.address().error(), EnrError::no_address);
}

}  // namespace
}  // namespace lepton::p2p
