// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/request_codec.hpp"

#include "base/random.hpp"
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

using Chunks = std::vector<ResponseChunk>;

// Feeds `stream` in pieces of `piece` bytes and ends it.
Result<Chunks, RequestCodecError> decode_response(
    ByteView stream,
    std::size_t piece,
    RequestProtocol protocol = RequestProtocol::blocks_by_root) {
    ResponseDecoder decoder(protocol);
    Chunks chunks;
    while (!stream.empty()) {
        const ByteView part = stream.first(std::min(piece, stream.size()));
        if (auto fed = decoder.feed(part, chunks); !fed) return std::unexpected(fed.error());
        stream = stream.subspan(part.size());
    }
    if (auto finished = decoder.finish(); !finished) return std::unexpected(finished.error());
    return chunks;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes out;
    for (const Bytes& part : parts) append(out, part);
    return out;
}

Bytes with_size(std::uint64_t size, ByteView rest) {
    Bytes out;
    libp2p::append_varint(out, size);
    append(out, rest);
    return out;
}

TEST(RequestProtocol, names_are_exactly_those_of_the_network) {
    EXPECT_EQ(protocol_id(RequestProtocol::status), "/leanconsensus/req/status/1/ssz_snappy");
    EXPECT_EQ(protocol_id(RequestProtocol::blocks_by_root),
              "/leanconsensus/req/blocks_by_root/1/ssz_snappy");
    EXPECT_EQ(protocol_id(RequestProtocol::blocks_by_range),
              "/leanconsensus/req/blocks_by_range/1/ssz_snappy");
    for (const RequestProtocol protocol : kRequestProtocols) {
        EXPECT_EQ(parse_protocol_id(protocol_id(protocol)), protocol);
    }
    EXPECT_EQ(parse_protocol_id("/leanconsensus/req/status/2/ssz_snappy"), std::nullopt);
}

TEST(ResponseCode, spare_bytes_map_to_the_two_general_errors) {
    EXPECT_EQ(response_code(0), ResponseCode::success);
    EXPECT_EQ(response_code(1), ResponseCode::invalid_request);
    EXPECT_EQ(response_code(2), ResponseCode::server_error);
    EXPECT_EQ(response_code(3), ResponseCode::resource_unavailable);
    EXPECT_EQ(response_code(4), ResponseCode::server_error);
    EXPECT_EQ(response_code(127), ResponseCode::server_error);
    EXPECT_EQ(response_code(128), ResponseCode::invalid_request);
    EXPECT_EQ(response_code(255), ResponseCode::invalid_request);
}

TEST(PayloadDecoder, request_in_pieces_of_any_size) {
    SeededRandom random(1);
    Bytes ssz(20'000);
    random.fill(ssz);
    const Bytes wire = encode_request(ssz);
    for (const std::size_t piece : {1u, 2u, 7u, 5000u, 1u << 20}) {
        PayloadDecoder decoder(request_size_max(RequestProtocol::blocks_by_root));
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            EXPECT_FALSE(decoder.is_done());
            const ByteView part = ByteView{wire}.subspan(at, std::min(piece, wire.size() - at));
            ASSERT_EQ(decoder.feed(part).value(), part.size());
        }
        ASSERT_TRUE(decoder.is_done());
        EXPECT_EQ(decoder.take(), ssz);
    }
}

TEST(PayloadDecoder, leaves_what_follows_the_payload) {
    const Bytes wire = encode_request(as_bytes("abc"));
    PayloadDecoder decoder(80);
    EXPECT_EQ(decoder.feed(joined({wire, {1, 2, 3}})).value(), wire.size());
    EXPECT_TRUE(decoder.is_done());
}

TEST(PayloadDecoder, sizes_are_checked_before_anything_else) {
    PayloadDecoder decoder(80);
    EXPECT_EQ(decoder.feed(with_size(81, {})).error(), RequestCodecError::too_large);
    PayloadDecoder largest(kMaxPayloadSize);
    EXPECT_EQ(largest.feed(with_size(kMaxPayloadSize + 1, {})).error(),
              RequestCodecError::too_large);
    PayloadDecoder endless(80);
    EXPECT_EQ(endless.feed(Bytes(11, 0x80)).error(), RequestCodecError::bad_size);
}

TEST(PayloadDecoder, empty_payload_is_complete_without_a_frame) {
    PayloadDecoder decoder(80);
    EXPECT_EQ(decoder.feed(Bytes{0x00, 0xff}).value(), 1u);
    EXPECT_TRUE(decoder.is_done());
    EXPECT_EQ(decoder.take(), Bytes{});
}

TEST(PayloadDecoder, malformed_frame) {
    PayloadDecoder decoder(80);
    EXPECT_EQ(decoder.feed(with_size(3, Bytes(10, 0x00))).error(), RequestCodecError::bad_frame);
}

TEST(ResponseDecoder, adjacent_chunks_in_pieces_of_any_size) {
    const Bytes first(70'000, 1);
    const Bytes second(1, 2);
    const Bytes third(65536, 3);
    const Bytes stream = joined({encode_response_chunk(first),
                                 encode_response_chunk(second),
                                 encode_response_chunk(third)});
    const Chunks expected{{ResponseCode::success, first},
                          {ResponseCode::success, second},
                          {ResponseCode::success, third}};
    for (const std::size_t piece : {1u, 13u, 4096u, 1u << 20}) {
        EXPECT_EQ(decode_response(stream, piece).value(), expected) << piece;
    }
}

TEST(ResponseDecoder, no_chunks_is_an_empty_success) {
    EXPECT_EQ(decode_response({}, 1).value(), Chunks{});
}

TEST(ResponseDecoder, error_chunk_ends_the_response) {
    const Bytes stream = joined({encode_response_chunk(as_bytes("block")),
                                 encode_error_chunk(ResponseCode::resource_unavailable, "pruned"),
                                 {0x00, 0xff, 0xff, 0xff}});
    const Chunks expected{{ResponseCode::success, to_bytes(as_bytes("block"))},
                          {ResponseCode::resource_unavailable, to_bytes(as_bytes("pruned"))}};
    EXPECT_EQ(decode_response(stream, 1).value(), expected);
    EXPECT_EQ(decode_response(stream, 1000).value(), expected);
}

TEST(ResponseDecoder, texts_of_errors_are_bounded_both_ways) {
    const std::string text(300, 'x');
    const Chunks chunks =
        decode_response(encode_error_chunk(ResponseCode::server_error, text), 100).value();
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(as_text(chunks[0].payload), text.substr(0, kErrorTextSizeMax));
    EXPECT_EQ(decode_response(joined({{2}, with_size(257, {})}), 100).error(),
              RequestCodecError::too_large);
}

TEST(ResponseDecoder, unknown_codes_are_errors_not_gibberish) {
    Bytes stream = encode_error_chunk(ResponseCode::server_error, "why");
    stream[0] = 100;
    EXPECT_EQ(decode_response(stream, 3).value(),
              (Chunks{{ResponseCode::server_error, to_bytes(as_bytes("why"))}}));
    stream[0] = 200;
    EXPECT_EQ(decode_response(stream, 3).value(),
              (Chunks{{ResponseCode::invalid_request, to_bytes(as_bytes("why"))}}));
}

TEST(ResponseDecoder, empty_payload_with_and_without_identifier) {
    const Bytes block = encode_response_chunk(as_bytes("block"));
    const Chunks expected{{ResponseCode::success, {}},
                          {ResponseCode::success, to_bytes(as_bytes("block"))}};
    for (const std::size_t piece : {1u, 4u, 1000u}) {
        EXPECT_EQ(decode_response(joined({{0x00, 0x00}, block}), piece).value(), expected);
        EXPECT_EQ(decode_response(joined({encode_response_chunk({}), block}), piece).value(),
                  expected);
    }
}

TEST(ResponseDecoder, stream_that_ends_inside_a_chunk) {
    const Bytes stream =
        joined({encode_response_chunk(as_bytes("one")), encode_response_chunk(as_bytes("two"))});
    const std::size_t boundary = stream.size() / 2;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
        const auto chunks = decode_response(ByteView{stream}.first(size), 1000);
        if (size % boundary == 0) {
            EXPECT_EQ(chunks.value().size(), size / boundary);
        } else {
            EXPECT_EQ(chunks.error(), RequestCodecError::truncated) << size;
        }
    }
}

TEST(ResponseDecoder, sizes_above_the_protocol_are_refused) {
    EXPECT_EQ(
        decode_response(joined({{0}, with_size(81, {})}), 10, RequestProtocol::status).error(),
        RequestCodecError::too_large);
    EXPECT_EQ(decode_response(joined({{0}, with_size(kMaxPayloadSize + 1, {})}), 10).error(),
              RequestCodecError::too_large);
}

}  // namespace
}  // namespace lepton::p2p
