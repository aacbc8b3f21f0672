// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Requests of peers: reads them within limits, hands them over, streams the answers with bounded
// queues. Reactor thread.
#pragma once

#include "base/metrics.hpp"
#include "libp2p/decode_failures.hpp"
#include "libp2p/enum_counters.hpp"
#include "libp2p/negotiation.hpp"
#include "libp2p/request_response/client.hpp"
#include "libp2p/request_response/protocol.hpp"

#include <array>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lepton::libp2p {

class ServerRequest;

/// The right and duty to answer one request. Destroying it before finish resets the stream: the
/// peer is never left waiting. It may outlive the swarm; then it does nothing.
class ResponseChannel {
  public:
    ResponseChannel(ResponseChannel&& other) noexcept;
    ResponseChannel& operator=(ResponseChannel&& other) noexcept;
    ~ResponseChannel();

    enum class Written : std::uint8_t {
        queued,
        /// Nothing was taken: ResponseWritable follows.
        full,
        /// Nothing was taken: the response has ended, its outcome was or will be told.
        gone
    };

    /// Queues `chunk` as it goes over the wire. Takes it only when it returns `queued`.
    [[nodiscard]] Written write(Bytes&& chunk);

    /// Ends the answer in good order.
    void finish();

  private:
    friend class ServerRequest;
    explicit ResponseChannel(ServerRequest& request);

    /// nullptr once the response has ended.
    ServerRequest* request_ = nullptr;
};

/// A peer asks: its request, decoded once.
struct InboundRequest {
    RequestInfo request;
    Bytes data;
    ResponseChannel channel;
};

/// A channel that was full takes chunks again.
struct ResponseWritable {
    RequestInfo request;
};

enum class ResponseResult : std::uint8_t {
    sent,
    /// The peer ended the stream, or the connection ended.
    reset,
    /// The peer took nothing for too long, or the whole exchange took too long.
    timeout,
    /// The channel was destroyed before the answer was finished.
    abandoned,
    stopped
};

/// Returns the enumerator's name.
std::string_view to_string(ResponseResult result);

/// What became of the answer to an InboundRequest; exactly one for each.
struct ResponseOutcome {
    RequestInfo request;
    ResponseResult result = ResponseResult::reset;
};

using ServerEvent = std::variant<InboundRequest, ResponseWritable, ResponseOutcome>;

class RequestServer {
  public:
    /// `emit` passes events on; it must not call back into the server.
    RequestServer(Reactor& reactor,
                  const std::vector<RequestProtocol>& protocols,
                  TaskSet& tasks,
                  Metrics& metrics,
                  std::function<void(ServerEvent)> emit);

    bool is_registered(std::string_view protocol) const;

    /// A stream on which `peer` speaks a registered protocol.
    void on_stream(const PeerId& peer, NegotiatedStream stream);

    /// Ends every response with ResponseResult::stopped.
    void stop();

    std::size_t active() const { return active_.size(); }

  private:
    friend class ServerRequest;

    enum class Refusal : std::uint8_t { busy, rate, malformed, too_large, timeout, reset };
    static constexpr std::array<std::string_view, 6> kRefusalNames = {
        "busy", "rate", "malformed", "too_large", "timeout", "reset"};
    static constexpr std::array<std::string_view, 5> kResultNames = {
        "sent", "reset", "timeout", "abandoned", "stopped"};

    bool take_token(const PeerId& peer, const RequestProtocol& protocol);
    std::size_t queued_total() const;
    void on_ended(RequestId id);

    Reactor& reactor_;
    const std::vector<RequestProtocol>& protocols_;
    TaskSet& tasks_;
    std::function<void(ServerEvent)> emit_;
    EnumCounters<Refusal, kRefusalNames.size()> refusals_;
    EnumCounters<ResponseResult, kResultNames.size()> results_;
    std::shared_ptr<DecodeFailures> undecodable_;
    RequestId last_id_ = 0;
    std::map<RequestId, ServerRequest*> active_;
    /// When each peer's allowance will be full again; full ones are erased.
    std::map<std::pair<PeerId, std::string>, Time> allowances_;
};

}  // namespace lepton::libp2p
