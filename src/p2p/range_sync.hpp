// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How a node that is far behind catches up: it asks one peer at a time for the next few slots of
// its chain, and asks for more only when its own head has followed. What counts is what was
// imported, not what was received: a part that is missing or useless is asked for again, from
// another peer. It needs no new connection to go on or to start over. Pure state: heads, results
// and time go in, requests come out. One thread.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "libp2p/peer_id.hpp"
#include "network_api/chain_view.hpp"
#include "p2p/limits.hpp"
#include "types/checkpoint.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace lepton::p2p {

/// Ask `peer` for the blocks of slots [start, start + count), and report under `id`.
struct RangeRequest {
    std::uint64_t id = 0;
    libp2p::PeerId peer;
    Slot start;
    std::uint64_t count = 0;
};

class RangeSync {
  public:
    /// `random` must outlive this object.
    explicit RangeSync(Random& random) : random_(random) {}

    /// A peer told its head. The caller has checked that the slot is not in the future.
    void set_peer_head(const libp2p::PeerId& peer, Slot head);
    /// The request in flight to the peer, if there is one, has failed.
    void peer_disconnected(const libp2p::PeerId& peer, Time now);

    /// Returns a request to make, given the present state of the chain.
    std::optional<RangeRequest> next(const network_api::ChainView& view, Time now);

    /// These blocks of the answer to request `id` were handed on, ascending and at least one. Does
    /// nothing for a request that is over.
    void delivered(std::uint64_t id, std::vector<Checkpoint> blocks, Time now);
    /// The answer had no blocks: the slots are empty, or the peer does not tell.
    void empty(std::uint64_t id);
    /// There is no usable answer.
    void failed(std::uint64_t id, Time now);

    /// Returns when `next` is to be called if nothing else happens.
    std::optional<Time> next_due() const;

    /// True from the first request until this node has caught up or no peer is of use.
    bool is_active() const { return !std::holds_alternative<Idle>(state_); }

  private:
    struct Idle {};
    struct InFlight {
        RangeRequest request;
    };
    /// Waits for blocks to be in the own tree.
    struct Importing {
        libp2p::PeerId peer;
        std::vector<Checkpoint> blocks;
        /// How many of them are, and until when one more must be.
        std::size_t imported = 0;
        Time deadline;
        Time look_at;
    };

    void blame(const libp2p::PeerId& peer, Time now);
    /// Goes on right above the own head, with any peer.
    void reset_cursor();
    std::optional<RangeRequest> start(Slot own_head, Time now);
    /// Returns whether the wait for imports is over.
    bool look(Importing& importing, const network_api::ChainView& view, Time now);
    const RangeRequest* in_flight(std::uint64_t id) const;

    Random& random_;
    std::variant<Idle, InFlight, Importing> state_;
    std::map<libp2p::PeerId, Slot> heads_;
    /// Peers that were of no use lately.
    std::set<libp2p::PeerId> blamed_;
    std::optional<Time> forgive_at_;
    /// Slots below it were imported, or `cursor_peer_` says that they are empty: it alone is asked
    /// to go on from there.
    Slot cursor_;
    std::optional<libp2p::PeerId> cursor_peer_;
    /// Slots to ask for; more while they are empty.
    std::uint64_t batch_ = kRangeBatch;
    /// Not before this is the next request made.
    Time paced_until_{};
    std::optional<Time> wake_at_;
    std::uint64_t last_id_ = 0;
};

}  // namespace lepton::p2p
