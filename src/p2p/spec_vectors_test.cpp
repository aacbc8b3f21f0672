// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The vectors networking_codec of the specification, for the codecs of this folder. Compressed
// bytes must decode; they must be equal too where compressors have no choice (see each kind).
#include "libp2p/varint.hpp"
#include "p2p/enr.hpp"
#include "p2p/message_id.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/topics.hpp"

#include <boost/json/src.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace lepton::p2p {
namespace {

namespace json = boost::json;

const std::filesystem::path kFolder =
    LEPTON_SOURCE_DIR "/../shared/vectors/leanspec-43246bd-test-scheme/consensus/networking_codec";

struct Vector {
    std::string name;
    json::object codec;
    json::object output;
};

std::vector<Vector> vectors_of(std::string_view kind) {
    std::vector<Vector> vectors;
    for (const auto& file : std::filesystem::recursive_directory_iterator(kFolder)) {
        if (file.path().extension() != ".json") continue;
        std::stringstream text;
        text << std::ifstream(file.path()).rdbuf();
        const json::value parsed = json::parse(text.str());
        for (const auto& [name, vector] : parsed.as_object()) {
            Vector entry{name,
                         vector.as_object().at("codec").as_object(),
                         vector.as_object().at("output").as_object()};
            if (entry.codec.at("kind").as_string() == kind) vectors.push_back(std::move(entry));
        }
    }
    return vectors;
}

std::string text_of(const json::object& object, std::string_view key) {
    return std::string{object.at(key).as_string()};
}

Bytes bytes_of(const json::object& object, std::string_view key) {
    return from_hex(text_of(object, key)).value();
}

class NetworkingVectors : public testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no vectors at " << kFolder;
    }
};

TEST_F(NetworkingVectors, varint) {
    const auto vectors = vectors_of("varint");
    EXPECT_EQ(vectors.size(), 12u);
    for (const Vector& vector : vectors) {
        const auto value = vector.codec.at("value").to_number<std::uint64_t>();
        Bytes encoded;
        libp2p::append_varint(encoded, value);
        EXPECT_EQ(encoded, bytes_of(vector.output, "encoded")) << vector.name;
        EXPECT_EQ(libp2p::read_varint(encoded).value(), (libp2p::Varint{value, encoded.size()}));
    }
}

TEST_F(NetworkingVectors, snappy_block) {
    const auto vectors = vectors_of("snappy_block");
    EXPECT_EQ(vectors.size(), 7u);
    for (const Vector& vector : vectors) {
        const Bytes data = bytes_of(vector.codec, "data");
        const Bytes compressed = bytes_of(vector.output, "compressed");
        EXPECT_EQ(snappy_block_decode(compressed, data.size()).value(), data) << vector.name;
        const Bytes again = snappy_block_encode(data);
        EXPECT_EQ(snappy_block_decode(again, data.size()).value(), data) << vector.name;
        if (compressed.size() > data.size()) {
            EXPECT_EQ(again, compressed) << vector.name;
        }
    }
}

TEST_F(NetworkingVectors, snappy_frame) {
    const auto vectors = vectors_of("snappy_frame");
    EXPECT_EQ(vectors.size(), 6u);
    for (const Vector& vector : vectors) {
        const Bytes data = bytes_of(vector.codec, "data");
        const Bytes framed = bytes_of(vector.output, "framed");
        Bytes again;
        append_snappy_frame(again, data);
        for (const Bytes& frame : {framed, again}) {
            SnappyFrameDecoder decoder(data.size());
            EXPECT_EQ(decoder.feed(frame).value(), data.empty() ? 0 : frame.size()) << vector.name;
            EXPECT_EQ(decoder.take(), data) << vector.name;
        }
        if (framed.size() > data.size()) {
            EXPECT_EQ(again, framed) << vector.name;
        }
    }
}

TEST_F(NetworkingVectors, requests) {
    const auto vectors = vectors_of("reqresp_request");
    EXPECT_EQ(vectors.size(), 10u);
    for (const Vector& vector : vectors) {
        const Bytes ssz = bytes_of(vector.codec, "sszData");
        const Bytes encoded = bytes_of(vector.output, "encoded");
        const Bytes again = encode_request(ssz);
        for (const Bytes& wire : {encoded, again}) {
            PayloadDecoder decoder(kMaxPayloadSize);
            ASSERT_TRUE(decoder.feed(wire)) << vector.name;
            ASSERT_TRUE(decoder.is_done()) << vector.name;
            EXPECT_EQ(decoder.take(), ssz) << vector.name;
        }
        if (encoded.size() > ssz.size()) {
            EXPECT_EQ(again, encoded) << vector.name;
        }
    }
}

Bytes encode_chunk(const ResponseChunk& chunk) {
    return chunk.code == ResponseCode::success
               ? encode_response_chunk(chunk.payload)
               : encode_error_chunk(chunk.code, as_text(chunk.payload));
}

ResponseChunk chunk_of(const json::object& object) {
    return {response_code(object.at("responseCode").to_number<std::uint8_t>()),
            bytes_of(object, "sszData")};
}

void expect_response(const Vector& vector, const std::vector<ResponseChunk>& expected) {
    const Bytes encoded = bytes_of(vector.output, "encoded");
    Bytes again;
    std::size_t plain_size = 0;
    for (const ResponseChunk& chunk : expected) {
        append(again, encode_chunk(chunk));
        plain_size += chunk.payload.size();
    }
    for (const Bytes& wire : {encoded, again}) {
        ResponseDecoder decoder(RequestProtocol::blocks_by_root);
        std::vector<ResponseChunk> chunks;
        EXPECT_TRUE(decoder.feed(wire, chunks)) << vector.name;
        EXPECT_EQ(chunks, expected) << vector.name;
    }
    if (encoded.size() > plain_size) {
        EXPECT_EQ(again, encoded) << vector.name;
    }
}

TEST_F(NetworkingVectors, responses) {
    const auto single = vectors_of("reqresp_response");
    EXPECT_EQ(single.size(), 10u);
    for (const Vector& vector : single) expect_response(vector, {chunk_of(vector.codec)});

    const auto streams = vectors_of("reqresp_response_stream");
    EXPECT_EQ(streams.size(), 2u);
    for (const Vector& vector : streams) {
        std::vector<ResponseChunk> expected;
        for (const auto& chunk : vector.codec.at("chunks").as_array()) {
            expected.push_back(chunk_of(chunk.as_object()));
        }
        expect_response(vector, expected);
    }
}

TEST_F(NetworkingVectors, gossip_topics) {
    const auto vectors = vectors_of("gossip_topic");
    EXPECT_EQ(vectors.size(), 10u);
    for (const Vector& vector : vectors) {
        const std::string kind = text_of(vector.codec, "topicKind");
        Topic topic{kind == "block"         ? TopicKind::block
                    : kind == "aggregation" ? TopicKind::aggregation
                                            : TopicKind::attestation,
                    {}};
        if (const auto* subnet = vector.codec.if_contains("subnetId")) {
            topic.subnet = SubnetId{subnet->to_number<std::uint64_t>()};
        }
        const std::string network = text_of(vector.codec, "networkName");
        const std::string name = text_of(vector.output, "topicString");
        EXPECT_EQ(topic_name(network, topic), name);
        EXPECT_EQ(parse_topic(network, name), topic);
        if (const auto* is_valid = vector.output.if_contains("forkValid")) {
            const std::string ours = text_of(vector.codec, "expectedNetworkName");
            EXPECT_EQ(parse_topic(ours, name).has_value(), is_valid->as_bool()) << vector.name;
        }
    }
}

TEST_F(NetworkingVectors, message_ids) {
    const auto vectors = vectors_of("gossip_message_id");
    EXPECT_EQ(vectors.size(), 6u);
    for (const Vector& vector : vectors) {
        const Bytes topic = bytes_of(vector.codec, "topic");
        MessageDomain domain{};
        std::ranges::copy(bytes_of(vector.codec, "domain"), domain.begin());
        EXPECT_EQ(to_hex(message_id(domain, as_text(topic), bytes_of(vector.codec, "data"))),
                  to_hex(bytes_of(vector.output, "messageId")))
            << vector.name;
    }
}

TEST_F(NetworkingVectors, node_records) {
    const auto vectors = vectors_of("enr");
    EXPECT_EQ(vectors.size(), 7u);
    for (const Vector& vector : vectors) {
        SCOPED_TRACE(vector.name);
        const std::string text = text_of(vector.codec, "enrString");
        const Enr enr = Enr::from_text(text).value();
        const json::object& expected = vector.output;
        EXPECT_EQ(enr.to_text(), text);
        EXPECT_EQ(enr.to_rlp(), bytes_of(expected, "rlp"));
        EXPECT_EQ(enr.sequence(), expected.at("seq").to_number<std::uint64_t>());
        EXPECT_EQ(to_bytes(enr.node_id()), bytes_of(expected, "nodeId"));
        EXPECT_EQ(to_bytes(enr.public_key().compressed()), bytes_of(expected, "publicKey"));
        EXPECT_EQ(enr.is_aggregator(), expected.at("isAggregator").as_bool());
        EXPECT_EQ(enr.verify().has_value(), expected.at("signatureValid").as_bool());
        if (const auto* subnets = expected.if_contains("attestationSubnets")) {
            std::vector<SubnetId> ids;
            for (const auto& id : subnets->as_array()) {
                ids.push_back(SubnetId{id.to_number<std::uint64_t>()});
            }
            EXPECT_EQ(enr.subnets(), ids);
        }
        if (const auto* address = expected.if_contains("multiaddr")) {
            libp2p::Multiaddr found = enr.address().value();
            found.peer_id.reset();
            EXPECT_EQ(found.to_string(), std::string{address->as_string()});
        } else {
            EXPECT_EQ(enr.address().error(), EnrError::no_address);
        }
        if (const auto* fork = expected.if_contains("eth2Data")) {
            const json::object& fields = fork->as_object();
            EXPECT_EQ(to_bytes(enr.fork()->digest), bytes_of(fields, "forkDigest"));
            EXPECT_EQ(to_bytes(enr.fork()->next_version), bytes_of(fields, "nextForkVersion"));
            EXPECT_EQ(enr.fork()->next_epoch,
                      fields.at("nextForkEpoch").to_number<std::uint64_t>());
        } else {
            EXPECT_EQ(enr.fork(), std::nullopt);
        }
    }
}

// Returns whether `decoder` takes all of `bytes` as one whole value.
bool decodes(std::string_view decoder, const Bytes& bytes) {
    if (decoder == "varint") return libp2p::read_varint(bytes).has_value();
    if (decoder == "enr") return Enr::from_rlp(bytes).has_value();
    if (decoder == "snappy_frame") {
        SnappyFrameDecoder frames(1);
        return frames.feed(bytes).has_value() && frames.is_done();
    }
    if (decoder == "reqresp_request") {
        PayloadDecoder payload(kMaxPayloadSize);
        return payload.feed(bytes).has_value() && payload.is_done();
    }
    ADD_FAILURE() << "unknown decoder " << decoder;
    return true;
}

TEST_F(NetworkingVectors, malformed_bytes_do_not_decode) {
    const auto vectors = vectors_of("decode_failure");
    EXPECT_EQ(vectors.size(), 13u);
    std::size_t own = 0;
    for (const Vector& vector : vectors) {
        const std::string decoder = text_of(vector.codec, "decoder");
        if (decoder == "gossipsub_rpc") continue;  // the router's
        ++own;
        EXPECT_FALSE(decodes(decoder, bytes_of(vector.codec, "rawBytes"))) << vector.name;
    }
    EXPECT_EQ(own, 12u);
}

}  // namespace
}  // namespace lepton::p2p
