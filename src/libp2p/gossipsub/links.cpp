// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/links.hpp"

#include "libp2p/frame_reader.hpp"

#include <algorithm>

namespace lepton::libp2p::gossipsub {

/// The stream towards a peer. Only little waits in it, the rest in the router's queues, where it
/// can be ordered and dropped.
class OutLink final : public StreamTask {
  public:
    OutLink(Links& links, PeerId peer, std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)), links_(links), peer_(std::move(peer)) {}

    void pump(Router& router) {
        while (stream().queued_size() < Stream::kQueueSizeLow) {
            auto frame = router.next_frame(peer_);
            if (!frame) return;
            if (!stream().write(std::move(*frame))) return lose();
        }
    }
    void lose() {
        end();
        links_.on_out_lost(peer_);
    }
    void drop() { end(); }

  private:
    void data(ByteView bytes) override {
        // A peer answers on its own stream; what comes here means nothing.
        stream().consume(bytes.size());
    }
    void failed(const StreamError&) override { lose(); }
    void writable() override { links_.pump(peer_); }

    Links& links_;
    PeerId peer_;
};

/// The stream from a peer.
class InLink final : public StreamTask {
  public:
    InLink(Links& links, PeerId peer, std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)), links_(links), peer_(std::move(peer)) {}

    void drop() { end(); }

    FrameReader reader{kRpcSizeMax};
    /// Since when the current frame is incomplete; only meaningful while it is.
    Time partial_since{};

  private:
    void data(ByteView bytes) override {
        stream().consume(bytes.size());
        links_.on_frames(peer_, bytes, *this);
    }
    void data_ended() override { lose(); }
    void failed(const StreamError&) override { lose(); }
    void lose() {
        end();
        links_.on_in_lost(peer_, *this);
    }

    Links& links_;
    PeerId peer_;
};

Links::Links(Reactor& reactor,
             Router& router,
             Duration heartbeat,
             ConnectionPool& pool,
             TaskSet& tasks,
             Metrics& metrics,
             std::function<void(Effects)> on_effects)
    : reactor_(reactor),
      router_(router),
      heartbeat_interval_(heartbeat),
      pool_(pool),
      tasks_(tasks),
      on_effects_(std::move(on_effects)),
      losses_(metrics,
              "libp2p_gossipsub_streams_reset_total",
              "Gossip streams of peers that this node ended, by reason.",
              "reason",
              kLossNames),
      heartbeat_(reactor) {
    heartbeat_.set(heartbeat_interval_, [this] { on_heartbeat(); });
}

Links::~Links() = default;

void Links::add_peer(const PeerId& peer, bool is_outbound) {
    router_.add_peer(peer, is_outbound, now());
    peers_[peer].reopen = std::make_unique<Timer>(reactor_);
    open(peer);
    settle();
}

void Links::remove_peer(const PeerId& peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    if (InLink* in = found->second.in; in != nullptr) {
        partial_bytes_ -= in->reader.partial_size();
        in->drop();
    }
    if (OutLink* out = found->second.out; out != nullptr) out->drop();
    peers_.erase(found);
    router_.remove_peer(peer, now());
    settle();
}

void Links::connection_lost(const PeerId& peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || found->second.out != nullptr) return;
    found->second.reopen->set(Duration::zero(), [this, peer] { open(peer); });
}

// ---- the stream towards a peer

void Links::open(const PeerId& peer) {
    std::vector<std::string> protocols;
    for (const auto& [name, version] : kProtocols) protocols.emplace_back(name);
    pool_.open(peer,
               std::move(protocols),
               std::nullopt,
               [this, peer](Result<NegotiatedStream, OpenError> result) {
                   on_opened(peer, std::move(result));
               });
}

void Links::on_opened(const PeerId& peer, Result<NegotiatedStream, OpenError> result) {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || found->second.out != nullptr) {
        if (result) tasks_.discard(std::move(result->stream));
        return;
    }
    if (!result) {
        // A peer that does not speak gossipsub will not learn it on this connection.
        if (result.error() != OpenError::unsupported) reopen_later(peer);
        return;
    }
    const auto protocol = std::ranges::find(
        kProtocols, result->protocol, [](const auto& each) { return each.first; });
    found->second.out =
        &tasks_.add(std::make_unique<OutLink>(*this, peer, std::move(result->stream)));
    found->second.reopen_delay = kReopenDelayMin;
    router_.open_output(peer, protocol->second);
    settle();
}

void Links::reopen_later(const PeerId& peer) {
    Peer& state = peers_.at(peer);
    state.reopen->set(state.reopen_delay, [this, peer] { open(peer); });
    state.reopen_delay = std::min(state.reopen_delay * 2, kReopenDelayMax);
}

void Links::on_out_lost(const PeerId& peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    found->second.out = nullptr;
    router_.lose_output(peer);
    reopen_later(peer);
}

void Links::pump(const PeerId& peer) {
    const auto found = peers_.find(peer);
    if (found != peers_.end() && found->second.out != nullptr) found->second.out->pump(router_);
}

// ---- the stream from a peer

void Links::on_stream(const PeerId& peer, NegotiatedStream stream) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return tasks_.discard(std::move(stream.stream));
    if (InLink* earlier = found->second.in; earlier != nullptr) {
        losses_.count(Loss::replaced);
        partial_bytes_ -= earlier->reader.partial_size();
        earlier->drop();
    }
    InLink& link = tasks_.add(std::make_unique<InLink>(*this, peer, std::move(stream.stream)));
    found->second.in = &link;
    // go-libp2p opens another stream after it has given up its first one, and with that one it has
    // forgotten what this node had said on the other stream, which still stands. The one that it
    // gave up may have been towards the process that ran here before: each stream counts.
    router_.repeat_greeting(peer, now());
    link.on_data(stream.unread);
    settle();
}

void Links::on_in_lost(const PeerId& peer, const InLink& link) {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || found->second.in != &link) return;
    partial_bytes_ -= link.reader.partial_size();
    found->second.in = nullptr;
}

void Links::on_frames(const PeerId& peer, ByteView bytes, InLink& link) {
    const std::size_t partial_before = link.reader.partial_size();
    bool is_first = true;
    const auto fed = link.reader.feed(bytes, [&](ByteView frame) {
        is_first = false;
        router_.on_rpc(peer, frame, now());
    });
    partial_bytes_ += link.reader.partial_size();
    partial_bytes_ -= partial_before;
    if (partial_before == 0 || !is_first) link.partial_since = now();
    if (!fed) {
        router_.on_malformed_frame(peer, now());
        on_in_lost(peer, link);
        link.drop();
    }
    check_partial_frames();
    settle();
}

void Links::check_partial_frames() {
    while (partial_bytes_ > kPartialFramesMax) {
        const auto largest = std::ranges::max_element(peers_, {}, [](const auto& each) {
            return each.second.in == nullptr ? 0 : each.second.in->reader.partial_size();
        });
        losses_.count(Loss::partial_frames);
        InLink& link = *largest->second.in;
        on_in_lost(largest->first, link);
        link.drop();
    }
}

// ---- the router

void Links::on_heartbeat() {
    heartbeat_.set(heartbeat_interval_, [this] { on_heartbeat(); });
    for (auto& [peer, state] : peers_) {
        InLink* in = state.in;
        if (in == nullptr || in->reader.partial_size() == 0) continue;
        if (now() - in->partial_since < kFrameTimeout) continue;
        losses_.count(Loss::frame_timeout);
        on_in_lost(peer, *in);
        in->drop();
    }
    router_.heartbeat(now());
    settle();
}

void Links::settle() {
    Effects effects = router_.take_effects();
    for (const PeerId& peer : effects.writable) pump(peer);
    on_effects_(std::move(effects));
}

}  // namespace lepton::libp2p::gossipsub
