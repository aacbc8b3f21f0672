// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Answers the block requests of peers from the database: one block at a time, peers in turn, each
// within its budget of bytes, and only as fast as the network takes it. Nothing of a
// block is kept once it was handed on. State without timers: the owner calls `next` when something
// may be ready. One thread.
#pragma once

#include "base/clock.hpp"
#include "p2p/limits.hpp"
#include "p2p/swarm_messages.hpp"
#include "p2p/token_bucket.hpp"
#include "storage/block_reader.hpp"
#include "types/network_messages.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace lepton::p2p {

class BlockServer {
  public:
    /// `reader` must outlive the server.
    explicit BlockServer(const storage::BlockReader& reader) : reader_(reader) {}

    /// Takes a request; the answer comes out of `next`. Blocks that the database does not have are
    /// left out.
    void add(const InboundRequest& request, const BlocksByRootRequest& roots, Time now);
    /// Answers with the blocks of the canonical chain, ascending. A count of 0 or above
    /// kMaxRequestBlocks is answered with an error.
    void add(const InboundRequest& request, const BlocksByRangeRequest& range, Time now);
    /// Answers with an error.
    void refuse(const InboundRequest& request, ResponseCode code, std::string_view why);

    /// Returns the next part of an answer to send, nothing when none is ready.
    /// Cost: at most one block read from the database and compressed, or kServeLookupsPerStep reads
    ///       of records that are not there
    std::optional<SwarmRespond> next(Time now);

    /// The part that was sent last for `request` has been taken by the network, or is lost and the
    /// request with it.
    void sent(const InboundRequest& request, bool is_taken);

    void peer_disconnected(const libp2p::PeerId& peer);

    /// Returns when `next` has something to do if nothing else happens.
    std::optional<Time> next_due(Time now) const;

    /// Requests that are not answered yet.
    std::size_t size() const { return size_; }

  private:
    struct Job {
        InboundRequest request;
        std::deque<Root> roots;
        /// Slots of a range that were not looked up yet: [next, end).
        Slot next;
        Slot end;
        /// The last part was sent.
        bool is_finished = false;
    };
    struct Peer {
        TokenBucket bytes;
        std::deque<Job> jobs;
        /// Set while a part of the first job is on its way to the network.
        std::optional<std::size_t> in_flight;
    };
    using Peers = std::map<libp2p::PeerId, Peer>;

    void add(Job job, Time now);
    std::optional<SwarmRespond> step(Peer& peer, Time now);
    SwarmRespond send(Peer& peer, Bytes bytes, bool is_last);
    std::optional<SwarmRespond> fail(Peer& peer, const IoError& error, Time now);
    Result<void, IoError> look_up_range(Job& job);

    const storage::BlockReader& reader_;
    Peers peers_;
    /// The peer that was served last; the next one in order is next.
    std::optional<libp2p::PeerId> last_served_;
    std::deque<SwarmRespond> refusals_;
    std::size_t size_ = 0;
    std::size_t in_flight_bytes_ = 0;
    std::optional<Time> failure_logged_at_;
};

}  // namespace lepton::p2p
