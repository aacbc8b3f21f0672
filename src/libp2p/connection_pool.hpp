// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The connections of this node: dials, admission, duplicates, and new streams in both directions
// up to the agreement on their protocol. Reactor thread.
#pragma once

#include "base/metrics.hpp"
#include "libp2p/enum_counters.hpp"
#include "libp2p/negotiation.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::libp2p {

struct ConnectionLimits {
    /// Peers at a time: several times the mesh of every topic.
    std::size_t peers_max = 96;
    /// Peers that dialled this node: 60 %, so that strangers cannot take every place.
    std::size_t inbound_peers_max = 57;
    /// Dials at a time.
    std::size_t dials_max = 32;
};

/// Two connections to a peer live side by side for a moment: then the one that both sides choose
/// to close is closed.
inline constexpr std::size_t kConnectionsPerPeerMax = 2;
inline constexpr Duration kDuplicateGrace = std::chrono::seconds(1);

struct DialFailure {
    DialErrorKind kind = DialErrorKind::other;
    Multiaddr address;
    std::string what;
};

/// The peer is connected; or why not.
using DialOutcome = Result<PeerId, DialFailure>;

class ConnectionPool final : public ConnectionHandler {
  public:
    /// What the pool tells its owner, from within callbacks of the transport. Streams must not be
    /// destroyed there (TaskSet::discard).
    struct Events {
        std::function<void(const PeerId&, bool is_outbound, std::size_t count)> connected;
        std::function<void(const PeerId&, const CloseReason&, std::size_t remaining)> disconnected;
        /// A connection that was not let in.
        std::function<void(const Multiaddr&, std::string_view why)> refused;
        std::function<void(Connection&, NegotiatedStream)> stream;
        std::function<bool(std::string_view protocol)> is_supported;
    };
    using DialDone = std::move_only_function<void(DialOutcome)>;

    ConnectionPool(Reactor& reactor,
                   std::unique_ptr<Transport> transport,
                   PeerId self,
                   ConnectionLimits limits,
                   TaskSet& tasks,
                   DeferQueue& later,
                   Metrics& metrics,
                   Events events);

    Result<Multiaddr, IoError> listen(const Multiaddr& address);

    /// Connects to `address`; a dial of the same peer that is under way is joined, a peer that is
    /// connected already is a success. `done` is called exactly once, later.
    void dial(const Multiaddr& address, DialDone done);

    /// Closes every connection to `peer`; disconnected follows for each.
    void disconnect(const PeerId& peer, std::string_view why);

    /// What may follow the only proposal at once.
    struct Early {
        Bytes payload;
        bool finish = false;
    };
    /// Opens a stream to `peer` and agrees on one of `protocols`. `early`: only with one protocol.
    /// `done` is called exactly once, later.
    void open(const PeerId& peer,
              std::vector<std::string> protocols,
              std::optional<Early> early,
              Negotiation::Done done);

    bool is_connected(const PeerId& peer) const { return peers_.contains(peer); }
    std::size_t peer_count() const { return peers_.size(); }

    /// Closes everything and answers every dial, before it returns; no event follows.
    void stop();

    void on_stream(Connection& connection, std::unique_ptr<Stream> stream) override;
    void on_closed(Connection& connection, const CloseReason& reason) override;

  private:
    enum class Refusal : std::uint8_t { own, peers, inbound_peers, stopped };
    static constexpr std::array<std::string_view, 4> kRefusalNames = {
        "own", "peers", "inbound_peers", "stopped"};

    struct Entry {
        std::unique_ptr<Connection> connection;
        /// Set on the one of two connections that is to be closed.
        std::unique_ptr<Timer> closing;
        bool is_closing = false;
    };
    struct PendingDial {
        Multiaddr address;
        std::vector<DialDone> done;
    };

    std::optional<Refusal> refusal(const PeerId& peer, bool is_outbound) const;
    std::optional<Refusal> adopt(std::unique_ptr<Connection> connection);
    void resolve_duplicates(const PeerId& peer);
    void close(Entry& entry, std::string_view why);
    Entry* preferred(const PeerId& peer);
    void on_accept(std::unique_ptr<Connection> connection);
    void on_dialled(std::uint64_t dial, Result<std::unique_ptr<Connection>, DialError> result);
    void answer(std::uint64_t dial, const DialOutcome& outcome);

    Reactor& reactor_;
    PeerId self_;
    ConnectionLimits limits_;
    TaskSet& tasks_;
    DeferQueue& later_;
    Events events_;
    EnumCounters<Refusal, kRefusalNames.size()> refusals_;
    bool is_stopped_ = false;
    std::uint64_t last_dial_ = 0;
    std::map<std::uint64_t, PendingDial> dials_;
    /// In the order of establishment; never empty.
    std::map<PeerId, std::vector<Entry>> peers_;
    /// Expires with this object: a transport may answer dials after it was destroyed.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
    std::unique_ptr<Transport> transport_;
};

}  // namespace lepton::libp2p
