// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_config.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

using Subnets = std::vector<SubnetId>;

P2pConfig config(std::vector<std::uint64_t> validators, std::uint64_t committee_count) {
    P2pConfig config;
    config.committee_count = committee_count;
    for (const std::uint64_t index : validators) {
        config.validators.push_back(ValidatorIndex{index});
    }
    return config;
}

TEST(Subscriptions, validators_join_the_mesh_of_their_own_subnet) {
    EXPECT_EQ(subscribed_subnets(config({0, 5, 9}, 4)), (Subnets{SubnetId{0}, SubnetId{1}}));
    EXPECT_EQ(subscribed_subnets(config({7}, 1)), Subnets{SubnetId{0}});
    EXPECT_EQ(subscribed_subnets(config({}, 4)), Subnets{});
}

TEST(Subscriptions, aggregators_add_the_subnets_they_were_given) {
    P2pConfig aggregator = config({5}, 4);
    aggregator.aggregate_subnets = {SubnetId{3}, SubnetId{1}, SubnetId{4}};
    EXPECT_EQ(subscribed_subnets(aggregator), Subnets{SubnetId{1}});
    aggregator.is_aggregator = true;
    // Subnet 4 does not exist with four subnets.
    EXPECT_EQ(subscribed_subnets(aggregator), (Subnets{SubnetId{1}, SubnetId{3}}));
}

TEST(Subscriptions, aggregator_without_any_subnet_gets_the_first) {
    P2pConfig aggregator = config({}, 4);
    aggregator.is_aggregator = true;
    EXPECT_EQ(subscribed_subnets(aggregator), Subnets{SubnetId{0}});
}

TEST(Subscriptions, everybody_hears_blocks_and_aggregates) {
    const std::vector<Topic> always{{TopicKind::block, {}}, {TopicKind::aggregation, {}}};
    EXPECT_EQ(subscribed_topics(config({}, 4)), always);
    std::vector<Topic> with_subnet = always;
    with_subnet.push_back({TopicKind::attestation, SubnetId{2}});
    EXPECT_EQ(subscribed_topics(config({2}, 4)), with_subnet);
    EXPECT_EQ(all_topics(config({2}, 4)).size(), 2u + 4);
}

}  // namespace
}  // namespace lepton::p2p
