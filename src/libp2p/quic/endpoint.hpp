// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// All QUIC connections of one UDP socket: finds the connection that a datagram belongs to, decides
// which strangers may start one, answers what belongs to none, and visits the connections that have
// something to do. Reactor's thread.
//
// Work happens in passes. Datagrams, timers and calls of users only note what happened and mark
// connections; a pass then visits each marked one: tell its user, write its packets. A pass runs
// from the reactor's loop, never inside another. Ended connections are destroyed after it.
#pragma once

#include "libp2p/quic/admission.hpp"
#include "libp2p/quic/connection.hpp"
#include "libp2p/quic/connection_id.hpp"
#include "libp2p/quic/counters.hpp"
#include "libp2p/quic/datagram_socket.hpp"
#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/tls_context.hpp"
#include "libp2p/quic/token_bucket.hpp"
#include "libp2p/quic/transport.hpp"

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

struct ngtcp2_pkt_hd;

namespace lepton::libp2p {

class QuicEndpoint final : public DatagramReceiver,
                           public std::enable_shared_from_this<QuicEndpoint> {
  public:
    QuicEndpoint(Reactor& reactor,
                 Random& random,
                 const Identity& identity,
                 Metrics& metrics,
                 OpenDatagramSocket open_socket,
                 QuicOptions options);
    ~QuicEndpoint() override;

    // --- The user's side ---

    Result<Multiaddr, IoError> listen(const Multiaddr& address, Transport::Accept accept);
    void dial(const Multiaddr& address, Transport::DialDone done);
    void stop();

    // --- The socket's side ---

    void on_datagram(const Datagram& datagram) override;
    void on_batch_end() override;
    void on_sendable() override;

    // --- The connections' side ---

    Reactor& reactor() { return reactor_; }
    const Clock& clock() const { return reactor_.clock(); }
    Time now() const { return reactor_.clock().now(); }
    Random& random() { return random_; }
    const TlsContext& tls() const { return tls_; }
    QuicCounters& counters() { return counters_; }
    const QuicOptions& options() const { return options_; }
    const SocketAddress& local_address() const { return local_address_; }

    /// Returns an unused random connection id that now leads to `connection`.
    ConnectionId add_fresh_id(QuicConnection& connection);
    /// Returns false when `id` is taken.
    bool add_id(QuicConnection& connection, const ConnectionId& id);
    void remove_id(const ConnectionId& id) { routes_.erase(id); }
    /// The same after a restart of the node, so that it can reset what it has forgotten.
    ResetToken reset_token_of(const ConnectionId& id) const;
    /// Returns false when another connection's peer has named the same token.
    bool add_reset_token(QuicConnection& connection, const ResetToken& token);
    void remove_reset_token(const ResetToken& token) { reset_tokens_.erase(token); }

    /// The handshake of `connection` is over, with success.
    void on_established(QuicConnection& connection);
    /// Hands a new connection to the listener's user.
    void accepted(std::unique_ptr<Connection> connection);
    /// Has `connection` visited in the next pass.
    void mark_dirty(QuicConnection& connection);
    /// Visits `connection` now. From the reactor's loop only.
    void visit(QuicConnection& connection);

    /// Room for a batch of packets, valid until the next send.
    MutableByteView send_buffer() { return send_buffer_; }
    /// True while the system takes no datagrams; connections are visited again when it does.
    bool is_send_blocked() const { return !unsent_.empty(); }
    /// Sends a batch; what the system has no room for is kept and sent first thing later.
    void send_batch(const SocketAddress& to,
                    const IpAddress& from,
                    ByteView bytes,
                    std::size_t segment_size);
    /// Sends one datagram or drops it when the system has no room.
    void send_once(const SocketAddress& to, const IpAddress& from, ByteView bytes);

    /// Takes `size` bytes from what all connections may queue together; false when there is less.
    bool reserve_queue(std::size_t size);
    void release_queue(std::size_t size);

  private:
    /// What is left of a connection that has ended: late packets get its closing packet again, ever
    /// more rarely, or silence.
    struct Closed {
        std::vector<ConnectionId> ids;
        Bytes packet;
        SocketAddress remote;
        IpAddress local;
        Time forget_at;
        std::uint64_t received = 0;
    };
    /// Exactly one is set.
    struct Route {
        QuicConnection* connection = nullptr;
        Closed* closed = nullptr;
    };

    Result<void, IoError> bind(const SocketAddress& address);
    std::optional<DialError> dial_refusal(const Multiaddr& address);
    void give(QuicConnection& connection, const Datagram& datagram);
    void answer_closed(Closed& closed);
    void on_unknown_short(const Datagram& datagram, const ConnectionId& id);
    void on_unknown_long(const Datagram& datagram);
    void start_accepting(const Datagram& datagram,
                         const ngtcp2_pkt_hd& header,
                         const std::optional<ConnectionId>& id_before_retry);
    void send_retry(const Datagram& datagram, const ngtcp2_pkt_hd& header);
    void send_version_negotiation(const Datagram& datagram, ByteView to_id, ByteView from_id);
    void send_stateless(const Datagram& cause, ByteView bytes, Counter* counter);

    void schedule_pass();
    void run_pass();
    void destroy(QuicConnection& connection);
    void remember_closed(QuicConnection& connection);
    void forget_closed(std::list<Closed>::iterator closed);
    void sweep_closed();
    std::size_t dials() const;
    void update_gauges();

    Reactor& reactor_;
    Random& random_;
    QuicCounters counters_;
    OpenDatagramSocket open_socket_;
    QuicOptions options_;
    TlsContext tls_;
    Bytes32 reset_secret_;
    Bytes32 retry_secret_{};

    std::unique_ptr<DatagramSocket> socket_;
    SocketAddress local_address_;
    Transport::Accept accept_;
    bool is_stopped_ = false;

    /// At most limits::kConnectionsMax.
    std::map<QuicConnection*, std::unique_ptr<QuicConnection>> connections_;
    std::map<ConnectionId, Route> routes_;
    std::map<ResetToken, QuicConnection*> reset_tokens_;
    /// At most limits::kClosedMax, oldest first.
    std::list<Closed> closed_;
    AdmissionControl admission_;
    TokenBucket stateless_credit_{limits::kStatelessPerSecond, limits::kStatelessBurst};

    std::vector<QuicConnection*> dirty_;
    bool is_in_loop_ = false;  // a pass or a batch of datagrams is under way; a pass follows
    bool is_pass_scheduled_ = false;
    TimerId sweep_timer_ = 0;

    Bytes send_buffer_;
    /// What the system had no room for: the rest of one batch.
    Bytes unsent_;
    SocketAddress unsent_to_;
    IpAddress unsent_from_;
    std::size_t unsent_segment_size_ = 0;

    std::size_t queued_size_ = 0;
    bool has_refused_queue_ = false;
};

}  // namespace lepton::libp2p
