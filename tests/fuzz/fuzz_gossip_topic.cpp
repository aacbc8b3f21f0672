// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "p2p/topics.hpp"

namespace lepton::fuzz {
namespace {

using namespace p2p;

constexpr std::string_view kDigest = "12345678";

void run(ByteView input) {
    if (const auto topic = parse_topic(kDigest, as_text(input))) {
        LEPTON_ASSERT(topic_name(kDigest, *topic) == as_text(input));
    }
}

std::vector<Bytes> seeds() {
    std::vector<Bytes> seeds;
    for (const Topic& topic : {Topic{TopicKind::block, {}},
                               Topic{TopicKind::aggregation, {}},
                               Topic{TopicKind::attestation, SubnetId{0}},
                               Topic{TopicKind::attestation, SubnetId{UINT64_MAX}}}) {
        seeds.push_back(bytes_of(topic_name(kDigest, topic)));
    }
    seeds.push_back(bytes_of("/leanconsensus/12345678/attestation_01/ssz_snappy"));
    seeds.push_back(bytes_of("/leanconsensus/12345678/ssz_snappy"));
    return seeds;
}

const Registration kTarget({"gossip_topic", 96, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
