// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/endpoint.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "libp2p/quic/native.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace lepton::libp2p {
namespace {

constexpr std::uint8_t kLongHeaderBit = 0x80;
/// The smallest datagram that may start a connection, and that a version negotiation answers.
constexpr std::size_t kInitialDatagramSizeMin = 1200;
/// A packet with a short header and its connection id, with the least it may carry.
constexpr std::size_t kShortPacketSizeMin = 1 + limits::kConnectionIdSize + 4 + 16;
/// Stateless reset: at least 5 bytes that look random, then the token.
constexpr std::size_t kResetSizeMin = 5 + 16;
constexpr std::size_t kResetSizeMax = 24 + 16;
constexpr Duration kSweepPeriod = std::chrono::seconds{1};

bool can_be_dialled(const Multiaddr& address) {
    if (address.udp_port == 0 || (address.ip.size() != 4 && address.ip.size() != 16)) return false;
    if (SocketAddress::from_multiaddr(address).ip.is_unspecified()) return false;
    const std::uint8_t first = address.ip[0];
    const bool is_multicast = address.is_ip6() ? first == 0xff : first >= 224;  // and broadcast
    return !is_multicast;
}

}  // namespace

QuicEndpoint::QuicEndpoint(Reactor& reactor,
                           Random& random,
                           const Identity& identity,
                           Metrics& metrics,
                           OpenDatagramSocket open_socket,
                           QuicOptions options)
    : reactor_(reactor),
      random_(random),
      counters_(metrics),
      open_socket_(std::move(open_socket)),
      options_(options),
      tls_(identity),
      reset_secret_(identity.derive_secret("quic stateless reset")),
      send_buffer_(limits::kBatchSizeMax) {
    random_.fill(retry_secret_);
}

QuicEndpoint::~QuicEndpoint() = default;

// --- The user's side -----------------------------------------------------------------------------

Result<Multiaddr, IoError> QuicEndpoint::listen(const Multiaddr& address,
                                                Transport::Accept accept) {
    if (is_stopped_) return std::unexpected(IoError{"listen: the transport is stopped"});
    if (socket_) return std::unexpected(IoError{"listen: the transport has a socket already"});
    if (auto bound = bind(SocketAddress::from_multiaddr(address)); !bound) {
        return std::unexpected(bound.error());
    }
    accept_ = std::move(accept);
    return local_address_.to_multiaddr();
}

Result<void, IoError> QuicEndpoint::bind(const SocketAddress& address) {
    auto socket = open_socket_(address);
    if (!socket) return std::unexpected(socket.error());
    socket_ = std::move(*socket);
    local_address_ = socket_->local_address();
    socket_->start(*this);
    return {};
}

void QuicEndpoint::dial(const Multiaddr& address, Transport::DialDone done) {
    if (auto refusal = dial_refusal(address)) {
        reactor_.defer([done = std::move(done), refusal = std::move(*refusal)]() mutable {
            done(std::unexpected(std::move(refusal)));
        });
        return;
    }
    auto connection = std::make_unique<QuicConnection>(*this, address, std::move(done));
    QuicConnection& dialled = *connection;
    connections_.emplace(&dialled, std::move(connection));
    mark_dirty(dialled);
}

std::optional<DialError> QuicEndpoint::dial_refusal(const Multiaddr& address) {
    const auto refuse = [&](DialErrorKind kind, std::string_view why) {
        return DialError{kind, fmt::format("dial {}: {}", address.to_string(), why)};
    };
    if (is_stopped_) return DialError{DialErrorKind::stopped, "the transport is stopped"};
    if (!can_be_dialled(address)) {
        return DialError{DialErrorKind::bad_address, "dial: no address of a single machine"};
    }
    if (connections_.size() >= limits::kConnectionsMax) {
        return refuse(DialErrorKind::limit, "too many connections");
    }
    if (dials() >= limits::kDialsMax) return refuse(DialErrorKind::limit, "too many dials");
    if (!socket_) {
        const SocketAddress any{{{}, static_cast<std::uint8_t>(address.ip.size())}, 0};
        if (const auto bound = bind(any); !bound) {
            return refuse(DialErrorKind::other, bound.error().what);
        }
    }
    if (local_address_.ip.is_ip6() != address.is_ip6()) {
        return refuse(DialErrorKind::bad_address, "the socket has the other IP version");
    }
    return std::nullopt;
}

std::size_t QuicEndpoint::dials() const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& entry) {
        return entry.first->is_outbound() && !entry.first->is_established();
    }));
}

void QuicEndpoint::stop() {
    if (is_stopped_) return;
    is_stopped_ = true;
    for (const auto& [connection, owner] : connections_) {
        connection->stop();
    }
    if (sweep_timer_ != 0) reactor_.cancel(std::exchange(sweep_timer_, 0));
    socket_.reset();
    unsent_.clear();
    // This object lives until everybody has been told.
    reactor_.defer([self = shared_from_this()] { self->run_pass(); });
}

// --- Incoming ------------------------------------------------------------------------------------

void QuicEndpoint::on_datagram(const Datagram& datagram) {
    if (is_stopped_) return;
    is_in_loop_ = true;
    counters_.datagrams_received.Increment();
    counters_.bytes_received.Increment(static_cast<double>(datagram.payload.size()));

    const ByteView bytes = datagram.payload;
    if (bytes.empty()) {
        counters_.drop(Drop::malformed);  // the library aborts on nothing
        return;
    }
    ngtcp2_version_cid names{};
    const int status = ngtcp2_pkt_decode_version_cid(
        &names, bytes.data(), bytes.size(), limits::kConnectionIdSize);
    const bool is_long = (bytes[0] & kLongHeaderBit) != 0;
    // Version 0 marks a version negotiation packet; the library also knows version 2.
    const bool is_foreign =
        status == 0 && is_long && names.version != NGTCP2_PROTO_VER_V1 && names.version != 0;
    if (status == NGTCP2_ERR_VERSION_NEGOTIATION || is_foreign) {
        send_version_negotiation(
            datagram, {names.scid, names.scidlen}, {names.dcid, names.dcidlen});
        return;
    }
    if (status != 0 || names.dcidlen > ConnectionId::kSizeMax) {
        counters_.drop(Drop::malformed);
        return;
    }
    const ConnectionId id = ConnectionId::from({names.dcid, names.dcidlen});
    const auto found = routes_.find(id);
    if (found == routes_.end()) {
        if (is_long) {
            on_unknown_long(datagram);
        } else {
            on_unknown_short(datagram, id);
        }
    } else if (found->second.connection != nullptr) {
        give(*found->second.connection, datagram);
    } else {
        answer_closed(*found->second.closed);
    }
}

void QuicEndpoint::give(QuicConnection& connection, const Datagram& datagram) {
    // Only the first datagram of a connection can ask for a Retry (start_accepting).
    connection.receive(datagram);
    mark_dirty(connection);
}

void QuicEndpoint::answer_closed(Closed& closed) {
    counters_.drop(Drop::closed_connection);
    ++closed.received;
    if (!closed.packet.empty() && std::has_single_bit(closed.received)) {
        send_once(closed.remote, closed.local, closed.packet);
    }
}

void QuicEndpoint::on_unknown_short(const Datagram& datagram, const ConnectionId& id) {
    const ByteView bytes = datagram.payload;
    // A stateless reset comes with a random connection id: only its last bytes tell whom it is for.
    if (bytes.size() >= kResetSizeMin) {
        ResetToken token;
        std::ranges::copy(bytes.last(token.size()), token.begin());
        if (const auto found = reset_tokens_.find(token); found != reset_tokens_.end()) {
            give(*found->second, datagram);
            return;
        }
    }
    counters_.drop(Drop::unknown_connection);
    // A reset must be shorter than its cause, else two endpoints might answer each other for ever.
    if (bytes.size() < kShortPacketSizeMin || bytes.size() <= kResetSizeMin) return;
    const std::size_t random_size = std::min(bytes.size() - 1, kResetSizeMax) - 16;
    std::array<std::uint8_t, kResetSizeMax> random_bytes;
    random_.fill(random_bytes);
    const ResetToken token = reset_token_of(id);
    std::array<std::uint8_t, kResetSizeMax> packet;
    const ngtcp2_ssize size = ngtcp2_pkt_write_stateless_reset(
        packet.data(), packet.size(), token.data(), random_bytes.data(), random_size);
    LEPTON_ASSERT(size > 0);
    send_stateless(
        datagram, ByteView{packet}.first(static_cast<std::size_t>(size)), &counters_.resets_sent);
}

void QuicEndpoint::on_unknown_long(const Datagram& datagram) {
    if (!accept_) {
        counters_.drop(Drop::not_listening);
        return;
    }
    ngtcp2_pkt_hd header{};
    if (ngtcp2_accept(&header, datagram.payload.data(), datagram.payload.size()) != 0) {
        counters_.drop(Drop::malformed);
        return;
    }
    // Any other token than that of a Retry was not made here; the client starts without one.
    if (header.tokenlen == 0 || header.token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) {
        start_accepting(datagram, header, std::nullopt);
        return;
    }
    const NativeAddress remote{datagram.remote};
    ngtcp2_cid id_before_retry;
    const int status = ngtcp2_crypto_verify_retry_token2(
        &id_before_retry,
        header.token,
        header.tokenlen,
        retry_secret_.data(),
        retry_secret_.size(),
        header.version,
        remote.addr.addr,
        remote.addr.addrlen,
        &header.dcid,
        static_cast<ngtcp2_duration>(limits::kRetryTokenLifetime.count()),
        to_native(now()));
    if (status == 0) {
        start_accepting(datagram, header, from_native(id_before_retry));
        return;
    }
    counters_.drop(Drop::invalid_token);
    std::array<std::uint8_t, 256> packet;
    const ngtcp2_ssize size = ngtcp2_crypto_write_connection_close(packet.data(),
                                                                   packet.size(),
                                                                   header.version,
                                                                   &header.scid,
                                                                   &header.dcid,
                                                                   NGTCP2_INVALID_TOKEN,
                                                                   nullptr,
                                                                   0);
    if (size > 0) {
        send_stateless(datagram, ByteView{packet}.first(static_cast<std::size_t>(size)), nullptr);
    }
}

void QuicEndpoint::start_accepting(const Datagram& datagram,
                                   const ngtcp2_pkt_hd& header,
                                   const std::optional<ConnectionId>& id_before_retry) {
    if (connections_.size() >= limits::kConnectionsMax) {
        counters_.drop(Drop::connections_full);
        return;
    }
    switch (admission_.start(datagram.remote.ip, id_before_retry.has_value(), now())) {
        case Admission::accept:
            break;
        case Admission::retry:
            send_retry(datagram, header);
            return;
        case Admission::half_open_full:
            counters_.drop(Drop::half_open_full);
            return;
        case Admission::prefix_full:
            counters_.drop(Drop::prefix_full);
            return;
        case Admission::prefix_too_fast:
            counters_.drop(Drop::prefix_too_fast);
            return;
        case Admission::too_fast:
            counters_.drop(Drop::too_fast);
            return;
    }
    auto connection = std::make_unique<QuicConnection>(
        *this, IncomingHandshake{header, datagram, id_before_retry});
    QuicConnection& accepted = *connection;
    connections_.emplace(&accepted, std::move(connection));
    mark_dirty(accepted);
    if (accepted.receive(datagram) == QuicConnection::Received::retry_required) {
        // The first packet holds only a later part of the client's first message. It is kept for
        // nobody who has not proven its address.
        accepted.end_silently("the client must prove its address");
        send_retry(datagram, header);
    }
}

// --- Answers without a connection ----------------------------------------------------------------

void QuicEndpoint::send_retry(const Datagram& datagram, const ngtcp2_pkt_hd& header) {
    counters_.drop(Drop::retry_required);
    ConnectionId id;
    id.size = limits::kConnectionIdSize;
    random_.fill(MutableByteView{id.bytes}.first(id.size));
    const ngtcp2_cid retry_id = to_native(id);
    const NativeAddress remote{datagram.remote};
    std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token;
    const ngtcp2_ssize token_size = ngtcp2_crypto_generate_retry_token2(token.data(),
                                                                        retry_secret_.data(),
                                                                        retry_secret_.size(),
                                                                        header.version,
                                                                        remote.addr.addr,
                                                                        remote.addr.addrlen,
                                                                        &retry_id,
                                                                        &header.dcid,
                                                                        to_native(now()));
    if (token_size < 0) return;
    std::array<std::uint8_t, 512> packet;
    const ngtcp2_ssize size = ngtcp2_crypto_write_retry(packet.data(),
                                                        packet.size(),
                                                        header.version,
                                                        &header.scid,
                                                        &retry_id,
                                                        &header.dcid,
                                                        token.data(),
                                                        static_cast<std::size_t>(token_size));
    if (size < 0) return;
    // No rate limit: it is a seventh of its cause, and under a flood honest clients need theirs.
    counters_.retries_sent.Increment();
    send_once(
        datagram.remote, datagram.local, ByteView{packet}.first(static_cast<std::size_t>(size)));
}

void QuicEndpoint::send_version_negotiation(const Datagram& datagram,
                                            ByteView to_id,
                                            ByteView from_id) {
    counters_.drop(Drop::unknown_version);
    if (!accept_ || datagram.payload.size() < kInitialDatagramSizeMin) return;
    // The first version is one that nobody implements, as RFC 9000 15 asks for.
    constexpr std::array<std::uint32_t, 2> kOffered{0x0a1a2a3a, NGTCP2_PROTO_VER_V1};
    std::array<std::uint8_t, 7 + 255 + 255 + 8> packet;
    const ngtcp2_ssize size =
        ngtcp2_pkt_write_version_negotiation(packet.data(),
                                             packet.size(),
                                             static_cast<std::uint8_t>(random_.below(256)),
                                             to_id.data(),
                                             to_id.size(),
                                             from_id.data(),
                                             from_id.size(),
                                             kOffered.data(),
                                             kOffered.size());
    if (size < 0) return;
    send_stateless(datagram,
                   ByteView{packet}.first(static_cast<std::size_t>(size)),
                   &counters_.version_negotiations_sent);
}

void QuicEndpoint::send_stateless(const Datagram& cause, ByteView bytes, Counter* counter) {
    if (!stateless_credit_.take(now())) {
        counters_.drop(Drop::stateless_rate);
        return;
    }
    if (counter != nullptr) counter->Increment();
    send_once(cause.remote, cause.local, bytes);
}

// --- Outgoing ------------------------------------------------------------------------------------

void QuicEndpoint::send_batch(const SocketAddress& to,
                              const IpAddress& from,
                              ByteView bytes,
                              std::size_t segment_size) {
    LEPTON_ASSERT(!is_send_blocked());
    if (!socket_) return;
    counters_.datagrams_sent.Increment(
        static_cast<double>((bytes.size() + segment_size - 1) / segment_size));
    counters_.bytes_sent.Increment(static_cast<double>(bytes.size()));
    const std::size_t taken = socket_->send(to, from, bytes, segment_size);
    if (taken == bytes.size()) return;
    // To drop these would look like loss to the library. The caller writes no more until they are
    // gone.
    unsent_ = to_bytes(bytes.subspan(taken));
    unsent_to_ = to;
    unsent_from_ = from;
    unsent_segment_size_ = segment_size;
}

void QuicEndpoint::send_once(const SocketAddress& to, const IpAddress& from, ByteView bytes) {
    if (!socket_) return;
    if (is_send_blocked() || socket_->send(to, from, bytes, bytes.size()) != bytes.size()) {
        counters_.drop(Drop::socket_full);
        return;
    }
    counters_.datagrams_sent.Increment();
    counters_.bytes_sent.Increment(static_cast<double>(bytes.size()));
}

void QuicEndpoint::on_sendable() {
    if (is_stopped_ || !is_send_blocked()) return;
    const std::size_t taken =
        socket_->send(unsent_to_, unsent_from_, unsent_, unsent_segment_size_);
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (!is_send_blocked()) run_pass();
}

bool QuicEndpoint::reserve_queue(std::size_t size) {
    if (queued_size_ + size > limits::kTransportQueueSizeMax) {
        has_refused_queue_ = true;
        return false;
    }
    queued_size_ += size;
    return true;
}

void QuicEndpoint::release_queue(std::size_t size) {
    LEPTON_ASSERT(size <= queued_size_);
    queued_size_ -= size;
    if (!has_refused_queue_ || queued_size_ > limits::kTransportQueueSizeMax / 2) return;
    has_refused_queue_ = false;
    for (const auto& [connection, owner] : connections_) connection->on_room();
}

// --- Passes --------------------------------------------------------------------------------------

void QuicEndpoint::mark_dirty(QuicConnection& connection) {
    if (!std::exchange(connection.is_dirty, true)) dirty_.push_back(&connection);
    if (!is_in_loop_) schedule_pass();
}

void QuicEndpoint::schedule_pass() {
    if (is_stopped_ || std::exchange(is_pass_scheduled_, true)) return;
    reactor_.defer([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->is_pass_scheduled_ = false;
            self->run_pass();
        }
    });
}

void QuicEndpoint::visit(QuicConnection& connection) {
    mark_dirty(connection);
    run_pass();
}

void QuicEndpoint::on_batch_end() {
    run_pass();
}

void QuicEndpoint::run_pass() {
    // A callback below may let go of the transport.
    const auto self = shared_from_this();
    is_in_loop_ = true;
    // What is marked during the pass waits for the next one, so that datagrams and timers get their
    // turn in between.
    std::vector<QuicConnection*> ended;
    for (QuicConnection* connection : std::exchange(dirty_, {})) {
        connection->is_dirty = false;
        connection->deliver();
        if (!is_send_blocked()) {
            connection->flush();
        } else if (!connection->is_ended()) {
            mark_dirty(*connection);  // on_sendable runs a pass
        }
        if (connection->is_ended()) ended.push_back(connection);
    }
    // Telling one user may end other connections: theirs is the next pass.
    for (QuicConnection* connection : ended) destroy(*connection);
    is_in_loop_ = false;
    if (is_stopped_) return;
    if (!dirty_.empty() && !is_send_blocked()) schedule_pass();
    update_gauges();
}

void QuicEndpoint::destroy(QuicConnection& connection) {
    if (log::is_enabled(log::Level::debug)) {
        log::debug("quic_connection_ended remote={} outbound={} reason={}",
                   connection.current_remote().to_multiaddr().to_string(),
                   connection.is_outbound(),
                   log::quoted(connection.reason().what));
    }
    connection.deliver_end();
    // The user may have destroyed metrics and the like after stop().
    if (!is_stopped_ && !connection.is_established()) {
        counters_.handshakes_failed.Increment();
        if (!connection.is_outbound()) admission_.finish(connection.remote().ip, now());
    }
    for (const ResetToken& token : connection.reset_tokens()) reset_tokens_.erase(token);
    for (const ConnectionId& id : connection.ids()) routes_.erase(id);
    if (!is_stopped_) remember_closed(connection);
    if (connection.is_dirty) std::erase(dirty_, &connection);
    connections_.erase(&connection);
}

void QuicEndpoint::on_established(QuicConnection& connection) {
    counters_.handshakes_completed.Increment();
    if (!connection.is_outbound()) admission_.finish(connection.remote().ip, now());
    mark_dirty(connection);
}

void QuicEndpoint::accepted(std::unique_ptr<Connection> connection) {
    // After stop() the connection is over already; the user is not given it any more.
    if (!is_stopped_) accept_(std::move(connection));
}

void QuicEndpoint::update_gauges() {
    counters_.connections.Set(static_cast<double>(connections_.size()));
    counters_.half_open.Set(static_cast<double>(admission_.half_open()));
    counters_.queued_bytes.Set(static_cast<double>(queued_size_));
}

// --- Closed connections --------------------------------------------------------------------------

void QuicEndpoint::remember_closed(QuicConnection& connection) {
    if (connection.closing_period() <= Duration::zero() || connection.ids().empty()) return;
    if (closed_.size() >= limits::kClosedMax) forget_closed(closed_.begin());
    Closed& closed = closed_.emplace_back(Closed{connection.ids(),
                                                 connection.closing_packet(),
                                                 connection.current_remote(),
                                                 connection.local(),
                                                 now() + connection.closing_period()});
    for (const ConnectionId& id : closed.ids) routes_[id] = Route{nullptr, &closed};
    if (sweep_timer_ == 0) {
        sweep_timer_ = reactor_.after(kSweepPeriod, [this] { sweep_closed(); });
    }
}

void QuicEndpoint::forget_closed(std::list<Closed>::iterator closed) {
    for (const ConnectionId& id : closed->ids) {
        const auto found = routes_.find(id);
        if (found != routes_.end() && found->second.closed == &*closed) routes_.erase(found);
    }
    closed_.erase(closed);
}

void QuicEndpoint::sweep_closed() {
    sweep_timer_ = 0;
    for (auto it = closed_.begin(); it != closed_.end();) {
        const auto current = it++;
        if (current->forget_at <= now()) forget_closed(current);
    }
    if (!closed_.empty()) {
        sweep_timer_ = reactor_.after(kSweepPeriod, [this] { sweep_closed(); });
    }
}

// --- Names ---------------------------------------------------------------------------------------

ConnectionId QuicEndpoint::add_fresh_id(QuicConnection& connection) {
    ConnectionId id;
    id.size = limits::kConnectionIdSize;
    do {
        random_.fill(MutableByteView{id.bytes}.first(id.size));
    } while (!add_id(connection, id));
    return id;
}

bool QuicEndpoint::add_id(QuicConnection& connection, const ConnectionId& id) {
    return routes_.emplace(id, Route{&connection, nullptr}).second;
}

ResetToken QuicEndpoint::reset_token_of(const ConnectionId& id) const {
    const ngtcp2_cid cid = to_native(id);
    ResetToken token;
    const int status = ngtcp2_crypto_generate_stateless_reset_token(
        token.data(), reset_secret_.data(), reset_secret_.size(), &cid);
    LEPTON_ASSERT(status == 0);
    return token;
}

bool QuicEndpoint::add_reset_token(QuicConnection& connection, const ResetToken& token) {
    return reset_tokens_.emplace(token, &connection).second;
}

}  // namespace lepton::libp2p
