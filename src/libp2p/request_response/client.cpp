// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/request_response/client.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p {

/// Reads the answer to one request. It stops to read when the application is behind: then the
/// stream's flow control stops the peer.
class ResponseReader final : public StreamTask {
  public:
    ResponseReader(RequestClient& client,
                   RequestId id,
                   std::unique_ptr<MessageDecoder> decoder,
                   std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)), client_(client), id_(id), decoder_(std::move(decoder)) {}

    void drop() { end(); }

    void resume() {
        is_paused_ = false;
        const Bytes held = std::exchange(held_, {});
        read(held);
    }

  private:
    /// Decoded at a time, so that a pause takes effect soon.
    static constexpr std::size_t kPieceSize = 16 * 1024;

    void data(ByteView bytes) override {
        if (is_paused_) return append(held_, bytes);
        read(bytes);
    }

    void read(ByteView bytes) {
        while (!bytes.empty()) {
            const ByteView piece = bytes.first(std::min(bytes.size(), kPieceSize));
            bytes = bytes.subspan(piece.size());
            std::vector<Bytes> chunks;
            const auto fed = decoder_->feed(piece, chunks);
            stream().consume(piece.size());
            is_paused_ = !client_.on_chunks(id_, std::move(chunks));
            if (!fed) {
                return client_.fail(id_,
                                    fed.error() == DecodeError::too_large
                                        ? RequestError::too_large
                                        : RequestError::malformed);
            }
            if (is_paused_) {
                held_ = to_bytes(bytes);
                return;
            }
        }
        if (has_ended_) finish();
    }

    void data_ended() override {
        has_ended_ = true;
        if (!is_paused_) finish();
    }

    void finish() {
        if (decoder_->is_between_messages()) {
            client_.on_ended(id_);
        } else {
            client_.fail(id_, RequestError::malformed);
        }
    }

    void failed(const StreamError&) override { client_.fail(id_, RequestError::reset); }

    RequestClient& client_;
    RequestId id_;
    std::unique_ptr<MessageDecoder> decoder_;
    bool is_paused_ = false;
    bool has_ended_ = false;
    /// Unread bytes behind a pause: at most the stream's window.
    Bytes held_;
};

namespace {

RequestError error_of(OpenError error) {
    switch (error) {
        case OpenError::not_connected:
            return RequestError::no_peer;
        case OpenError::no_stream:
            return RequestError::limit;
        case OpenError::unsupported:
            return RequestError::unsupported_protocol;
        case OpenError::timeout:
            return RequestError::timeout;
        case OpenError::malformed:
            return RequestError::malformed;
        case OpenError::reset:
            break;
    }
    return RequestError::reset;
}

}  // namespace

std::string_view to_string(RequestError error) {
    switch (error) {
        case RequestError::no_peer:
            return "no_peer";
        case RequestError::unsupported_protocol:
            return "unsupported_protocol";
        case RequestError::timeout:
            return "timeout";
        case RequestError::reset:
            return "reset";
        case RequestError::malformed:
            return "malformed";
        case RequestError::too_large:
            return "too_large";
        case RequestError::limit:
            return "limit";
        case RequestError::stopped:
            return "stopped";
    }
    return "unknown";
}

RequestClient::RequestClient(Reactor& reactor,
                             const std::vector<RequestProtocol>& protocols,
                             ConnectionPool& pool,
                             TaskSet& tasks,
                             DeferQueue& later,
                             Metrics& metrics)
    : reactor_(reactor),
      protocols_(protocols),
      pool_(pool),
      tasks_(tasks),
      later_(later),
      outcomes_(metrics,
                "libp2p_requests_total",
                "Requests to peers that have ended, by outcome.",
                "outcome",
                kOutcomeNames),
      undecodable_(DecodeFailures::make(metrics)) {}

RequestClient::~RequestClient() = default;

RequestClient::Active* RequestClient::find(RequestId id) {
    const auto found = active_.find(id);
    return found == active_.end() || found->second.is_over ? nullptr : &found->second;
}

const RequestProtocol& RequestClient::registered(std::string_view protocol) const {
    const auto found = std::ranges::find(protocols_, protocol, &RequestProtocol::id);
    LEPTON_ASSERT(found != protocols_.end(), protocol);
    return *found;
}

std::size_t RequestClient::count_active(const PeerId& peer, const RequestProtocol& protocol) const {
    return static_cast<std::size_t>(std::ranges::count_if(active_, [&](const auto& each) {
        const Active& active = each.second;
        return !active.is_over && active.protocol == &protocol && active.info.peer == peer;
    }));
}

RequestId RequestClient::request(const PeerId& peer,
                                 std::string_view protocol,
                                 Bytes encoded,
                                 OnEvent on_event) {
    const RequestProtocol& registration = registered(protocol);
    const bool is_full = count_active(peer, registration) >= registration.concurrency_max;
    const RequestId id = ++last_id_;
    Active& active = active_
                         .emplace(id,
                                  Active{{id, peer, registration.id},
                                         &registration,
                                         std::move(on_event),
                                         nullptr,
                                         std::make_unique<Timer>(reactor_),
                                         std::make_unique<Timer>(reactor_),
                                         {},
                                         false,
                                         0,
                                         {},
                                         0})
                         .first->second;
    if (is_stopped_) {
        fail(id, RequestError::stopped);
    } else if (!pool_.is_connected(peer)) {
        fail(id, RequestError::no_peer);
    } else if (is_full) {
        fail(id, RequestError::limit);
    } else {
        active.total->set(registration.timeout_total,
                          [this, id] { fail(id, RequestError::timeout); });
        arm_next_chunk(active);
        pool_.open(peer,
                   {registration.id},
                   ConnectionPool::Early{std::move(encoded), true},
                   [this, id](Result<NegotiatedStream, OpenError> result) {
                       on_opened(id, std::move(result));
                   });
    }
    return id;
}

void RequestClient::on_opened(RequestId id, Result<NegotiatedStream, OpenError> result) {
    Active* active = find(id);
    if (active == nullptr) {
        if (result) tasks_.discard(std::move(result->stream));
        return;
    }
    if (!result) return fail(id, error_of(result.error()));
    active->reader = &tasks_.add(std::make_unique<ResponseReader>(
        *this, id, active->protocol->make_response_decoder(), std::move(result->stream)));
    if (!result->unread.empty()) active->reader->on_data(result->unread);
}

bool RequestClient::is_paused(const Active& active) {
    return active.unhandled.size() >= kUnhandledChunksMax ||
           active.unhandled_bytes >= kUnhandledBytesMax;
}

void RequestClient::arm_next_chunk(Active& active) {
    active.next_chunk->set(active.protocol->timeout,
                           [this, id = active.info.id] { fail(id, RequestError::timeout); });
}

bool RequestClient::on_chunks(RequestId id, std::vector<Bytes> chunks) {
    Active* active = find(id);
    if (active == nullptr) return false;
    if (chunks.empty()) return true;
    for (Bytes& chunk : chunks) {
        ++active->chunks;
        active->unhandled.push_back(chunk.size());
        active->unhandled_bytes += chunk.size();
        add_event(*active, ResponseChunk{active->info, std::move(chunk)});
    }
    if (is_paused(*active)) {
        // The application's time is not the peer's.
        active->next_chunk->cancel();
        return false;
    }
    arm_next_chunk(*active);
    return true;
}

void RequestClient::chunk_handled(RequestId id) {
    Active* active = find(id);
    if (active == nullptr || active->unhandled.empty()) return;
    const bool was_paused = is_paused(*active);
    active->unhandled_bytes -= active->unhandled.front();
    active->unhandled.pop_front();
    if (!was_paused || is_paused(*active)) return;
    arm_next_chunk(*active);
    active->reader->resume();
}

void RequestClient::on_ended(RequestId id) {
    Active* active = find(id);
    if (active != nullptr) finish(*active, ResponseEnd{active->info, active->chunks});
}

void RequestClient::fail(RequestId id, RequestError kind) {
    Active* active = find(id);
    if (active == nullptr) return;
    if (kind == RequestError::malformed || kind == RequestError::too_large) {
        undecodable_->count(active->info.peer, active->info.protocol, to_string(kind));
    }
    finish(*active, RequestFailure{active->info, kind, active->chunks});
}

void RequestClient::finish(Active& active, RequestEvent final_event) {
    const auto* failure = std::get_if<RequestFailure>(&final_event);
    outcomes_.count(failure == nullptr ? Outcome::ok : static_cast<Outcome>(failure->kind));
    active.is_over = true;
    active.next_chunk->cancel();
    active.total->cancel();
    if (active.reader != nullptr) std::exchange(active.reader, nullptr)->drop();
    add_event(active, std::move(final_event));
}

void RequestClient::add_event(Active& active, RequestEvent event) {
    active.events.push_back(std::move(event));
    later_.add([this, id = active.info.id] { deliver(id); });
}

void RequestClient::deliver(RequestId id) {
    const auto found = active_.find(id);
    if (found == active_.end() || found->second.events.empty()) return;
    RequestEvent event = std::move(found->second.events.front());
    found->second.events.pop_front();
    // The receiver may do anything, even stop the client: nothing of the entry is held meanwhile.
    OnEvent on_event = std::move(found->second.on_event);
    const bool is_final = !std::holds_alternative<ResponseChunk>(event);
    if (is_final) active_.erase(found);
    on_event(std::move(event));
    if (is_final) return;
    const auto again = active_.find(id);
    if (again != active_.end()) again->second.on_event = std::move(on_event);
}

void RequestClient::stop() {
    is_stopped_ = true;
    std::vector<RequestId> ids;
    for (const auto& [id, active] : active_) ids.push_back(id);
    for (const RequestId id : ids) fail(id, RequestError::stopped);
}

}  // namespace lepton::libp2p
