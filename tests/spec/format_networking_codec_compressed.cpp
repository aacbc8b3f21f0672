// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A snappy compressor may choose which earlier bytes a copy takes, and libsnappy chooses otherwise
// than the specification's compressor. So bytes are equal, except inside compressed data; there
// both encodings must decode to the same.
#include "libp2p/varint.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/snappy_frame.hpp"
#include "spec/format_networking_codec.hpp"

#include <algorithm>

namespace lepton::spec {
namespace {

constexpr std::string_view kOtherCopies =
    "compressed bytes: libsnappy copies from other places; both decode to the same";

/// Returns a frame stream without its compressed data and the sizes of that.
Bytes without_compressed(ByteView stream) {
    constexpr std::size_t kHeaderSize = 4;
    constexpr std::size_t kChecksumSize = 4;
    constexpr std::uint8_t kCompressed = 0;
    Bytes out;
    while (!stream.empty()) {
        if (stream.size() < kHeaderSize) throw BadVector("a frame stream that is cut off");
        const std::size_t size =
            kHeaderSize + (stream[1] | std::size_t{stream[2]} << 8 | std::size_t{stream[3]} << 16);
        if (size > stream.size()) throw BadVector("a frame stream that is cut off");
        const ByteView chunk = stream.first(size);
        if (chunk[0] == kCompressed) {
            out.push_back(kCompressed);
            append(out, chunk.subspan(kHeaderSize, std::min(kChecksumSize, size - kHeaderSize)));
        } else {
            append(out, chunk);
        }
        stream = stream.subspan(size);
    }
    return out;
}

/// Compares two encodings of one payload: `prefix` bytes, then a frame stream.
Verdict expect_same_frames(ByteView ours, ByteView theirs, std::size_t prefix, std::string& note) {
    if (std::ranges::equal(ours, theirs)) return {};
    note = kOtherCopies;
    for (const ByteView wire : {ours, theirs}) {
        if (wire.size() < prefix) throw BadVector("shorter than its size");
    }
    if (auto equal =
            expect_equal("size in front", to_hex(ours.first(prefix)), to_hex(theirs.first(prefix)));
        !equal) {
        return equal;
    }
    return expect_equal("frames around compressed data",
                        to_hex(without_compressed(ours.subspan(prefix))),
                        to_hex(without_compressed(theirs.subspan(prefix))));
}

/// Decodes `wire` as a whole. Of an empty frame stream the decoder needs nothing, not even the
/// identifier.
Verdict expect_payload(p2p::PayloadDecoder decoder, ByteView wire, const Bytes& payload) {
    const auto used = decoder.feed(wire);
    if (!used) return std::unexpected(fmt::format("decoding: {}", to_string(used.error())));
    const std::size_t end = payload.empty() ? libp2p::varint_size(0) : wire.size();
    if (!decoder.is_done() || *used != end) return std::unexpected("decoding ends elsewhere");
    return expect_equal("decoded", to_hex(decoder.take()), to_hex(payload));
}

/// Decodes `stream` as a whole, but for an empty one.
Verdict expect_framed(ByteView stream, const Bytes& data) {
    p2p::SnappyFrameDecoder decoder(data.size());
    const auto used = decoder.feed(stream);
    if (!used) return std::unexpected(fmt::format("decoding: {}", to_string(used.error())));
    if (!decoder.is_done() || *used != (data.empty() ? 0 : stream.size())) {
        return std::unexpected("decoding ends elsewhere");
    }
    return expect_equal("decoded", to_hex(decoder.take()), to_hex(data));
}

Verdict expect_block(ByteView block, const Bytes& data) {
    const auto decoded = p2p::snappy_block_decode(block, data.size());
    if (!decoded) return std::unexpected(fmt::format("decoding: {}", to_string(decoded.error())));
    return expect_equal("decoded", to_hex(*decoded), to_hex(data));
}

/// The sizes that a vector gives are those of its own bytes.
void check_sizes(const CodecCase& test, std::string_view key, const Bytes& data, const Bytes& out) {
    if (as_u64(at(test.output, key)) != out.size() ||
        as_u64(at(test.output, "uncompressedLength")) != data.size()) {
        throw BadVector("sizes that are not those of the bytes");
    }
}

p2p::ResponseChunk chunk_of(const json::object& object) {
    const auto code = read_as<std::uint8_t>(at(object, "responseCode"));
    p2p::ResponseChunk chunk{p2p::response_code(code), as_bytes(at(object, "sszData"))};
    if (static_cast<std::uint8_t>(chunk.code) != code) {
        throw BadVector(fmt::format("unknown responseCode {}", code));
    }
    return chunk;
}

Bytes encode(const p2p::ResponseChunk& chunk) {
    return chunk.code == p2p::ResponseCode::success
               ? p2p::encode_response_chunk(chunk.payload)
               : p2p::encode_error_chunk(chunk.code, as_text(chunk.payload));
}

/// Returns how many bytes of `wire` are its first chunk, whose encoding here is `ours`.
Result<std::size_t, std::string> chunk_size(ByteView wire, ByteView ours) {
    if (wire.size() >= ours.size() && std::ranges::equal(wire.first(ours.size()), ours)) {
        return ours.size();
    }
    if (wire.empty()) return std::unexpected("a chunk is missing");
    p2p::PayloadDecoder decoder(kMaxPayloadSize);
    const auto used = decoder.feed(wire.subspan(1));
    if (!used) return std::unexpected(std::string(to_string(used.error())));
    if (!decoder.is_done()) return std::unexpected("a chunk is cut off");
    return 1 + *used;
}

Verdict expect_decoded(ByteView wire, const std::vector<p2p::ResponseChunk>& expected) {
    p2p::ResponseDecoder decoder(p2p::RequestProtocol::blocks_by_root);
    std::vector<p2p::ResponseChunk> chunks;
    if (auto fed = decoder.feed(wire, chunks); !fed) {
        return std::unexpected(fmt::format("decoding: {}", to_string(fed.error())));
    }
    if (auto ended = decoder.finish(); !ended) return std::unexpected("decoding: truncated");
    if (chunks != expected) return std::unexpected("decodes to other chunks");
    return {};
}

Verdict check_chunks(const CodecCase& test, const std::vector<p2p::ResponseChunk>& chunks) {
    const Bytes encoded = as_bytes(at(test.output, "encoded"));
    Bytes again;
    ByteView rest = encoded;
    for (const p2p::ResponseChunk& chunk : chunks) {
        const Bytes ours = encode(chunk);
        append(again, ours);
        const auto size = chunk_size(rest, ours);
        if (!size) return std::unexpected(fmt::format("encoded: {}", size.error()));
        const std::size_t prefix = 1 + libp2p::varint_size(chunk.payload.size());
        if (auto same = expect_same_frames(ours, rest.first(*size), prefix, test.note); !same) {
            return same;
        }
        rest = rest.subspan(*size);
    }
    if (!rest.empty()) return std::unexpected("encoded: more than the chunks");
    for (const Bytes& wire : {encoded, again}) {
        if (auto same = expect_decoded(wire, chunks); !same) return same;
    }
    return {};
}

}  // namespace

Verdict check_snappy_block(const CodecCase& test) {
    allow_only(test.codec, {"kind", "data"});
    allow_only(test.output, {"compressed", "compressedLength", "uncompressedLength"});
    const Bytes data = as_bytes(at(test.codec, "data"));
    const Bytes block = as_bytes(at(test.output, "compressed"));
    check_sizes(test, "compressedLength", data, block);
    const Bytes again = p2p::snappy_block_encode(data);
    for (const Bytes& one : {block, again}) {
        if (auto same = expect_block(one, data); !same) return same;
    }
    if (again == block) return {};
    // A block that did not become smaller has no copies.
    if (block.size() >= data.size()) {
        return expect_equal("compressed", to_hex(again), to_hex(block));
    }
    test.note = kOtherCopies;
    return {};
}

Verdict check_snappy_frame(const CodecCase& test) {
    allow_only(test.codec, {"kind", "data"});
    allow_only(test.output, {"framed", "framedLength", "uncompressedLength"});
    const Bytes data = as_bytes(at(test.codec, "data"));
    const Bytes framed = as_bytes(at(test.output, "framed"));
    check_sizes(test, "framedLength", data, framed);
    Bytes again;
    p2p::append_snappy_frame(again, data);
    for (const Bytes& one : {framed, again}) {
        if (auto same = expect_framed(one, data); !same) return same;
    }
    return expect_same_frames(again, framed, 0, test.note);
}

Verdict check_request(const CodecCase& test) {
    allow_only(test.codec, {"kind", "sszData"});
    allow_only(test.output, {"encoded"});
    const Bytes payload = as_bytes(at(test.codec, "sszData"));
    const Bytes encoded = as_bytes(at(test.output, "encoded"));
    const Bytes again = p2p::encode_request(payload);
    for (const Bytes& wire : {encoded, again}) {
        if (auto same = expect_payload(p2p::PayloadDecoder(kMaxPayloadSize), wire, payload);
            !same) {
            return same;
        }
    }
    return expect_same_frames(again, encoded, libp2p::varint_size(payload.size()), test.note);
}

Verdict check_response(const CodecCase& test) {
    allow_only(test.codec, {"kind", "responseCode", "sszData"});
    allow_only(test.output, {"encoded"});
    return check_chunks(test, {chunk_of(test.codec)});
}

Verdict check_response_stream(const CodecCase& test) {
    allow_only(test.codec, {"kind", "chunks"});
    allow_only(test.output, {"encoded", "chunkCount"});
    std::vector<p2p::ResponseChunk> chunks;
    for (const json::value& value : as_array(at(test.codec, "chunks"))) {
        const json::object& entry = as_object(value);
        allow_only(entry, {"responseCode", "sszData"});
        chunks.push_back(chunk_of(entry));
    }
    if (auto equal =
            expect_equal("chunkCount", chunks.size(), as_u64(at(test.output, "chunkCount")));
        !equal) {
        return equal;
    }
    return check_chunks(test, chunks);
}

}  // namespace lepton::spec
