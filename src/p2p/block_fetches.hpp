// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The blocks this node asks its peers for, by root: one entry for each wanted root, from the first
// asker to the outcome. An entry is always in exactly one of three states: an attempt is in flight,
// the time of the next one is set, or no peer can take it and the next change of peers wakes it. So
// none can be forgotten. Pure state: time and results go in, attempts come out. One thread.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "libp2p/peer_id.hpp"
#include "network_api/messages.hpp"
#include "p2p/limits.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace lepton::p2p {

/// One request to make: ask `peer` for the block `root`, then report under `id`.
struct FetchAttempt {
    std::uint64_t id = 0;
    Root root;
    libp2p::PeerId peer;
};

enum class AttemptResult : std::uint8_t {
    /// The block came and was handed on.
    delivered,
    /// No such block from this peer: error, empty or wrong answer, time-out, connection lost. Other
    /// peers are asked first from now on.
    failed,
    /// The block came, but this node could not take it. Says nothing of the peer.
    not_taken,
};

class BlockFetches {
  public:
    /// Told the outcome of a fetch, once.
    using Done = std::move_only_function<void(const network_api::FetchOutcome&)>;

    /// `random` must outlive the table.
    explicit BlockFetches(Random& random) : random_(random) {}

    /// Wants the block `root`; asks `preferred` first, if it is connected. A root that is wanted
    /// already gets one more waiter. With a full table `done` is told at once that the fetch was
    /// given up, and a waiter too many displaces the oldest one in the same way.
    void add(const Root& root, Done done, Time now, const libp2p::PeerId* preferred = nullptr);

    void peer_connected(const libp2p::PeerId& peer);
    /// Attempts in flight to the peer count as failed; their results are ignored from now on.
    void peer_disconnected(const libp2p::PeerId& peer, Time now);

    /// Returns an attempt that is due and starts it; to be called until nothing is returned.
    std::optional<FetchAttempt> next_attempt(Time now);

    /// Ends the attempt `id`; does nothing when it is over already.
    void finish(std::uint64_t id, AttemptResult result, Time now);

    /// Tells every waiter that this node has stopped, and forgets everything.
    void stop();

    /// Returns when next_attempt has something to do if nothing else happens.
    std::optional<Time> next_due() const;

    bool contains(const Root& root) const { return entries_.contains(root); }
    std::size_t size() const { return entries_.size(); }
    std::size_t in_flight() const { return attempts_.size(); }
    /// Entries that wait for a peer.
    std::size_t stalled() const { return stalled_.size(); }

  private:
    struct Stalled {};
    struct Waiting {
        Time due;
    };
    struct InFlight {
        std::uint64_t id;
        libp2p::PeerId peer;
    };
    struct Entry {
        std::variant<Stalled, Waiting, InFlight> state;
        unsigned attempts = 0;
        std::set<libp2p::PeerId> failed_peers;
        std::optional<libp2p::PeerId> preferred;
        std::deque<Done> waiters;
    };
    using Entries = std::map<Root, Entry>;

    void wait_until(Entries::iterator at, Time due);
    void stall(Entries::iterator at);
    std::optional<libp2p::PeerId> choose_peer(Entry& entry);
    FetchAttempt start(Entries::iterator at, const libp2p::PeerId& peer);
    void end(Entries::iterator at, network_api::FetchStatus status);
    void check() const;

    Random& random_;
    Entries entries_;
    std::set<std::pair<Time, Root>> waiting_;
    /// In the order in which they are served.
    std::vector<Root> stalled_;
    std::map<std::uint64_t, Root> attempts_;
    std::uint64_t last_attempt_ = 0;
    /// Connected peers and the number of attempts in flight to each.
    std::map<libp2p::PeerId, std::size_t> peers_;
};

}  // namespace lepton::p2p
