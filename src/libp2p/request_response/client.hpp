// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Requests to peers. Each ends in exactly one final event, whatever happens. Reactor thread.
#pragma once

#include "libp2p/connection_pool.hpp"
#include "libp2p/decode_failures.hpp"
#include "libp2p/request_response/protocol.hpp"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace lepton::libp2p {

/// Which request an event is about.
struct RequestInfo {
    RequestId id = 0;
    PeerId peer;
    std::string protocol;
};

/// One message of the answer. Swarm::chunk_handled is expected for each.
struct ResponseChunk {
    RequestInfo request;
    Bytes data;
};

/// Final: the peer finished its answer in good order.
struct ResponseEnd {
    RequestInfo request;
    /// Chunks that came before.
    std::size_t chunks = 0;
};

enum class RequestError : std::uint8_t {
    no_peer,
    unsupported_protocol,
    timeout,
    /// The peer ended the stream, or the connection ended.
    reset,
    malformed,
    too_large,
    /// Too many requests of this protocol to this peer, or the peer permits no more streams.
    limit,
    stopped
};

/// Returns the enumerator's name.
std::string_view to_string(RequestError error);

/// Final: there is no (whole) answer.
struct RequestFailure {
    RequestInfo request;
    RequestError kind = RequestError::reset;
    /// Chunks that came before.
    std::size_t chunks = 0;
};

using RequestEvent = std::variant<ResponseChunk, ResponseEnd, RequestFailure>;

class ResponseReader;

class RequestClient {
  public:
    /// Called from the reactor's loop.
    using OnEvent = std::move_only_function<void(RequestEvent)>;

    RequestClient(Reactor& reactor,
                  const std::vector<RequestProtocol>& protocols,
                  ConnectionPool& pool,
                  TaskSet& tasks,
                  DeferQueue& later,
                  Metrics& metrics);
    ~RequestClient();

    /// Sends `encoded`, a whole request as it goes over the wire. `protocol` must be registered.
    RequestId request(const PeerId& peer,
                      std::string_view protocol,
                      Bytes encoded,
                      OnEvent on_event);

    /// The application is done with the oldest chunk of the request it has not said this of.
    /// Unknown requests are ignored: their end may have crossed.
    void chunk_handled(RequestId id);

    /// Ends every request with RequestError::stopped.
    void stop();

    std::size_t active() const { return active_.size(); }

  private:
    friend class ResponseReader;

    struct Active {
        RequestInfo info;
        const RequestProtocol* protocol = nullptr;
        OnEvent on_event;
        /// nullptr until the stream is open and after it has ended.
        ResponseReader* reader = nullptr;
        std::unique_ptr<Timer> next_chunk;
        std::unique_ptr<Timer> total;
        /// To be given to on_event, in order; the last one may be final.
        std::deque<RequestEvent> events;
        bool is_over = false;
        std::size_t chunks = 0;
        /// Sizes of the chunks that the application was given or will be given.
        std::deque<std::size_t> unhandled;
        std::size_t unhandled_bytes = 0;
    };

    Active* find(RequestId id);
    const RequestProtocol& registered(std::string_view protocol) const;
    std::size_t count_active(const PeerId& peer, const RequestProtocol& protocol) const;
    void on_opened(RequestId id, Result<NegotiatedStream, OpenError> result);
    /// Returns whether the reader may go on.
    bool on_chunks(RequestId id, std::vector<Bytes> chunks);
    void on_ended(RequestId id);
    void fail(RequestId id, RequestError kind);
    void finish(Active& active, RequestEvent final_event);
    void add_event(Active& active, RequestEvent event);
    void deliver(RequestId id);
    static bool is_paused(const Active& active);
    void arm_next_chunk(Active& active);

    /// The errors and success.
    enum class Outcome : std::uint8_t { ok = static_cast<std::uint8_t>(RequestError::stopped) + 1 };
    static constexpr std::array<std::string_view, 9> kOutcomeNames = {"no_peer",
                                                                      "unsupported_protocol",
                                                                      "timeout",
                                                                      "reset",
                                                                      "malformed",
                                                                      "too_large",
                                                                      "limit",
                                                                      "stopped",
                                                                      "ok"};

    Reactor& reactor_;
    const std::vector<RequestProtocol>& protocols_;
    ConnectionPool& pool_;
    TaskSet& tasks_;
    DeferQueue& later_;
    EnumCounters<Outcome, kOutcomeNames.size()> outcomes_;
    std::shared_ptr<DecodeFailures> undecodable_;
    bool is_stopped_ = false;
    RequestId last_id_ = 0;
    std::map<RequestId, Active> active_;
};

}  // namespace lepton::libp2p
