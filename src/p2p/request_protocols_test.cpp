// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/request_protocols.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

TEST(SwarmProtocols, request_reader_gives_one_message_and_ignores_what_follows) {
    const auto protocol = swarm_protocol(RequestProtocol::blocks_by_range);
    EXPECT_EQ(protocol.id, protocol_id(RequestProtocol::blocks_by_range));
    const Bytes ssz(16, 3);
    Bytes wire = encode_request(ssz);
    EXPECT_LE(wire.size(), protocol.request_size_max);
    append(wire, Bytes{1, 2, 3});
    const auto reader = protocol.make_request_decoder();
    EXPECT_TRUE(reader->is_between_messages());
    std::vector<Bytes> out;
    for (const std::uint8_t byte : wire) {
        EXPECT_TRUE(reader->feed({&byte, 1}, out));
        EXPECT_EQ(reader->is_between_messages(), !out.empty());
    }
    EXPECT_EQ(out, std::vector<Bytes>(1, ssz));
}

TEST(SwarmProtocols, request_reader_tells_too_large_from_malformed) {
    const auto protocol = swarm_protocol(RequestProtocol::status);
    std::vector<Bytes> out;
    EXPECT_EQ(protocol.make_request_decoder()->feed(Bytes{81}, out).error(),
              libp2p::DecodeError::too_large);
    EXPECT_EQ(protocol.make_request_decoder()->feed(Bytes(20, 0x01), out).error(),
              libp2p::DecodeError::malformed);
}

TEST(SwarmProtocols, response_reader_keeps_the_code_of_each_chunk) {
    const auto reader = swarm_protocol(RequestProtocol::blocks_by_root).make_response_decoder();
    std::vector<Bytes> out;
    EXPECT_TRUE(reader->is_between_messages());
    Bytes wire = encode_response_chunk(as_bytes("block"));
    append(wire, encode_error_chunk(ResponseCode::resource_unavailable, "later"));
    ASSERT_TRUE(reader->feed(ByteView{wire}.first(10), out));
    EXPECT_FALSE(reader->is_between_messages());
    ASSERT_TRUE(reader->feed(ByteView{wire}.subspan(10), out));
    EXPECT_TRUE(reader->is_between_messages());
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(response_chunk(out[0]),
              (ResponseChunk{ResponseCode::success, to_bytes(as_bytes("block"))}));
    EXPECT_EQ(response_chunk(out[1]),
              (ResponseChunk{ResponseCode::resource_unavailable, to_bytes(as_bytes("later"))}));
}

TEST(SwarmProtocols, largest_incompressible_request_fits) {
    for (const RequestProtocol protocol : kRequestProtocols) {
        Bytes ssz(request_size_max(protocol));
        for (std::size_t i = 0; i < ssz.size(); ++i) {
            ssz[i] = static_cast<std::uint8_t>(i * i * 2654435761u >> 13);
        }
        EXPECT_LE(encode_request(ssz).size(), swarm_protocol(protocol).request_size_max);
    }
}

}  // namespace
}  // namespace lepton::p2p
