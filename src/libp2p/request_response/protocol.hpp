// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a request/response protocol is made of, and how its messages are read. One request, then
// any number of response chunks, on a stream of their own. Reactor thread.
#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lepton::libp2p {

/// Names a request for the lifetime of the swarm, in its own direction.
using RequestId = std::uint64_t;

enum class DecodeError : std::uint8_t { malformed, too_large };

/// Reads the messages of one stream, however its bytes are cut. It bounds what it keeps and what it
/// returns, and knows the end of a message without the end of the stream.
class MessageDecoder {
  public:
    virtual ~MessageDecoder() = default;

    /// Takes `bytes` and appends each message that is whole now to `out`.
    /// Errors: the stream is useless from there on
    virtual Result<void, DecodeError> feed(ByteView bytes, std::vector<Bytes>& out) = 0;

    /// True when no message has begun: the stream may end here.
    virtual bool is_between_messages() const = 0;
};

/// So many at once, refilled evenly over the interval.
struct RateLimit {
    std::uint32_t burst = 1;
    Duration interval = std::chrono::seconds(1);
};

struct RequestProtocol {
    /// "/…/1/ssz_snappy"
    std::string id;
    std::function<std::unique_ptr<MessageDecoder>()> make_request_decoder;
    std::function<std::unique_ptr<MessageDecoder>()> make_response_decoder;
    /// Bytes of a request on the wire.
    std::size_t request_size_max = 0;
    /// Longest wait for a request that has begun, for the next response chunk, and for a reader
    /// that takes nothing.
    Duration timeout = std::chrono::seconds(10);
    /// Longest exchange in all.
    Duration timeout_total = std::chrono::seconds(60);
    /// At a time and for each peer, in each direction.
    std::size_t concurrency_max = 2;
    /// Requests that one peer may make.
    RateLimit rate;
};

/// Response chunks that may wait for the application in each request; reading pauses above.
inline constexpr std::size_t kUnhandledChunksMax = 16;
inline constexpr std::size_t kUnhandledBytesMax = 16 * 1024 * 1024;

/// A response may be written to while less than this waits in its stream.
inline constexpr std::size_t kResponseQueueMax = 1024 * 1024;
/// The same for all responses together; above it only streams with an empty queue are written to.
inline constexpr std::size_t kResponseQueueTotalMax = 64 * 1024 * 1024;

}  // namespace lepton::libp2p
