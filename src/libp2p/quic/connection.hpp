// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One QUIC connection: the protocol library's state, its streams, its timers, and its user's end.
// Reactor's thread.
//
// The library calls back in the middle of its own work and must not be called again from there. So
// callbacks (on_… in connection_callbacks.cpp) only note what happened; deliver() tells the user
// afterwards, and flush() writes packets. Both are called by the endpoint from the reactor's loop,
// never from within a call of the user. The endpoint owns a QuicConnection and destroys it only
// between two passes, so no callback, however rude, pulls it away from under its own feet.
#pragma once

#include "libp2p/quic/connection_id.hpp"
#include "libp2p/quic/datagram_socket.hpp"
#include "libp2p/quic/stream.hpp"
#include "libp2p/quic/token_bucket.hpp"
#include "libp2p/transport.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct ngtcp2_pkt_hd;

namespace lepton::libp2p {

class QuicEndpoint;
class QuicConnectionHandle;
struct Native;
struct ConnectionCallbacks;

/// The first packet of a client whom this node has decided to hear.
struct IncomingHandshake {
    const ngtcp2_pkt_hd& header;
    const Datagram& datagram;
    /// The connection id that the client chose at first, when a Retry came between.
    std::optional<ConnectionId> id_before_retry;
};

class QuicConnection {
  public:
    /// Starts a dial; `done` gets the outcome.
    QuicConnection(QuicEndpoint& endpoint, const Multiaddr& address, Transport::DialDone done);
    /// Starts to accept. The first datagram still has to be given to receive().
    QuicConnection(QuicEndpoint& endpoint, const IncomingHandshake& incoming);
    ~QuicConnection();
    QuicConnection(const QuicConnection&) = delete;
    QuicConnection& operator=(const QuicConnection&) = delete;

    // --- The endpoint's side: from the reactor's loop ---

    enum class Received : std::uint8_t { ok, retry_required };

    /// Takes a datagram that is addressed to this connection.
    Received receive(const Datagram& datagram);
    /// Tells the user what happened.
    void deliver();
    /// Writes what may be written now and sets the timer.
    void flush();
    /// Ends the connection at once and in silence: the transport stops, or the stranger must retry.
    void end_silently(const std::string& why);
    /// Ends the connection because the transport stops, and tells the peer.
    void stop();
    /// Ends the connection and tells the peer.
    void end_with_close(std::uint64_t code, std::string_view text, CloseReason reason);
    /// Tells the streams and the user that it is over. Requires is_ended(). Call once.
    void deliver_end();

    bool is_ended() const { return reason_.has_value(); }
    bool is_outbound() const { return is_outbound_; }
    bool is_established() const { return is_established_; }
    /// Where the first packet came from or went to: whom admission counts.
    const SocketAddress& remote() const { return remote_; }
    /// Where the peer is now.
    const SocketAddress& current_remote() const { return current_remote_; }
    /// Requires is_ended().
    const CloseReason& reason() const { return *reason_; }
    const IpAddress& local() const { return local_; }
    /// The packet that told the peer, empty when there was none; and for how long it is repeated.
    const Bytes& closing_packet() const { return closing_packet_; }
    Duration closing_period() const { return closing_period_; }
    const std::vector<ConnectionId>& ids() const { return ids_; }
    const std::vector<ResetToken>& reset_tokens() const { return reset_tokens_; }
    std::size_t queued_size() const { return queued_size_; }
    void on_room();

    bool is_dirty = false;  // in the endpoint's list of connections to visit

    // --- The user's side ---

    void set_handler(ConnectionHandler* handler);
    std::unique_ptr<Stream> open_stream();
    void close(std::uint64_t code, std::string_view why);
    /// The user has destroyed its handle.
    void abandon();

    // --- The streams' side ---

    bool reserve_queue(std::size_t size);
    void release_queue(std::size_t size);
    void schedule_write(StreamState& stream);
    void schedule_delivery(std::shared_ptr<StreamState> stream);
    void return_credit(std::int64_t stream_id, std::size_t size);
    void return_connection_credit(std::size_t size);
    void shutdown_stream(std::int64_t stream_id, std::uint64_t code);
    void shutdown_stream_write(std::int64_t stream_id, std::uint64_t code);
    void shutdown_stream_read(std::int64_t stream_id, std::uint64_t code);
    /// Neither the protocol nor the user needs the stream any more.
    void forget_stream(std::int64_t id);
    /// The same as shutdown_stream, but later: from within a callback of the library.
    void schedule_shutdown(std::int64_t stream_id, std::uint64_t code);

  private:
    friend struct ConnectionCallbacks;

    struct HeldDatagram {
        SocketAddress remote;
        IpAddress local;
        Bytes payload;
    };
    struct CloseRequest {
        std::uint64_t code;
        std::string text;
        /// What is queued may be sent until then.
        Time deadline;
    };

    void start_native(const IncomingHandshake* incoming);
    int read_packet(const Datagram& datagram, ByteView payload);
    void replay_held();
    void fail(int native_error);
    void end(CloseReason reason);
    void write_closing_packet();
    bool is_close_due();
    void announce();
    std::unique_ptr<QuicConnectionHandle> make_handle();
    DialError dial_error() const;
    std::string verification_failure() const;
    std::string remote_reason() const;

    void write_packets();
    StreamState* next_stream_to_write();
    void rotate_ready();
    void drop_ready();

    void set_timer();
    void on_timer();
    void grant_streams(Time now);
    std::optional<Time> next_timer() const;

    // Events of the library, from connection_callbacks.cpp.
    bool on_handshake_completed();
    void on_handshake_confirmed();
    void on_stream_opened(std::int64_t id);
    void on_stream_closed(std::int64_t id);
    void on_reset_token(const ResetToken& token, bool is_active);
    void withdraw_id(const ConnectionId& id);
    void count_useful(std::uint64_t size);
    std::shared_ptr<StreamState> find_stream(std::int64_t id) const;

    QuicEndpoint& endpoint_;
    const bool is_outbound_;
    Multiaddr address_;
    SocketAddress remote_;
    SocketAddress current_remote_;
    IpAddress local_;
    std::unique_ptr<Native> native_;

    // Names under which the endpoint finds this connection; kept here to withdraw them.
    std::vector<ConnectionId> ids_;
    std::vector<ResetToken> reset_tokens_;
    std::optional<ConnectionId> original_id_;

    // Life.
    bool is_handshake_completed_ = false;
    bool is_established_ = false;  // both sides have accepted each other
    bool is_announced_ = false;
    bool is_past_handshake_ = false;  // dialled: the library may see short headers
    bool was_reset_statelessly_ = false;
    bool is_protocol_missing_ = false;
    bool is_crypto_data_exceeded_ = false;
    std::deque<HeldDatagram> held_;
    std::optional<CloseRequest> close_request_;
    std::optional<CloseReason> reason_;
    DialErrorKind dial_error_kind_ = DialErrorKind::other;
    Bytes closing_packet_;
    Duration closing_period_{};
    Time dial_deadline_{};

    // The user.
    Transport::DialDone dial_done_;
    QuicConnectionHandle* handle_ = nullptr;
    ConnectionHandler* handler_ = nullptr;

    // Streams.
    std::map<std::int64_t, std::shared_ptr<StreamState>> streams_;
    std::deque<std::shared_ptr<StreamState>> new_streams_;
    std::vector<std::shared_ptr<StreamState>> deliverable_;
    std::deque<std::shared_ptr<StreamState>> ready_;
    std::vector<std::pair<std::int64_t, std::uint64_t>> shutdowns_;
    std::size_t local_streams_ = 0;
    std::size_t queued_size_ = 0;
    bool has_refused_write_ = false;

    // What the peer may still do.
    TokenBucket stream_credit_;
    std::uint64_t withheld_streams_ = 0;
    TokenBucket datagram_credit_;
    std::uint64_t useful_bytes_ = 0;

    TimerId timer_ = 0;
    Time timer_due_{};
};

}  // namespace lepton::libp2p
