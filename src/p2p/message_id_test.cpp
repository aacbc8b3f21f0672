// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/message_id.hpp"

#include "p2p/snappy_block.hpp"
#include "p2p/topics.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

const NetworkProfile kProfile = network_profile("leanspec-test").value();
const std::string kBlockTopic = topic_name(kProfile.fork_digest, {TopicKind::block, {}});
const std::string kVoteTopic = topic_name(kProfile.fork_digest, {TopicKind::attestation, {}});

TEST(MessageTransform, gives_the_payload_and_its_id) {
    const Bytes payload = to_bytes(as_bytes("a block, a block, a block, a block"));
    const auto transformed =
        message_transform(kProfile)(kBlockTopic, snappy_block_encode(payload)).value();
    EXPECT_EQ(transformed.data, payload);
    EXPECT_EQ(transformed.id, message_id(kDomainValidSnappy, kBlockTopic, payload));
}

// Thousands of encodings of one payload must count as one message.
TEST(MessageTransform, id_does_not_depend_on_the_compression) {
    const auto transform = message_transform(kProfile);
    const Bytes payload(200, 0x2a);
    const Bytes20 id = transform(kBlockTopic, snappy_block_encode(payload)).value().id;
    // The same payload as two literals, cut at every place.
    for (std::size_t cut = 1; cut < payload.size(); ++cut) {
        Bytes block{0xc8, 0x01};
        for (const std::size_t size : {cut, payload.size() - cut}) {
            block.push_back(0xf0);
            block.push_back(static_cast<std::uint8_t>(size - 1));
            block.insert(block.end(), size, 0x2a);
        }
        EXPECT_EQ(transform(kBlockTopic, block).value().id, id) << cut;
    }
}

TEST(MessageTransform, limits_each_payload_to_its_type) {
    const auto transform = message_transform(kProfile);
    const std::size_t vote_size = 8 + 128 + kProfile.signature_size;
    EXPECT_TRUE(transform(kVoteTopic, snappy_block_encode(Bytes(vote_size))));
    EXPECT_EQ(transform(kVoteTopic, snappy_block_encode(Bytes(vote_size + 1))).error(),
              "snappy_too_large");
    EXPECT_TRUE(transform(kBlockTopic, snappy_block_encode(Bytes(vote_size + 1))));
}

TEST(MessageTransform, refuses_what_it_does_not_understand) {
    const auto transform = message_transform(kProfile);
    EXPECT_EQ(transform("/leanconsensus/00000000/block/ssz_snappy", Bytes{0x00}).error(),
              "unknown_topic");
    EXPECT_EQ(transform(kBlockTopic, {}).error(), "snappy_bad_size");
    EXPECT_EQ(transform(kBlockTopic, Bytes{0x02, 0x00, 0x41}).error(), "snappy_corrupt");
}

}  // namespace
}  // namespace lepton::p2p
