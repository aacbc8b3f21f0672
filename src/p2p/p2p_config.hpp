// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the P2P part of a node is told at its start. Values; any thread.
#pragma once

#include "libp2p/multiaddr.hpp"
#include "p2p/topics.hpp"
#include "types/network_profile.hpp"
#include "types/primitives.hpp"

#include <map>
#include <string>
#include <vector>

namespace lepton::p2p {

struct P2pConfig {
    NetworkProfile profile;
    /// Peers to stay connected to, each with its peer id (Bootnodes::addresses).
    std::vector<libp2p::Multiaddr> bootnodes;
    /// Number of attestation subnets, at least 1.
    std::uint64_t committee_count = 1;
    /// The validators that this node votes for.
    std::vector<ValidatorIndex> validators;
    /// Collects the votes of subnets that its own validators are not in.
    bool is_aggregator = false;
    /// Only for aggregators.
    std::vector<SubnetId> aggregate_subnets;
    /// Names for the label `client` of the peer gauges, by peer; others count as "unknown".
    std::map<libp2p::PeerId, std::string> peer_names;
};

/// Returns the attestation subnets a node listens to, ascending: those of its own validators, so
/// that it is in the mesh it publishes to, and for an aggregator the ones it was given; an
/// aggregator that would have none gets subnet 0. Fixed from start to stop.
std::vector<SubnetId> subscribed_subnets(const P2pConfig& config);

/// Returns the topics a node subscribes to: blocks, aggregates, and its subnets.
std::vector<Topic> subscribed_topics(const P2pConfig& config);

/// Returns every topic of the network: what a node may subscribe or publish to.
std::vector<Topic> all_topics(const P2pConfig& config);

}  // namespace lepton::p2p
