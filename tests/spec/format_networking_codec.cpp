// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every kind is checked both ways: what lepton encodes has the bytes of the vector, and these bytes
// decode to what was encoded.
#include "spec/format_networking_codec.hpp"

#include "libp2p/gossipsub/codec.hpp"
#include "libp2p/varint.hpp"
#include "p2p/enr.hpp"
#include "p2p/message_id.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/topics.hpp"

namespace lepton::spec {
namespace {

Verdict check_varint(const CodecCase& test) {
    allow_only(test.codec, {"kind", "value"});
    allow_only(test.output, {"encoded", "byteLength"});
    const std::uint64_t value = as_u64(at(test.codec, "value"));
    const Bytes encoded = as_bytes(at(test.output, "encoded"));
    Bytes again;
    libp2p::append_varint(again, value);
    if (auto equal = expect_equal("encoded", to_hex(again), to_hex(encoded)); !equal) return equal;
    const std::size_t size = libp2p::varint_size(value);
    if (auto equal = expect_equal("byteLength", size, as_u64(at(test.output, "byteLength")));
        !equal) {
        return equal;
    }
    const auto decoded = libp2p::read_varint(encoded);
    if (!decoded || *decoded != libp2p::Varint{value, size}) {
        return std::unexpected("encoded does not decode to value");
    }
    return {};
}

p2p::Topic topic_of(const json::object& codec) {
    using p2p::TopicKind;
    const std::string_view kind = as_string(at(codec, "topicKind"));
    const json::value* const subnet = find(codec, "subnetId");
    if (kind == to_string(TopicKind::attestation)) {
        return {TopicKind::attestation, read_as<SubnetId>(at(codec, "subnetId"))};
    }
    if (subnet != nullptr) throw BadVector("a subnet in a topic that has none");
    if (kind == to_string(TopicKind::block)) return {TopicKind::block, {}};
    if (kind == to_string(TopicKind::aggregation)) return {TopicKind::aggregation, {}};
    throw BadVector(fmt::format("unknown topicKind '{}'", kind));
}

Verdict check_gossip_topic(const CodecCase& test) {
    allow_only(test.codec, {"kind", "topicKind", "networkName", "subnetId", "expectedNetworkName"});
    allow_only(test.output, {"topicString", "forkValid"});
    const p2p::Topic topic = topic_of(test.codec);
    const std::string network(as_string(at(test.codec, "networkName")));
    const std::string name(as_string(at(test.output, "topicString")));
    if (auto equal = expect_equal("topicString", p2p::topic_name(network, topic), name); !equal) {
        return equal;
    }
    if (p2p::parse_topic(network, name) != topic) {
        return std::unexpected("topicString is not understood");
    }
    const json::value* const ours = find(test.codec, "expectedNetworkName");
    if (ours == nullptr && find(test.output, "forkValid") == nullptr) return {};
    if (ours == nullptr) throw BadVector("forkValid for no network");
    return expect_equal("forkValid",
                        p2p::parse_topic(as_string(*ours), name) == topic,
                        as_bool(at(test.output, "forkValid")));
}

Verdict check_message_id(const CodecCase& test) {
    allow_only(test.codec, {"kind", "topic", "data", "domain"});
    allow_only(test.output, {"messageId"});
    const Bytes topic = as_bytes(at(test.codec, "topic"));
    const Bytes20 id = p2p::message_id(read_as<p2p::MessageDomain>(at(test.codec, "domain")),
                                       as_text(topic),
                                       as_bytes(at(test.codec, "data")));
    return expect_equal(
        "messageId", to_hex(id), to_hex(read_as<Bytes20>(at(test.output, "messageId"))));
}

// ---- malformed bytes. Each returns whether its decoder takes all of them as one value.

bool takes_varint(ByteView bytes) {
    return libp2p::read_varint(bytes).has_value();
}

bool takes_enr(ByteView bytes) {
    return p2p::Enr::from_rlp(bytes).has_value();
}

bool takes_rpc(ByteView bytes) {
    return libp2p::gossipsub::decode_rpc(bytes).has_value();
}

bool takes_snappy_block(ByteView bytes) {
    return p2p::snappy_block_decode(bytes, kMaxPayloadSize).has_value();
}

/// A frame stream does not say how much it holds; on the wire a varint in front does. So it must
/// be refused for every size.
bool takes_snappy_frame(ByteView bytes) {
    constexpr std::size_t kGrowthMax = 22;  // of the densest element of a snappy block
    // What is wrong with a large size, is wrong with every smaller one.
    if (!p2p::SnappyFrameDecoder(kMaxPayloadSize).feed(bytes)) return false;
    for (std::size_t size = 1; size <= kGrowthMax * bytes.size(); ++size) {
        p2p::SnappyFrameDecoder decoder(size);
        const auto used = decoder.feed(bytes);
        if (used && *used == bytes.size() && decoder.is_done()) return true;
    }
    return false;
}

bool takes_request(ByteView bytes) {
    p2p::PayloadDecoder decoder(kMaxPayloadSize);
    const auto used = decoder.feed(bytes);
    return used && *used == bytes.size() && decoder.is_done();
}

bool takes_response(ByteView bytes) {
    p2p::ResponseDecoder decoder(p2p::RequestProtocol::blocks_by_root);
    std::vector<p2p::ResponseChunk> chunks;
    return decoder.feed(bytes, chunks) && decoder.finish() && chunks.size() == 1;
}

using Decoder = bool (*)(ByteView);

const std::map<std::string_view, Decoder>& decoders() {
    static const std::map<std::string_view, Decoder> table{
        {"enr", takes_enr},
        {"gossipsub_rpc", takes_rpc},
        {"reqresp_request", takes_request},
        {"reqresp_response", takes_response},
        {"snappy_block", takes_snappy_block},
        {"snappy_frame", takes_snappy_frame},
        {"varint", takes_varint},
    };
    return table;
}

Verdict check_decode_failure(const CodecCase& test) {
    allow_only(test.codec, {"kind", "decoder", "rawBytes"});
    allow_only(test.output, {"decoder"});
    const std::string_view name = as_string(at(test.codec, "decoder"));
    if (as_string(at(test.output, "decoder")) != name) throw BadVector("two decoders");
    const auto decoder = decoders().find(name);
    if (decoder == decoders().end()) throw BadVector(fmt::format("unknown decoder '{}'", name));
    if (!decoder->second(as_bytes(at(test.codec, "rawBytes")))) return {};
    return std::unexpected(fmt::format("{} took malformed bytes", name));
}

// ---- the kinds

using Check = Verdict (*)(const CodecCase&);

const std::map<std::string_view, Check>& checks() {
    static const std::map<std::string_view, Check> table{
        {"decode_failure", check_decode_failure},
        {"enr", check_enr},
        {"gossip_message_id", check_message_id},
        {"gossip_topic", check_gossip_topic},
        {"gossipsub_rpc", check_gossipsub_rpc},
        {"peer_id", check_peer_id},
        {"reqresp_request", check_request},
        {"reqresp_response", check_response},
        {"reqresp_response_stream", check_response_stream},
        {"snappy_block", check_snappy_block},
        {"snappy_frame", check_snappy_frame},
        {"varint", check_varint},
    };
    return table;
}

}  // namespace

Verdict run_networking_codec(const Vector& vector) {
    vector_members(vector, {"rejectionReason", "codec", "output"});
    const CodecCase test{
        as_object(at(vector.body, "codec")), as_object(at(vector.body, "output")), vector.note};
    const std::string_view kind = as_string(at(test.codec, "kind"));
    const auto check = checks().find(kind);
    if (check == checks().end()) throw BadVector(fmt::format("unknown kind '{}'", kind));
    // A decoder knows one reason only.
    const json::value* const reason = find(vector.body, "rejectionReason");
    const std::string_view expected = kind == "decode_failure" ? "DECODE_ERROR" : "";
    if ((reason == nullptr ? "" : as_string(*reason)) != expected) {
        throw BadVector(fmt::format("another rejectionReason than '{}'", expected));
    }
    return check->second(test);
}

}  // namespace lepton::spec
