// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_config.hpp"

#include "validator/duties.hpp"

namespace lepton::p2p {
namespace {

std::vector<Topic> with_subnets(const std::vector<SubnetId>& subnets) {
    std::vector<Topic> topics{{TopicKind::block, {}}, {TopicKind::aggregation, {}}};
    for (const SubnetId subnet : subnets) topics.push_back({TopicKind::attestation, subnet});
    return topics;
}

}  // namespace

std::vector<SubnetId> subscribed_subnets(const P2pConfig& config) {
    return validator::subnets_to_subscribe(
        config.validators, config.committee_count, config.is_aggregator, config.aggregate_subnets);
}

std::vector<Topic> subscribed_topics(const P2pConfig& config) {
    return with_subnets(subscribed_subnets(config));
}

std::vector<Topic> all_topics(const P2pConfig& config) {
    std::vector<SubnetId> subnets;
    for (std::uint64_t id = 0; id < config.committee_count; ++id) subnets.push_back(SubnetId{id});
    return with_subnets(subnets);
}

}  // namespace lepton::p2p
