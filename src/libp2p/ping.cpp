// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/ping.hpp"

#include <algorithm>

namespace lepton::libp2p {
/// Waits for the echo of one ping.
class Pinger final : public StreamTask {
  public:
    Pinger(PingService& service, std::uint64_t ping, Bytes payload, std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)),
          service_(service),
          ping_(ping),
          payload_(std::move(payload)),
          deadline_(service.reactor_) {
        deadline_.set(kPingTimeout, [this] { finish(PingError::timeout); });
    }

  private:
    void data(ByteView bytes) override {
        stream().consume(bytes.size());
        append(received_, bytes.first(std::min(bytes.size(), kPingSize - received_.size())));
        if (received_.size() < kPingSize) return;
        if (received_ == payload_) return finish(std::nullopt);
        finish(PingError::failed);
    }
    void data_ended() override { finish(PingError::failed); }
    void failed(const StreamError&) override { finish(PingError::failed); }
    void finish(std::optional<PingError> error) {
        deadline_.cancel();
        stream().finish();
        end();
        service_.finish(ping_, error);
    }

    PingService& service_;
    std::uint64_t ping_;
    Bytes payload_;
    Bytes received_;
    Timer deadline_;
};

namespace {

class Echo final : public StreamTask {
  public:
    Echo(std::unique_ptr<Stream> made, std::function<void()> on_end)
        : StreamTask(std::move(made)), done_(std::move(on_end)) {}
    ~Echo() override { done_(); }

  private:
    void data(ByteView bytes) override {
        stream().consume(bytes.size());
        while (!bytes.empty()) {
            const std::size_t missing = std::min(bytes.size(), kPingSize - received_.size());
            append(received_, bytes.first(missing));
            bytes = bytes.subspan(missing);
            if (received_.size() < kPingSize) return;
            // A peer that sends without reading is cut off, not buffered for.
            if (stream().queued_size() >= Stream::kQueueSizeLow ||
                !stream().write(std::exchange(received_, {}))) {
                return end();
            }
        }
    }
    void data_ended() override {
        stream().finish();
        end();
    }
    void failed(const StreamError&) override { end(); }

    std::function<void()> done_;
    Bytes received_;
};

PingError error_of(OpenError error) {
    switch (error) {
        case OpenError::not_connected:
            return PingError::no_peer;
        case OpenError::unsupported:
            return PingError::unsupported;
        case OpenError::timeout:
            return PingError::timeout;
        default:
            return PingError::failed;
    }
}

}  // namespace

void PingService::ask(const PeerId& peer, Done done) {
    const std::uint64_t ping = ++last_ping_;
    Bytes payload(kPingSize);
    random_.fill(payload);
    pending_.emplace(ping, Pending{std::move(done), reactor_.clock().now(), payload});
    if (is_stopped_) return finish(ping, PingError::stopped);
    pool_.open(peer,
               {std::string(kPingProtocol)},
               ConnectionPool::Early{std::move(payload), false},
               [this, ping](Result<NegotiatedStream, OpenError> result) {
                   on_opened(ping, std::move(result));
               });
}

void PingService::on_opened(std::uint64_t ping, Result<NegotiatedStream, OpenError> result) {
    if (!result) return finish(ping, error_of(result.error()));
    const auto found = pending_.find(ping);
    if (found == pending_.end()) return tasks_.discard(std::move(result->stream));
    auto& task = tasks_.add(
        std::make_unique<Pinger>(*this, ping, found->second.payload, std::move(result->stream)));
    if (!result->unread.empty()) task.on_data(result->unread);
}

void PingService::finish(std::uint64_t ping, std::optional<PingError> error) {
    auto node = pending_.extract(ping);
    if (node.empty()) return;
    PingOutcome outcome = reactor_.clock().now() - node.mapped().sent;
    if (error) outcome = std::unexpected(*error);
    later_.add([done = std::move(node.mapped().done), outcome]() mutable { done(outcome); });
}

void PingService::stop() {
    is_stopped_ = true;
    while (!pending_.empty()) {
        finish(pending_.begin()->first, PingError::stopped);
    }
}

void PingService::answer(const PeerId& peer, NegotiatedStream stream) {
    std::size_t& count = answering_[peer];
    if (count >= kPingStreamsMax) return tasks_.discard(std::move(stream.stream));
    ++count;
    auto& task = tasks_.add(std::make_unique<Echo>(std::move(stream.stream), [this, peer] {
        const auto found = answering_.find(peer);
        if (--found->second == 0) answering_.erase(found);
    }));
    if (!stream.unread.empty()) task.on_data(stream.unread);
}

}  // namespace lepton::libp2p
