// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What this node knows of each peer: one state machine for each, its points, and when to dial the
// static ones (bootnodes). A static peer is connected, being dialled, or has the time of its next
// dial set, whatever happens: it is never given up. Pure state: events and time go in, dials come
// out. One thread.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "libp2p/multiaddr.hpp"
#include "p2p/limits.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace lepton::p2p {

class PeerBook {
  public:
    /// `random` must outlive the book.
    explicit PeerBook(Random& random) : random_(random) {}

    /// Adds a peer to be connected from now on; does nothing when it was added before. Requires a
    /// peer id in the address.
    void add_static(const libp2p::Multiaddr& address, Time now);

    /// Returns an address to dial now; the peer counts as being dialled until dial_finished. To be
    /// called until nothing is returned.
    std::optional<libp2p::Multiaddr> next_dial(Time now);
    /// The dial ended. Success only sets the time to look again: it is `connected` that counts.
    void dial_finished(const libp2p::PeerId& peer, bool has_succeeded, Time now);

    void connected(const libp2p::PeerId& peer, Time now);
    void disconnected(const libp2p::PeerId& peer, Time now);

    /// Takes `points` from the peer. Returns true when that bans it from now on: it is to be
    /// disconnected. Static peers lose points but are not banned: the operator chose them, and they
    /// may hand on what others made, because other clients forward before they judge.
    bool penalize(const libp2p::PeerId& peer, double points, Time now);
    /// True while connections of the peer are to be closed.
    bool is_banned(const libp2p::PeerId& peer, Time now) const;
    double points(const libp2p::PeerId& peer, Time now) const;

    /// Returns when next_dial has something to do if nothing else happens.
    std::optional<Time> next_due() const;

    bool is_connected(const libp2p::PeerId& peer) const;
    bool is_static(const libp2p::PeerId& peer) const;
    std::size_t connected_count() const { return connected_count_; }
    std::size_t size() const { return peers_.size(); }

  private:
    enum class State : std::uint8_t {
        /// Not connected, and nothing is to be done about it.
        idle,
        dialling,
        connected,
        /// Not connected; to be dialled at Peer::due.
        backoff,
    };
    struct Peer {
        /// Present for static peers only.
        std::optional<libp2p::Multiaddr> address;
        State state = State::idle;
        Time due{};
        unsigned failures = 0;
        double points = kPeerPointsMax;
        Time points_at{};
        std::optional<Time> banned_until;
    };
    using Peers = std::map<libp2p::PeerId, Peer>;

    Peer& get(const libp2p::PeerId& id, Time now);
    void leave_state(Peers::iterator at);
    void back_off(Peers::iterator at, Duration delay, Time now);
    void make_room(Time now);
    static double points(const Peer& peer, Time now);

    Random& random_;
    Peers peers_;
    /// Peers in state backoff, by the time of their dial.
    std::set<std::pair<Time, libp2p::PeerId>> due_;
    std::size_t static_count_ = 0;
    std::size_t dialling_count_ = 0;
    std::size_t connected_count_ = 0;
};

}  // namespace lepton::p2p
