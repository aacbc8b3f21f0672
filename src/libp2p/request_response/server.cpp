// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/request_response/server.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p {
namespace {

/// How often a response that waits for its reader is looked at.
constexpr Duration kPollInterval = std::chrono::milliseconds(100);
/// Allowances kept before the full ones are swept out.
constexpr std::size_t kAllowancesMax = 1024;

}  // namespace

/// One request of a peer, from its first byte to the last of the answer.
class ServerRequest final : public StreamTask {
  public:
    ServerRequest(RequestServer& server,
                  const RequestProtocol& protocol,
                  RequestInfo info,
                  std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)),
          server_(server),
          protocol_(protocol),
          info_(std::move(info)),
          decoder_(protocol.make_request_decoder()),
          timer_(server.reactor_),
          total_(server.reactor_) {
        timer_.set(protocol_.timeout, [this] { refuse(RequestServer::Refusal::timeout); });
        total_.set(protocol_.timeout_total, [this] { finish_with(ResponseResult::timeout); });
    }
    ~ServerRequest() override {
        if (channel_ != nullptr) channel_->request_ = nullptr;
    }

    const RequestInfo& info() const { return info_; }
    bool is_active() const { return state_ != State::over; }
    const RequestProtocol& protocol() const { return protocol_; }
    std::size_t queued() { return stream().queued_size(); }

    void set_channel(ResponseChannel* channel) { channel_ = channel; }

    ResponseChannel::Written write(Bytes&& chunk) {
        if (state_ != State::answering) return ResponseChannel::Written::gone;
        const bool is_crowded = server_.queued_total() >= kResponseQueueTotalMax;
        if (queued() >= kResponseQueueMax || (is_crowded && queued() > 0)) {
            is_waiting_ = true;
            return ResponseChannel::Written::full;
        }
        // The stream takes nothing of what it refuses; a chunk it could never take is our mistake.
        LEPTON_ASSERT(chunk.size() <= Stream::kQueueSizeMax - kResponseQueueMax);
        if (!stream().write(std::move(chunk))) {
            finish_with(ResponseResult::reset);
            return ResponseChannel::Written::gone;
        }
        note_progress();
        return ResponseChannel::Written::queued;
    }

    void finish() {
        if (state_ != State::answering) return;
        state_ = State::draining;
        stream().finish();
        note_progress();
        poll();
    }

    /// Looks whether a finished answer has reached the peer by now.
    void settle() {
        if (state_ == State::draining && queued() == 0) poll();
    }

    /// Ends the response, if there is one, and the task.
    void finish_with(ResponseResult result) {
        if (state_ == State::over) return;
        if (state_ == State::reading) {
            return refuse(result == ResponseResult::timeout ? RequestServer::Refusal::timeout
                                                            : RequestServer::Refusal::reset);
        }
        if (state_ != State::lingering) tell(result);
        close();
    }

  private:
    enum class State : std::uint8_t {
        reading,
        answering,
        draining,
        /// The outcome was told; the peer has not finished its side yet.
        lingering,
        over
    };

    void data(ByteView bytes) override {
        stream().consume(bytes.size());
        if (state_ != State::reading) return;
        received_ += bytes.size();
        if (received_ > protocol_.request_size_max)
            return refuse(RequestServer::Refusal::too_large);
        std::vector<Bytes> messages;
        const auto fed = decoder_->feed(bytes, messages);
        if (!messages.empty()) return answer(std::move(messages.front()));
        if (fed) return;
        refuse(fed.error() == DecodeError::too_large ? RequestServer::Refusal::too_large
                                                     : RequestServer::Refusal::malformed);
    }

    void answer(Bytes request) {
        state_ = State::answering;
        decoder_.reset();
        note_progress();
        timer_.set(kPollInterval, [this] { poll(); });
        server_.emit_(InboundRequest{info_, std::move(request), ResponseChannel(*this)});
    }

    void data_ended() override {
        peer_has_finished_ = true;
        if (state_ == State::reading) return refuse(RequestServer::Refusal::malformed);
        if (state_ == State::lingering) close();
    }

    void failed(const StreamError&) override { finish_with(ResponseResult::reset); }

    void writable() override {
        if (state_ == State::answering || state_ == State::draining) poll();
    }

    void note_progress() {
        queued_before_ = queued();
        progress_at_ = server_.reactor_.clock().now();
    }

    void poll() {
        const Time now = server_.reactor_.clock().now();
        if (state_ == State::lingering) return close();
        // While nothing is queued it is the application's turn, not the peer's.
        if (queued() < queued_before_ || queued() == 0) note_progress();
        if (now - progress_at_ >= protocol_.timeout) return finish_with(ResponseResult::timeout);
        if (state_ == State::draining && queued() == 0) {
            tell(ResponseResult::sent);
            if (peer_has_finished_) return close();
            // Closing now would reset what the peer may still be reading.
            state_ = State::lingering;
            timer_.set(protocol_.timeout, [this] { poll(); });
            return;
        }
        if (is_waiting_ && queued() < kResponseQueueMax / 2) {
            is_waiting_ = false;
            server_.emit_(ResponseWritable{info_});
        }
        timer_.set(kPollInterval, [this] { poll(); });
    }

    void refuse(RequestServer::Refusal reason) {
        if (state_ != State::reading) return;
        server_.refusals_.count(reason);
        if (reason == RequestServer::Refusal::malformed ||
            reason == RequestServer::Refusal::too_large) {
            server_.undecodable_->count(
                info_.peer,
                info_.protocol,
                RequestServer::kRefusalNames[static_cast<std::size_t>(reason)]);
        }
        close();
    }

    void tell(ResponseResult result) {
        if (channel_ != nullptr) std::exchange(channel_, nullptr)->request_ = nullptr;
        server_.results_.count(result);
        server_.emit_(ResponseOutcome{info_, result});
    }

    void close() {
        state_ = State::over;
        timer_.cancel();
        total_.cancel();
        server_.on_ended(info_.id);
        end();
    }

    RequestServer& server_;
    const RequestProtocol& protocol_;
    RequestInfo info_;
    std::unique_ptr<MessageDecoder> decoder_;
    State state_ = State::reading;
    ResponseChannel* channel_ = nullptr;
    std::size_t received_ = 0;
    bool peer_has_finished_ = false;
    bool is_waiting_ = false;
    std::size_t queued_before_ = 0;
    Time progress_at_{};
    /// Reading: the deadline; later: the next poll.
    Timer timer_;
    Timer total_;
};

// ---- channels

ResponseChannel::ResponseChannel(ServerRequest& request) : request_(&request) {
    request.set_channel(this);
}

ResponseChannel::ResponseChannel(ResponseChannel&& other) noexcept
    : request_(std::exchange(other.request_, nullptr)) {
    if (request_ != nullptr) request_->set_channel(this);
}

ResponseChannel& ResponseChannel::operator=(ResponseChannel&& other) noexcept {
    if (this == &other) return *this;
    ResponseChannel old(std::move(*this));
    request_ = std::exchange(other.request_, nullptr);
    if (request_ != nullptr) request_->set_channel(this);
    return *this;
}

ResponseChannel::~ResponseChannel() {
    if (request_ == nullptr) return;
    ServerRequest* request = std::exchange(request_, nullptr);
    request->set_channel(nullptr);
    request->finish_with(ResponseResult::abandoned);
}

ResponseChannel::Written ResponseChannel::write(Bytes&& chunk) {
    return request_ == nullptr ? Written::gone : request_->write(std::move(chunk));
}

void ResponseChannel::finish() {
    if (request_ == nullptr) return;
    ServerRequest* request = std::exchange(request_, nullptr);
    request->set_channel(nullptr);
    request->finish();
}

std::string_view to_string(ResponseResult result) {
    switch (result) {
        case ResponseResult::sent:
            return "sent";
        case ResponseResult::reset:
            return "reset";
        case ResponseResult::timeout:
            return "timeout";
        case ResponseResult::abandoned:
            return "abandoned";
        case ResponseResult::stopped:
            return "stopped";
    }
    return "unknown";
}

// ---- the server

RequestServer::RequestServer(Reactor& reactor,
                             const std::vector<RequestProtocol>& protocols,
                             TaskSet& tasks,
                             Metrics& metrics,
                             std::function<void(ServerEvent)> emit)
    : reactor_(reactor),
      protocols_(protocols),
      tasks_(tasks),
      emit_(std::move(emit)),
      refusals_(metrics,
                "libp2p_requests_refused_total",
                "Requests of peers that were not handed over, by reason.",
                "reason",
                kRefusalNames),
      results_(metrics,
               "libp2p_responses_total",
               "Responses to peers that have ended, by result.",
               "result",
               kResultNames),
      undecodable_(DecodeFailures::make(metrics)) {}

bool RequestServer::is_registered(std::string_view protocol) const {
    return std::ranges::find(protocols_, protocol, &RequestProtocol::id) != protocols_.end();
}

void RequestServer::on_stream(const PeerId& peer, NegotiatedStream stream) {
    const auto protocol = std::ranges::find(protocols_, stream.protocol, &RequestProtocol::id);
    LEPTON_ASSERT(protocol != protocols_.end(), stream.protocol);
    std::vector<ServerRequest*> same;
    for (const auto& [id, request] : active_) {
        if (&request->protocol() == &*protocol && request->info().peer == peer) {
            same.push_back(request);
        }
    }
    std::size_t count = same.size();
    if (count >= protocol->concurrency_max) {
        // A peer that asks again as soon as it has its answer asks one at a time, and is faster
        // than the poll.
        for (ServerRequest* request : same) request->settle();
        count = static_cast<std::size_t>(std::ranges::count_if(
            same, [](const ServerRequest* request) { return request->is_active(); }));
    }
    if (count >= protocol->concurrency_max) {
        refusals_.count(Refusal::busy);
        return tasks_.discard(std::move(stream.stream));
    }
    if (!take_token(peer, *protocol)) {
        refusals_.count(Refusal::rate);
        return tasks_.discard(std::move(stream.stream));
    }
    const RequestId id = ++last_id_;
    ServerRequest& request = tasks_.add(std::make_unique<ServerRequest>(
        *this, *protocol, RequestInfo{id, peer, protocol->id}, std::move(stream.stream)));
    active_.emplace(id, &request);
    if (!stream.unread.empty()) request.on_data(stream.unread);
}

bool RequestServer::take_token(const PeerId& peer, const RequestProtocol& protocol) {
    const Time now = reactor_.clock().now();
    if (allowances_.size() >= kAllowancesMax) {
        std::erase_if(allowances_, [now](const auto& entry) { return entry.second <= now; });
    }
    const Duration cost = protocol.rate.interval / protocol.rate.burst;
    Time& full_at = allowances_[{peer, protocol.id}];
    const Time after = std::max(full_at, now) + cost;
    if (after > now + protocol.rate.interval) return false;
    full_at = after;
    return true;
}

std::size_t RequestServer::queued_total() const {
    std::size_t total = 0;
    for (const auto& [id, request] : active_) total += request->queued();
    return total;
}

void RequestServer::on_ended(RequestId id) {
    active_.erase(id);
}

void RequestServer::stop() {
    while (!active_.empty()) active_.begin()->second->finish_with(ResponseResult::stopped);
}

}  // namespace lepton::libp2p
