// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/request_codec.hpp"

#include "base/assert.hpp"
#include "libp2p/varint.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

constexpr std::size_t kStatusSize = 80;
constexpr std::size_t kRangeRequestSize = 16;
constexpr std::size_t kRootsRequestSizeMax = 4 + 32 * kMaxRequestBlocks;
/// First byte of a stream identifier; as a code byte it would be one of the 127 spare names of
/// invalid_request, which nobody sends.
constexpr std::uint8_t kIdentifierFirstByte = 0xff;

Bytes encode_payload(Bytes prefix, ByteView payload) {
    libp2p::append_varint(prefix, payload.size());
    append_snappy_frame(prefix, payload);
    return prefix;
}

}  // namespace

std::string_view to_string(RequestProtocol protocol) {
    switch (protocol) {
        case RequestProtocol::status:
            return "status";
        case RequestProtocol::blocks_by_root:
            return "blocks_by_root";
        case RequestProtocol::blocks_by_range:
            return "blocks_by_range";
    }
    assertion_failed("known RequestProtocol", __FILE__, __LINE__, {});
}

std::string_view protocol_id(RequestProtocol protocol) {
    switch (protocol) {
        case RequestProtocol::status:
            return "/leanconsensus/req/status/1/ssz_snappy";
        case RequestProtocol::blocks_by_root:
            return "/leanconsensus/req/blocks_by_root/1/ssz_snappy";
        case RequestProtocol::blocks_by_range:
            return "/leanconsensus/req/blocks_by_range/1/ssz_snappy";
    }
    assertion_failed("known RequestProtocol", __FILE__, __LINE__, {});
}

std::optional<RequestProtocol> parse_protocol_id(std::string_view id) {
    for (const RequestProtocol protocol : kRequestProtocols) {
        if (protocol_id(protocol) == id) return protocol;
    }
    return std::nullopt;
}

std::size_t request_size_max(RequestProtocol protocol) {
    switch (protocol) {
        case RequestProtocol::status:
            return kStatusSize;
        case RequestProtocol::blocks_by_root:
            return kRootsRequestSizeMax;
        case RequestProtocol::blocks_by_range:
            return kRangeRequestSize;
    }
    assertion_failed("known RequestProtocol", __FILE__, __LINE__, {});
}

std::size_t response_size_max(RequestProtocol protocol) {
    return protocol == RequestProtocol::status ? kStatusSize : kMaxPayloadSize;
}

std::string_view to_string(ResponseCode code) {
    switch (code) {
        case ResponseCode::success:
            return "success";
        case ResponseCode::invalid_request:
            return "invalid_request";
        case ResponseCode::server_error:
            return "server_error";
        case ResponseCode::resource_unavailable:
            return "resource_unavailable";
    }
    assertion_failed("known ResponseCode", __FILE__, __LINE__, {});
}

ResponseCode response_code(std::uint8_t byte) {
    if (byte <= 3) return ResponseCode{byte};
    return byte < 128 ? ResponseCode::server_error : ResponseCode::invalid_request;
}

std::string_view to_string(RequestCodecError error) {
    switch (error) {
        case RequestCodecError::truncated:
            return "truncated";
        case RequestCodecError::bad_size:
            return "bad_size";
        case RequestCodecError::too_large:
            return "too_large";
        case RequestCodecError::bad_frame:
            return "bad_frame";
    }
    assertion_failed("known RequestCodecError", __FILE__, __LINE__, {});
}

Bytes encode_request(ByteView ssz) {
    return encode_payload({}, ssz);
}

Bytes encode_response_chunk(ByteView ssz) {
    return encode_payload({static_cast<std::uint8_t>(ResponseCode::success)}, ssz);
}

Bytes encode_error_chunk(ResponseCode code, std::string_view text) {
    LEPTON_ASSERT(code != ResponseCode::success);
    return encode_payload({static_cast<std::uint8_t>(code)},
                          as_bytes(text.substr(0, kErrorTextSizeMax)));
}

Result<std::size_t, RequestCodecError> PayloadDecoder::feed(ByteView bytes) {
    std::size_t used = 0;
    if (!frames_) {
        const auto size_used = feed_size(bytes);
        if (!size_used) return size_used;
        used = *size_used;
    }
    if (!frames_) return used;
    const auto frames_used = frames_->feed(bytes.subspan(used));
    if (!frames_used) return std::unexpected(RequestCodecError::bad_frame);
    return used + *frames_used;
}

Result<std::size_t, RequestCodecError> PayloadDecoder::feed_size(ByteView bytes) {
    for (std::size_t used = 0; used < bytes.size();) {
        size_bytes_.push_back(bytes[used++]);
        const auto size = libp2p::read_varint(size_bytes_);
        if (!size && size.error() == libp2p::VarintError::truncated) continue;
        if (!size) return std::unexpected(RequestCodecError::bad_size);
        if (size->value > size_max_) return std::unexpected(RequestCodecError::too_large);
        frames_.emplace(size->value);
        return used;
    }
    return bytes.size();
}

Result<void, RequestCodecError> ResponseDecoder::feed(ByteView bytes,
                                                      std::vector<ResponseChunk>& chunks) {
    while (!bytes.empty() && !is_over_) {
        if (!payload_) {
            const std::size_t skipped = skip_identifier(bytes);
            bytes = bytes.subspan(skipped);
            if (bytes.empty()) break;
            code_ = response_code(bytes.front());
            bytes = bytes.subspan(1);
            payload_.emplace(code_ == ResponseCode::success ? response_size_max(protocol_)
                                                            : kErrorTextSizeMax);
            continue;
        }
        const auto used = payload_->feed(bytes);
        if (!used) return std::unexpected(used.error());
        bytes = bytes.subspan(*used);
        if (!payload_->is_done()) continue;
        chunks.push_back({code_, payload_->take()});
        payload_.reset();
        after_empty_ = chunks.back().payload.empty();
        is_over_ = code_ != ResponseCode::success;
    }
    return {};
}

std::size_t ResponseDecoder::skip_identifier(ByteView bytes) {
    if (after_empty_ && bytes.front() == kIdentifierFirstByte) skip_left_ = kSnappyIdentifierSize;
    after_empty_ = false;
    const std::size_t skipped = std::min(skip_left_, bytes.size());
    skip_left_ -= skipped;
    return skipped;
}

Result<void, RequestCodecError> ResponseDecoder::finish() const {
    if (payload_ || skip_left_ > 0) return std::unexpected(RequestCodecError::truncated);
    return {};
}

}  // namespace lepton::p2p
