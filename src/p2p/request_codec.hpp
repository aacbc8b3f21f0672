// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The wire form of requests and responses, and the protocols that use it. A request is a varint of
// its uncompressed size and a snappy frame stream; a response is any number of chunks, each a code
// byte followed by the same. Decoders are fed in pieces, hold one payload at a time and refuse a
// size before they allocate for it. An object belongs to one thread.
// Spec: networking/reqresp/codec.py
#pragma once

#include "base/bytes.hpp"
#include "p2p/snappy_frame.hpp"
#include "types/constants.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::p2p {

enum class RequestProtocol : std::uint8_t { status, blocks_by_root, blocks_by_range };
inline constexpr std::array kRequestProtocols{
    RequestProtocol::status, RequestProtocol::blocks_by_root, RequestProtocol::blocks_by_range};

/// Returns the short name for logs and metrics: "status", "blocks_by_root", "blocks_by_range".
std::string_view to_string(RequestProtocol protocol);
/// Returns the name for protocol negotiation: "/leanconsensus/req/<name>/1/ssz_snappy".
std::string_view protocol_id(RequestProtocol protocol);
/// Returns the protocol that `id` names; nothing when lepton does not speak it.
std::optional<RequestProtocol> parse_protocol_id(std::string_view id);

/// Most bytes of a request, and of one response chunk, uncompressed.
std::size_t request_size_max(RequestProtocol protocol);
std::size_t response_size_max(RequestProtocol protocol);
/// Most bytes of the text of an error response.
inline constexpr std::size_t kErrorTextSizeMax = 256;

enum class ResponseCode : std::uint8_t {
    success = 0,
    invalid_request = 1,
    server_error = 2,
    resource_unavailable = 3,
};
std::string_view to_string(ResponseCode code);
/// Returns what a code byte means: 4 to 127 count as server_error, 128 to 255 as invalid_request.
ResponseCode response_code(std::uint8_t byte);

/// Why bytes are no request or response.
enum class RequestCodecError : std::uint8_t {
    /// The stream ended inside a request or chunk, or a request is missing.
    truncated,
    /// The size in front does not fit in 64 bits.
    bad_size,
    /// The size in front is above the limit of the protocol. Nothing was allocated.
    too_large,
    /// The frame stream is malformed.
    bad_frame,
};
std::string_view to_string(RequestCodecError error);

/// One part of a response: a payload, or the text of an error.
struct ResponseChunk {
    ResponseCode code = ResponseCode::success;
    Bytes payload;

    bool operator==(const ResponseChunk&) const = default;
};

Bytes encode_request(ByteView ssz);
/// Returns a success chunk.
Bytes encode_response_chunk(ByteView ssz);
/// Returns an error chunk; at most kErrorTextSizeMax bytes of `text` are sent. Requires a code
/// other than success.
Bytes encode_error_chunk(ResponseCode code, std::string_view text);

/// Decodes the size and the frame stream of one payload.
class PayloadDecoder {
  public:
    explicit PayloadDecoder(std::size_t size_max) : size_max_(size_max) {}

    /// Takes bytes from the front of `bytes` until the payload is complete or they are used up, and
    /// returns how many.
    /// Errors: all but truncated
    Result<std::size_t, RequestCodecError> feed(ByteView bytes);

    bool is_done() const { return frames_ && frames_->is_done(); }
    /// Gives the payload away. Requires is_done().
    Bytes take() { return frames_->take(); }

  private:
    Result<std::size_t, RequestCodecError> feed_size(ByteView bytes);

    std::size_t size_max_;
    Bytes size_bytes_;
    std::optional<SnappyFrameDecoder> frames_;
};

/// Decodes one response: the chunks on a stream, until it ends or an error chunk is complete.
class ResponseDecoder {
  public:
    explicit ResponseDecoder(RequestProtocol protocol) : protocol_(protocol) {}

    /// Appends the chunks that `bytes` complete to `chunks`. What follows an error chunk is not
    /// looked at.
    /// Errors: all but truncated
    Result<void, RequestCodecError> feed(ByteView bytes, std::vector<ResponseChunk>& chunks);

    /// Says that the stream has ended.
    /// Errors: truncated
    Result<void, RequestCodecError> finish() const;

    /// True once an error chunk ended the response.
    bool is_over() const { return is_over_; }

  private:
    /// Drops the identifier that some senders put behind the size of an empty payload.
    std::size_t skip_identifier(ByteView bytes);

    RequestProtocol protocol_;
    ResponseCode code_ = ResponseCode::success;
    std::optional<PayloadDecoder> payload_;
    bool is_over_ = false;
    /// The last payload was empty: an identifier may follow that belongs to it.
    bool after_empty_ = false;
    std::size_t skip_left_ = 0;
};

}  // namespace lepton::p2p
