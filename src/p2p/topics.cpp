// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/topics.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lepton::p2p {
namespace {

constexpr std::string_view kPrefix = "/leanconsensus/";
constexpr std::string_view kSuffix = "/ssz_snappy";
constexpr std::string_view kAttestationPrefix = "attestation_";

// Fixed part of an AttestationData, of a bitlist of all validators, and room for offsets.
constexpr std::size_t kAttestationDataSize = 128;
constexpr std::size_t kBitlistSizeMax = kValidatorRegistryLimit / 8 + 1;

std::optional<SubnetId> parse_subnet(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
    if (error != std::errc{} || end != digits.end()) return std::nullopt;
    if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
    return SubnetId{value};
}

}  // namespace

std::string_view to_string(TopicKind kind) {
    switch (kind) {
        case TopicKind::block:
            return "block";
        case TopicKind::aggregation:
            return "aggregation";
        case TopicKind::attestation:
            return "attestation";
    }
    assertion_failed("known TopicKind", __FILE__, __LINE__, {});
}

std::string topic_name(std::string_view fork_digest, const Topic& topic) {
    if (topic.kind == TopicKind::attestation) {
        return fmt::format(
            "{}{}/{}{}{}", kPrefix, fork_digest, kAttestationPrefix, topic.subnet, kSuffix);
    }
    LEPTON_ASSERT(topic.subnet == SubnetId{});
    return fmt::format("{}{}/{}{}", kPrefix, fork_digest, to_string(topic.kind), kSuffix);
}

std::optional<Topic> parse_topic(std::string_view fork_digest, std::string_view name) {
    if (!name.starts_with(kPrefix)) return std::nullopt;
    name.remove_prefix(kPrefix.size());
    if (!name.starts_with(fork_digest)) return std::nullopt;
    name.remove_prefix(fork_digest.size());
    if (!name.starts_with('/') || !name.ends_with(kSuffix)) return std::nullopt;
    name.remove_prefix(1);
    if (name.size() < kSuffix.size()) return std::nullopt;
    name.remove_suffix(kSuffix.size());

    if (name == to_string(TopicKind::block)) return Topic{TopicKind::block, {}};
    if (name == to_string(TopicKind::aggregation)) return Topic{TopicKind::aggregation, {}};
    if (!name.starts_with(kAttestationPrefix)) return std::nullopt;
    const auto subnet = parse_subnet(name.substr(kAttestationPrefix.size()));
    if (!subnet) return std::nullopt;
    return Topic{TopicKind::attestation, *subnet};
}

std::size_t payload_size_max(TopicKind kind, std::size_t signature_size) {
    switch (kind) {
        case TopicKind::block:
            return kMaxPayloadSize;
        case TopicKind::aggregation:
            // Data, offset of the proof container, its two offsets, participants, proof.
            return kAttestationDataSize + 4 + 8 + kBitlistSizeMax + kProofSizeMax;
        case TopicKind::attestation:
            return 8 + kAttestationDataSize + signature_size;
    }
    assertion_failed("known TopicKind", __FILE__, __LINE__, {});
}

}  // namespace lepton::p2p
