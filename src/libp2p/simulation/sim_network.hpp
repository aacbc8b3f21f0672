// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A network of simulated endpoints in one thread: connections with latency, ordered streams with
// flow control, and faults on request. It has no time of its own: each endpoint brings its reactor
// and every callback runs there, so the same seed gives the same run.
//
// This is the network as the user of a reliable transport sees it, so faults of datagrams show as
// what a transport makes of them. Loss is delay: what is lost is sent again after a time that
// doubles, and holds up all that follows on the connection; when that would take longer than the
// idle timeout, the connection times out. Reordering is nothing but jitter. A duplicated first
// flight is a connection at the other side that nobody speaks on, and a duplicated request comes a
// second time on a stream whose answer nobody reads. A side that hears nothing for the idle timeout
// closes, without a word, and the other side follows when it in turn has heard nothing for so long.
#pragma once

#include "base/random.hpp"
#include "libp2p/reactor.hpp"
#include "libp2p/transport.hpp"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace lepton::libp2p {

struct SimNetworkOptions {
    /// One way; drawn for every delivery, without overtaking within a connection.
    Duration latency_min = std::chrono::milliseconds(5);
    Duration latency_max = std::chrono::milliseconds(25);
    Duration dial_timeout = std::chrono::seconds(5);
    /// A connection whose other side is silent for this long ends with CloseCause::timeout.
    Duration idle_timeout = std::chrono::seconds(10);
    /// Unread bytes that one stream, and all streams of one connection, may hold.
    std::size_t stream_window = 1024 * 1024;
    std::size_t connection_window = 8 * 1024 * 1024;
    /// Streams one side may have open at a time.
    std::size_t streams_max = 64;
    /// Bytes handed over in one StreamHandler::on_data; small values exercise reassembly.
    std::size_t read_size_max = 16 * 1024;
};

/// How the way from one endpoint to another is. Shares are per thousand.
struct SimPath {
    /// Added to the latency of the network, drawn for each delivery up to this.
    Duration jitter{};
    /// Of deliveries; each one that is sent again too.
    unsigned loss = 0;
    /// Of dials, and of requests: streams that end within kDuplicateSizeMax bytes.
    unsigned duplicates = 0;
    /// 0: no limit.
    std::uint64_t bytes_per_second = 0;
    /// Nothing arrives; what is under way arrives when this ends, if the connection still lives.
    bool is_blocked = false;

    bool operator==(const SimPath&) const = default;
};

/// What the network did to its users so far.
struct SimNetworkCounters {
    std::uint64_t delays = 0;  ///< by jitter
    std::uint64_t losses = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t duplicate_connections = 0;
    std::uint64_t duplicate_requests = 0;
    /// Deliveries that waited for bandwidth.
    std::uint64_t queued = 0;
};

/// Must outlive the transports it made and everything they made.
class SimNetwork {
  public:
    explicit SimNetwork(Random& random, SimNetworkOptions options = {});
    ~SimNetwork();
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    /// Returns the transport of a new endpoint with the address `ip4` and the identity of
    /// `public_key`. An endpoint that crashed may come back with both.
    std::unique_ptr<Transport> add_endpoint(Reactor& reactor, Bytes public_key, Bytes ip4);

    /// Cuts every connection between the two now; both see an error.
    void drop_connections(const PeerId& a, const PeerId& b);
    /// Sets the way from `from` to `to`, for good connections and bad ones. While it is blocked,
    /// dials between the two time out in both directions.
    void set_path(const PeerId& from, const PeerId& to, const SimPath& path);
    /// Blocks both ways, or makes both good again.
    void partition(const PeerId& a, const PeerId& b);
    void heal(const PeerId& a, const PeerId& b);
    /// The endpoint of `peer` is gone without a word: it hears nothing more, and its peers learn
    /// of it by the idle timeout.
    void crash(const PeerId& peer);

    const SimNetworkCounters& counters() const { return counters_; }

    /// Longest request that a path with duplicates repeats.
    static constexpr std::size_t kDuplicateSizeMax = 64 * 1024;

  private:
    friend class SimTransport;
    friend class SimConnection;
    friend class SimStream;

    using EndpointId = std::uint64_t;
    using LinkId = std::uint64_t;
    using SimStreamId = std::uint64_t;
    /// 0: the side that dialled, 1: the side that accepted.
    using SideIndex = std::size_t;

    struct Up {};
    struct Data {
        SimStreamId stream;
        Bytes bytes;
    };
    struct End {
        SimStreamId stream;
    };
    struct Reset {
        SimStreamId stream;
        std::uint64_t code;
    };
    struct Credit {
        SimStreamId stream;
        std::size_t stream_size;
        std::size_t connection_size;
    };
    struct Close {
        std::string why;
    };
    using Event = std::variant<Up, Data, End, Reset, Credit, Close>;

    struct StreamSide {
        StreamHandler* handler = nullptr;
        /// False once the user has destroyed the object and only the queue is left to send.
        bool has_object = false;
        std::deque<Bytes> queue;
        std::size_t queue_size = 0;
        /// Bytes of the front of the queue that were sent.
        std::size_t front_sent = 0;
        std::size_t send_credit = 0;
        bool above_low = false;
        bool finishing = false;
        bool end_sent = false;
        bool end_received = false;
        /// Delivered to the handler and not consumed.
        std::size_t unread = 0;
        /// Consumed and not yet given back to the sender.
        std::size_t owed = 0;
        /// What has arrived, if the path repeats requests and it is not too long.
        std::optional<Bytes> received;
    };

    struct Side {
        EndpointId endpoint = 0;
        /// The user's object; nullptr before it is made and after it is destroyed.
        Connection* connection = nullptr;
        ConnectionHandler* handler = nullptr;
        Transport::DialDone dial_done;
        bool is_up = true;
        std::map<SimStreamId, StreamSide> streams;
        SimStreamId next_stream = 0;
        SimStreamId remote_stream_end = 0;
        std::size_t send_credit = 0;
        std::size_t owed = 0;
        /// Events on their way to this side.
        std::deque<Event> inbox;
        Time last_due{};
        /// When the way to this side has sent all that was given to it.
        Time way_free_at{};
        /// Deliveries that came due while nothing could be delivered.
        std::size_t stalled = 0;
    };

    struct Link {
        std::array<Side, 2> sides;
        Multiaddr dialled;
    };

    struct Endpoint {
        PeerId peer_id;
        Bytes public_key;
        Multiaddr address;
        Reactor* reactor = nullptr;
        bool is_listening = false;
        Transport::Accept accept;
        std::map<std::uint64_t, Transport::DialDone> dials;
    };

    Duration draw_latency();
    bool is_drawn(unsigned per_thousand);
    /// Returns what jitter and loss add.
    Duration draw_delay(const SimPath& path);
    Endpoint* find_endpoint(EndpointId id);
    Endpoint* find_listener(const Multiaddr& address);
    Link* find_link(LinkId id);
    StreamSide* find_stream(LinkId link, SideIndex side, SimStreamId stream);
    /// Returns the way to side `to`.
    const SimPath& path_to(const Link& link, SideIndex to);
    const SimPath& path(const PeerId& from, const PeerId& to) const;
    bool is_cut(const PeerId& a, const PeerId& b) const;

    // What SimTransport asks for.
    Result<Multiaddr, IoError> listen(EndpointId id,
                                      const Multiaddr& address,
                                      Transport::Accept accept);
    void dial(EndpointId id, const Multiaddr& address, Transport::DialDone done);
    void stop(EndpointId id);
    void remove(EndpointId id);

    // The way of a dial.
    void dial_arrives(EndpointId from, std::uint64_t dial, const Multiaddr& address, Time deadline);
    void end_dial(EndpointId from, std::uint64_t dial, Duration delay, DialError error);
    LinkId add_link(EndpointId from, EndpointId target, const Multiaddr& dialled);
    void accept(LinkId link);
    std::unique_ptr<Connection> make_connection(LinkId id, SideIndex side);

    // What SimConnection and SimStream ask for.
    std::unique_ptr<Stream> open_stream(LinkId id, SideIndex side);
    void close(LinkId id, SideIndex side, std::string_view why);
    void connection_destroyed(LinkId id, SideIndex side);
    void set_connection_handler(LinkId id, SideIndex side, ConnectionHandler* handler);
    bool write(LinkId id, SideIndex side, SimStreamId stream, Bytes bytes);
    void consume(LinkId id, SideIndex side, SimStreamId stream, std::size_t size);
    void finish(LinkId id, SideIndex side, SimStreamId stream);
    void reset(LinkId id, SideIndex side, SimStreamId stream, std::uint64_t code);
    void stream_destroyed(LinkId id, SideIndex side, SimStreamId stream);

    /// Makes the connection that a second copy of a dial's first flight leaves behind at `target`.
    void accept_duplicate(EndpointId from, EndpointId target, const Multiaddr& dialled);
    void repeat_request(LinkId id, SideIndex to, ByteView bytes);

    // Events between the two sides of a link.
    void send(LinkId id, SideIndex from, Event event);
    void schedule_delivery(LinkId id, SideIndex to, Time due);
    void resume_deliveries(LinkId id, SideIndex side);
    void deliver_next(LinkId id, SideIndex to);
    void on_event(LinkId id, SideIndex to, Up event);
    void on_event(LinkId id, SideIndex to, Data event);
    void on_event(LinkId id, SideIndex to, End event);
    void on_event(LinkId id, SideIndex to, Reset event);
    void on_event(LinkId id, SideIndex to, Credit event);
    void on_event(LinkId id, SideIndex to, Close event);
    /// Makes the stream that the peer opened with `stream` when it is new.
    StreamSide* accept_stream(LinkId id, SideIndex to, SimStreamId stream);
    /// Sends what flow control permits.
    void pump(LinkId id, SideIndex side, SimStreamId stream);
    void return_connection_credit(LinkId id, SideIndex side, std::size_t size);
    void erase_stream(LinkId id, SideIndex side, SimStreamId stream);
    void close_side(LinkId id, SideIndex side, CloseReason reason);
    void close_side_later(LinkId id, SideIndex side, Duration delay, CloseReason reason);
    std::vector<LinkId> links_between(const PeerId& a, const PeerId& b);

    Random& random_;
    SimNetworkOptions options_;
    std::uint64_t last_id_ = 0;
    std::map<EndpointId, Endpoint> endpoints_;
    std::map<LinkId, Link> links_;
    struct PathState {
        SimPath path;
        /// Counts the times it was blocked.
        std::uint64_t blocks = 0;
    };
    /// By sender and receiver; a path that is not here is good.
    std::map<std::pair<PeerId, PeerId>, PathState> paths_;
    SimNetworkCounters counters_;
};

}  // namespace lepton::libp2p
