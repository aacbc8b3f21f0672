// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Two nodes that dial each other at the same time get two connections. Both must drop the same
// one: they keep the one that the smaller peer id dialled. Two connections in the same direction
// mean that the peer has come back before the old connection was found dead: the newer one stays.
#include "libp2p/connection_pool.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p {

ConnectionPool::ConnectionPool(Reactor& reactor,
                               std::unique_ptr<Transport> transport,
                               PeerId self,
                               ConnectionLimits limits,
                               TaskSet& tasks,
                               DeferQueue& later,
                               Metrics& metrics,
                               Events events)
    : reactor_(reactor),
      self_(std::move(self)),
      limits_(limits),
      tasks_(tasks),
      later_(later),
      events_(std::move(events)),
      refusals_(metrics,
                "libp2p_connections_refused_total",
                "Established connections that were not let in, by reason.",
                "reason",
                kRefusalNames),
      transport_(std::move(transport)) {}

Result<Multiaddr, IoError> ConnectionPool::listen(const Multiaddr& address) {
    return transport_->listen(
        address, [this, alive = std::weak_ptr(alive_)](std::unique_ptr<Connection> connection) {
            if (!alive.expired()) on_accept(std::move(connection));
        });
}

// ---- dialling

void ConnectionPool::dial(const Multiaddr& address, DialDone done) {
    const auto fail = [&](DialErrorKind kind, std::string what) {
        later_.add([done = std::move(done),
                    failure = DialFailure{kind, address, std::move(what)}]() mutable {
            done(std::unexpected(std::move(failure)));
        });
    };
    if (is_stopped_) return fail(DialErrorKind::stopped, "the swarm was stopped");
    if (address.peer_id == self_) return fail(DialErrorKind::bad_address, "own peer id");
    if (address.peer_id && is_connected(*address.peer_id)) {
        later_.add([done = std::move(done), peer = *address.peer_id]() mutable { done(peer); });
        return;
    }
    for (auto& [id, pending] : dials_) {
        const bool is_same = address.peer_id ? pending.address.peer_id == address.peer_id
                                             : pending.address == address;
        if (!is_same) continue;
        pending.done.push_back(std::move(done));
        return;
    }
    if (dials_.size() >= limits_.dials_max) return fail(DialErrorKind::limit, "too many dials");
    if (peers_.size() >= limits_.peers_max) return fail(DialErrorKind::limit, "too many peers");

    const std::uint64_t id = ++last_dial_;
    PendingDial& pending = dials_[id];
    pending.address = address;
    pending.done.push_back(std::move(done));
    transport_->dial(address,
                     [this, id, alive = std::weak_ptr(alive_)](
                         Result<std::unique_ptr<Connection>, DialError> result) {
                         if (!alive.expired()) on_dialled(id, std::move(result));
                     });
}

void ConnectionPool::on_dialled(std::uint64_t dial,
                                Result<std::unique_ptr<Connection>, DialError> result) {
    const auto found = dials_.find(dial);
    if (found == dials_.end()) {
        if (result) later_.add([connection = std::move(*result)] {});
        return;
    }
    const Multiaddr address = found->second.address;
    if (!result) {
        const DialError& error = result.error();
        return answer(dial, std::unexpected(DialFailure{error.kind, address, error.what}));
    }
    const PeerId peer = (*result)->peer_id();
    if (const auto refused = adopt(std::move(*result))) {
        const bool is_own = *refused == Refusal::own;
        return answer(
            dial,
            std::unexpected(DialFailure{is_own ? DialErrorKind::bad_address : DialErrorKind::limit,
                                        address,
                                        is_own ? "own peer id" : "too many peers"}));
    }
    answer(dial, peer);
}

void ConnectionPool::answer(std::uint64_t dial, const DialOutcome& outcome) {
    auto node = dials_.extract(dial);
    for (DialDone& done : node.mapped().done) {
        later_.add([done = std::move(done), outcome]() mutable { done(std::move(outcome)); });
    }
}

// ---- admission

std::optional<ConnectionPool::Refusal> ConnectionPool::refusal(const PeerId& peer,
                                                               bool is_outbound) const {
    if (is_stopped_) return Refusal::stopped;
    if (peer == self_) return Refusal::own;
    if (is_connected(peer)) return std::nullopt;
    if (peers_.size() >= limits_.peers_max) return Refusal::peers;
    if (is_outbound) return std::nullopt;
    const auto inbound = std::ranges::count_if(
        peers_, [](const auto& each) { return !each.second.front().connection->is_outbound(); });
    if (static_cast<std::size_t>(inbound) >= limits_.inbound_peers_max) {
        return Refusal::inbound_peers;
    }
    return std::nullopt;
}

std::optional<ConnectionPool::Refusal> ConnectionPool::adopt(
    std::unique_ptr<Connection> connection) {
    const PeerId peer = connection->peer_id();
    const bool is_outbound = connection->is_outbound();
    if (const auto refused = refusal(peer, is_outbound)) {
        refusals_.count(*refused);
        later_.add([connection = std::move(connection)] {});
        return refused;
    }
    connection->set_handler(this);
    std::vector<Entry>& entries = peers_[peer];
    entries.push_back({std::move(connection), nullptr, false});
    resolve_duplicates(peer);
    events_.connected(peer, is_outbound, entries.size());
    return std::nullopt;
}

void ConnectionPool::on_accept(std::unique_ptr<Connection> connection) {
    const Multiaddr address = connection->remote_address();
    if (const auto refused = adopt(std::move(connection))) {
        events_.refused(address, kRefusalNames[static_cast<std::size_t>(*refused)]);
    }
}

void ConnectionPool::resolve_duplicates(const PeerId& peer) {
    std::vector<Entry>& entries = peers_.at(peer);
    if (entries.size() < 2) return;
    // Connections that wait for their end have been replaced already.
    for (std::size_t i = 0; i + kConnectionsPerPeerMax < entries.size(); ++i) {
        close(entries[i], "too many connections");
    }
    Entry& older = entries[entries.size() - 2];
    Entry& newer = entries.back();
    const bool newer_is_outbound = newer.connection->is_outbound();
    bool older_stays = false;
    if (older.connection->is_outbound() != newer_is_outbound) {
        older_stays = newer_is_outbound != (self_ < peer);
    }
    Entry& loser = older_stays ? newer : older;
    if (loser.closing) return;
    loser.closing = std::make_unique<Timer>(reactor_);
    loser.closing->set(kDuplicateGrace, [this, peer, connection = loser.connection.get()] {
        for (Entry& entry : peers_.at(peer)) {
            if (entry.connection.get() == connection) close(entry, "duplicate connection");
        }
    });
}

void ConnectionPool::close(Entry& entry, std::string_view why) {
    if (std::exchange(entry.is_closing, true)) return;
    entry.connection->close(0, why);
}

void ConnectionPool::disconnect(const PeerId& peer, std::string_view why) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    for (Entry& entry : found->second) close(entry, why);
}

void ConnectionPool::on_closed(Connection& connection, const CloseReason& reason) {
    const PeerId peer = connection.peer_id();
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    std::vector<Entry>& entries = found->second;
    const auto entry = std::ranges::find_if(
        entries, [&](const Entry& each) { return each.connection.get() == &connection; });
    if (entry == entries.end()) return;
    later_.add([gone = std::move(entry->connection)] {});
    entries.erase(entry);
    const std::size_t remaining = entries.size();
    if (remaining == 0) {
        peers_.erase(found);
    } else if (remaining == 1) {
        // The other one is gone: this one stays after all.
        entries.front().closing.reset();
    }
    events_.disconnected(peer, reason, remaining);
}

// ---- streams

ConnectionPool::Entry* ConnectionPool::preferred(const PeerId& peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return nullptr;
    for (Entry& entry : found->second) {
        if (!entry.is_closing && !entry.closing) return &entry;
    }
    Entry& last = found->second.back();
    return last.is_closing ? nullptr : &last;
}

void ConnectionPool::open(const PeerId& peer,
                          std::vector<std::string> protocols,
                          std::optional<Early> early,
                          Negotiation::Done done) {
    LEPTON_ASSERT(!early || protocols.size() == 1);
    const auto fail = [&](OpenError error) {
        later_.add([done = std::move(done), error]() mutable { done(std::unexpected(error)); });
    };
    Entry* entry = preferred(peer);
    if (entry == nullptr) return fail(OpenError::not_connected);
    std::unique_ptr<Stream> stream = entry->connection->open_stream();
    if (stream == nullptr) return fail(OpenError::no_stream);
    MultistreamDialer dialer(std::move(protocols));
    Bytes first = dialer.first_flight();
    if (early) append(first, early->payload);
    if (!stream->write(std::move(first))) return fail(OpenError::no_stream);
    if (early && early->finish) stream->finish();
    tasks_.add(std::make_unique<Negotiation>(
        reactor_, std::move(stream), std::move(dialer), std::move(done)));
}

void ConnectionPool::on_stream(Connection& connection, std::unique_ptr<Stream> stream) {
    tasks_.add(std::make_unique<Negotiation>(
        reactor_,
        std::move(stream),
        MultistreamListener(events_.is_supported),
        [this, &connection](Result<NegotiatedStream, OpenError> result) {
            // The streams of a connection end before the connection does.
            if (result) events_.stream(connection, std::move(*result));
        }));
}

void ConnectionPool::stop() {
    is_stopped_ = true;
    transport_->stop();
    peers_.clear();
    while (!dials_.empty()) {
        const auto& [id, pending] = *dials_.begin();
        answer(id,
               std::unexpected(
                   DialFailure{DialErrorKind::stopped, pending.address, "the swarm was stopped"}));
    }
}

}  // namespace lepton::libp2p
