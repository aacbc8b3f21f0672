// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Names of the gossip topics and what they carry. Spec: networking/gossipsub/topic.py. Any thread.
#pragma once

#include "types/constants.hpp"
#include "types/primitives.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lepton::p2p {

enum class TopicKind : std::uint8_t {
    /// SignedBlock
    block,
    /// SignedAggregatedAttestation
    aggregation,
    /// SignedAttestation, one topic for each subnet
    attestation,
};
std::string_view to_string(TopicKind kind);

struct Topic {
    TopicKind kind = TopicKind::block;
    /// Only for attestations; zero otherwise.
    SubnetId subnet;

    auto operator<=>(const Topic&) const = default;
};

/// Returns "/leanconsensus/<fork_digest>/<block|aggregation|attestation_N>/ssz_snappy".
/// Input:  fork_digest: NetworkProfile::fork_digest, written into the name as it is
std::string topic_name(std::string_view fork_digest, const Topic& topic);

/// Returns the topic called `name` in the network `fork_digest`; nothing when it is another
/// network's, or no name that topic_name gives.
std::optional<Topic> parse_topic(std::string_view fork_digest, std::string_view name);

/// Returns the most uncompressed bytes that a message of `kind` can have: the largest value of its
/// type, so that nobody is made to hash or hold more.
/// Input:  signature_size: NetworkProfile::signature_size
std::size_t payload_size_max(TopicKind kind, std::size_t signature_size);

}  // namespace lepton::p2p
