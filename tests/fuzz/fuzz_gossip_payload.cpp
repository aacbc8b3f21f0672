// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"
#include "p2p/gossip_checks.hpp"
#include "p2p/message_id.hpp"
#include "p2p/snappy_block.hpp"

namespace lepton::fuzz {
namespace {

using namespace p2p;

constexpr TopicKind kKinds[] = {TopicKind::block, TopicKind::aggregation, TopicKind::attestation};

/// Input: which topic, then a payload as it travels.
void run(ByteView input) {
    static const NetworkProfile profile = network_profile("leanspec-test").value();
    static const auto transform = message_transform(profile);
    const Topic topic{kKinds[take_byte(input) % std::size(kKinds)], {}};
    const std::string name = topic_name(profile.fork_digest, topic);

    const Allocated allocated;
    const auto message = transform(name, input);
    LEPTON_ASSERT(allocated.bytes() <= 22 * input.size() + 1024);
    if (!message) return;
    LEPTON_ASSERT(message->data.size() <= payload_size_max(topic.kind, profile.signature_size));
    // One payload has one name, however it was compressed.
    const auto again = transform(name, snappy_block_encode(message->data));
    LEPTON_ASSERT(again && again->id == message->id && again->data == message->data);

    network_api::ChainView view;
    view.latest_finalized.slot = Slot{2};
    const auto checked = check_gossip(topic, message->data, view, Interval{50}, profile);
    LEPTON_ASSERT(!checked || checked->index() == (topic.kind == TopicKind::block         ? 0U
                                                   : topic.kind == TopicKind::attestation ? 1U
                                                                                          : 2U));
}

std::vector<Bytes> seeds() {
    const auto seed = [](std::uint8_t kind, ByteView payload) {
        return joined({Bytes{kind}, snappy_block_encode(payload)});
    };
    const SignedAttestation vote{ValidatorIndex{1}, some_vote(), Signature{Bytes(424, 9)}};
    const SignedAggregatedAttestation aggregate{some_vote(),
                                                {some_bits(5), ProofBytes(Bytes(9, 1))}};
    return {seed(0, ssz::encode(some_block())),
            seed(1, ssz::encode(aggregate)),
            seed(2, ssz::encode(vote)),
            seed(1, ssz::encode(SignedAggregatedAttestation{})),
            {2, 0xff, 0xff, 0xff, 0x7f}};
}

const Registration kTarget({"gossip_payload", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
