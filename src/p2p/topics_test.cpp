// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/topics.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

TEST(Topics, names_are_exactly_those_of_the_network) {
    EXPECT_EQ(topic_name("12345678", {TopicKind::block, {}}),
              "/leanconsensus/12345678/block/ssz_snappy");
    EXPECT_EQ(topic_name("12345678", {TopicKind::aggregation, {}}),
              "/leanconsensus/12345678/aggregation/ssz_snappy");
    EXPECT_EQ(topic_name("12345678", {TopicKind::attestation, SubnetId{17}}),
              "/leanconsensus/12345678/attestation_17/ssz_snappy");
}

TEST(Topics, parsing_is_the_inverse_of_making) {
    for (const Topic& topic : {Topic{TopicKind::block, {}},
                               Topic{TopicKind::aggregation, {}},
                               Topic{TopicKind::attestation, SubnetId{0}},
                               Topic{TopicKind::attestation, SubnetId{UINT64_MAX}}}) {
        EXPECT_EQ(parse_topic("12345678", topic_name("12345678", topic)), topic);
    }
}

TEST(Topics, foreign_networks_and_malformed_names_are_no_topics) {
    const auto parse = [](std::string_view name) { return parse_topic("12345678", name); };
    EXPECT_FALSE(parse("/leanconsensus/12345679/block/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/123456789/block/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/0x12345678/block/ssz_snappy"));
    EXPECT_FALSE(parse("/eth2/12345678/block/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/block/ssz"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/blocks/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678//ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/attestation_/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/attestation_01/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/attestation_-1/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/attestation_1x/ssz_snappy"));
    EXPECT_FALSE(parse("/leanconsensus/12345678/attestation_18446744073709551616/ssz_snappy"));
    EXPECT_FALSE(parse(""));
}

TEST(Topics, payload_limits_follow_from_the_types) {
    EXPECT_EQ(payload_size_max(TopicKind::attestation, 2536), 2672u);
    EXPECT_EQ(payload_size_max(TopicKind::aggregation, 2536), 128u + 4 + 8 + 513 + 524288);
    EXPECT_EQ(payload_size_max(TopicKind::block, 2536), 10u * 1024 * 1024);
}

}  // namespace
}  // namespace lepton::p2p
