// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/connection.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "libp2p/quic/connection_handle.hpp"
#include "libp2p/quic/endpoint.hpp"
#include "libp2p/quic/native.hpp"
#include "libp2p/quic/packet_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lepton::libp2p {
namespace {

/// Codes with which this side closes; peers show them to their operators.
constexpr std::uint64_t kNoError = 0;
constexpr std::uint64_t kEnhanceYourCalm = 0x10c;  // the word HTTP uses for it; there is no other

/// The TLS alert of that name.
constexpr std::uint8_t kNoApplicationProtocol = 120;

constexpr std::size_t kClosingPacketSizeMax = 1280;

}  // namespace

QuicConnection::QuicConnection(QuicEndpoint& endpoint,
                               const Multiaddr& address,
                               Transport::DialDone done)
    : endpoint_(endpoint),
      is_outbound_(true),
      address_(address),
      remote_(SocketAddress::from_multiaddr(address)),
      current_remote_(remote_),
      native_(std::make_unique<Native>(endpoint.clock())),
      dial_deadline_(endpoint.now() + limits::kHandshakeTimeout),
      dial_done_(std::move(done)),
      stream_credit_(limits::kStreamsPerSecond, limits::kStreamsMax),
      datagram_credit_(limits::kIdleDatagramsPerSecond, limits::kIdleDatagramsBurst) {
    native_->check.expected = address.peer_id;
    start_native(nullptr);
}

QuicConnection::QuicConnection(QuicEndpoint& endpoint, const IncomingHandshake& incoming)
    : endpoint_(endpoint),
      is_outbound_(false),
      address_(incoming.datagram.remote.to_multiaddr()),
      remote_(incoming.datagram.remote),
      current_remote_(remote_),
      local_(incoming.datagram.local),
      native_(std::make_unique<Native>(endpoint.clock())),
      is_past_handshake_(true),
      stream_credit_(limits::kStreamsPerSecond, limits::kStreamsMax),
      datagram_credit_(limits::kIdleDatagramsPerSecond, limits::kIdleDatagramsBurst) {
    start_native(&incoming);
}

QuicConnection::~QuicConnection() {
    if (timer_ != 0) endpoint_.reactor().cancel(timer_);
    // When deliver_end() never came (the reactor was destroyed first), the user's ends must not
    // keep pointers to this.
    for (const auto& [id, stream] : streams_) stream->on_connection_ended("the reactor is gone");
    if (handle_ != nullptr) handle_->forget();
}

// --- Incoming ------------------------------------------------------------------------------------

QuicConnection::Received QuicConnection::receive(const Datagram& datagram) {
    if (is_ended()) {
        endpoint_.counters().drop(Drop::closed_connection);
        return Received::ok;
    }
    if (!datagram_credit_.take(endpoint_.now())) {
        endpoint_.counters().abusive_peers.Increment();
        end_with_close(kEnhanceYourCalm,
                       "too many useless packets",
                       {CloseCause::error, "the peer sends too many useless packets"});
        return Received::ok;
    }

    ByteView payload = datagram.payload;
    if (!is_past_handshake_) {
        const SplitDatagram split = split_datagram(payload);
        payload = split.handshake;
        if (!split.short_header.empty()) {
            if (held_.size() < limits::kHeldDatagramsMax) {
                held_.push_back({datagram.remote, datagram.local, to_bytes(split.short_header)});
            } else {
                endpoint_.counters().drop(Drop::before_handshake);
            }
        }
        if (payload.empty()) return Received::ok;
    }
    const int status = read_packet(datagram, payload);
    if (status == NGTCP2_ERR_RETRY) return Received::retry_required;
    if (status != 0) fail(status);
    return Received::ok;
}

int QuicConnection::read_packet(const Datagram& datagram, ByteView payload) {
    local_ = datagram.local;
    const NativeAddress local{endpoint_.local_address()};
    const NativeAddress remote{datagram.remote};
    const ngtcp2_path path{local.addr, remote.addr, nullptr};
    const ngtcp2_pkt_info info{};
    return ngtcp2_conn_read_pkt(
        native_->conn, &path, &info, payload.data(), payload.size(), to_native(endpoint_.now()));
}

void QuicConnection::replay_held() {
    is_past_handshake_ = true;
    for (const HeldDatagram& held : std::exchange(held_, {})) {
        if (is_ended()) return;
        const Datagram datagram{held.remote, held.local, held.payload};
        if (const int status = read_packet(datagram, held.payload); status != 0) fail(status);
    }
}

// --- Telling the user ----------------------------------------------------------------------------

void QuicConnection::deliver() {
    for (const auto& [id, code] : std::exchange(shutdowns_, {})) shutdown_stream(id, code);
    if (is_established_ && !is_announced_ && !is_ended()) announce();

    while (handler_ != nullptr && !new_streams_.empty()) {
        auto stream = std::make_unique<QuicStream>(std::move(new_streams_.front()));
        new_streams_.pop_front();
        handler_->on_stream(*handle_, std::move(stream));
    }
    for (const auto& stream : std::exchange(deliverable_, {})) {
        stream->is_delivery_scheduled = false;
        stream->deliver();
    }
}

void QuicConnection::announce() {
    is_announced_ = true;
    auto handle = make_handle();
    handle_ = handle.get();
    if (is_outbound_) {
        std::exchange(dial_done_, nullptr)(std::move(handle));
    } else {
        endpoint_.accepted(std::move(handle));
    }
}

std::unique_ptr<QuicConnectionHandle> QuicConnection::make_handle() {
    LEPTON_ASSERT(native_->check.peer.has_value());
    Multiaddr address = address_;
    address.peer_id = native_->check.peer->peer_id;
    return std::make_unique<QuicConnectionHandle>(
        *this, endpoint_.reactor(), *native_->check.peer, std::move(address), is_outbound_);
}

void QuicConnection::deliver_end() {
    LEPTON_ASSERT(is_ended());
    for (const auto& [id, stream] : streams_) stream->on_connection_ended(reason_->what);
    for (const auto& [id, stream] : std::exchange(streams_, {})) stream->deliver();
    deliverable_.clear();
    new_streams_.clear();
    ready_.clear();
    if (dial_done_) std::exchange(dial_done_, nullptr)(std::unexpected(dial_error()));
    handler_ = nullptr;
    if (handle_ != nullptr) std::exchange(handle_, nullptr)->end(*reason_);
}

DialError QuicConnection::dial_error() const {
    return {dial_error_kind_, fmt::format("dial {}: {}", address_.to_string(), reason_->what)};
}

// --- The user's side -----------------------------------------------------------------------------

void QuicConnection::set_handler(ConnectionHandler* handler) {
    handler_ = handler;
    if (handler_ != nullptr && !new_streams_.empty()) endpoint_.mark_dirty(*this);
}

std::unique_ptr<Stream> QuicConnection::open_stream() {
    if (is_ended() || close_request_ || local_streams_ >= limits::kStreamsMax) return nullptr;
    std::int64_t id = -1;
    if (ngtcp2_conn_open_bidi_stream(native_->conn, &id, nullptr) != 0) return nullptr;
    auto state = std::make_shared<StreamState>(*this, endpoint_.reactor(), id);
    streams_.emplace(id, state);
    ++local_streams_;
    return std::make_unique<QuicStream>(std::move(state));
}

void QuicConnection::close(std::uint64_t code, std::string_view why) {
    if (is_ended() || close_request_) return;
    // The reason shares one packet with other frames.
    close_request_ = CloseRequest{
        code, std::string{why.substr(0, 256)}, endpoint_.now() + limits::kCloseTimeout};
    endpoint_.mark_dirty(*this);
}

bool QuicConnection::is_close_due() {
    return close_request_ && (endpoint_.now() >= close_request_->deadline || !is_established_ ||
                              next_stream_to_write() == nullptr);
}

void QuicConnection::abandon() {
    handle_ = nullptr;
    handler_ = nullptr;
    close(kNoError, "");
}

// --- The end -------------------------------------------------------------------------------------

void QuicConnection::fail(int native_error) {
    if (is_ended()) return;
    switch (native_error) {
        case NGTCP2_ERR_IDLE_CLOSE:
            dial_error_kind_ = DialErrorKind::timeout;
            end({CloseCause::timeout, "no answer from the peer"});
            return;
        case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
            dial_error_kind_ = DialErrorKind::timeout;
            end({CloseCause::timeout, "the handshake took too long"});
            return;
        case NGTCP2_ERR_DRAINING:
        case NGTCP2_ERR_CLOSING:
            dial_error_kind_ = DialErrorKind::refused;
            closing_period_ =
                Duration{static_cast<std::int64_t>(3 * ngtcp2_conn_get_pto(native_->conn))};
            end({CloseCause::remote, remote_reason()});
            return;
        case NGTCP2_ERR_DROP_CONN:
            end({CloseCause::error, "the handshake made no sense"});
            return;
        case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
            end({CloseCause::error, "the peer does not speak QUIC version 1"});
            return;
        case NGTCP2_ERR_NOMEM:
            // The library is in no state to write anything more.
            endpoint_.counters().abusive_peers.Increment();
            end({CloseCause::error, "the peer made this connection use too much memory"});
            return;
        default:
            break;
    }
    std::string what;
    if (is_protocol_missing_) {
        ngtcp2_ccerr_set_tls_alert(&native_->close_error, kNoApplicationProtocol, nullptr, 0);
        what = "the peer did not ask for the protocol libp2p";
    } else if (is_crypto_data_exceeded_) {
        ngtcp2_ccerr_set_transport_error(
            &native_->close_error, NGTCP2_CRYPTO_BUFFER_EXCEEDED, nullptr, 0);
        what = "the peer sends too many handshake messages";
    } else if (native_error == NGTCP2_ERR_CRYPTO) {
        const std::uint8_t alert = ngtcp2_conn_get_tls_alert(native_->conn);
        ngtcp2_ccerr_set_tls_alert(&native_->close_error, alert, nullptr, 0);
        what = fmt::format("TLS alert {}{}", alert, verification_failure());
    } else {
        ngtcp2_ccerr_set_liberr(&native_->close_error, native_error, nullptr, 0);
        what = fmt::format("{}{}", ngtcp2_strerror(native_error), verification_failure());
    }
    if (native_->check.error == CertificateError::wrong_peer) {
        dial_error_kind_ = DialErrorKind::wrong_peer;
    }
    write_closing_packet();
    end({CloseCause::error, std::move(what)});
}

std::string QuicConnection::verification_failure() const {
    if (!native_->check.error) return {};
    return fmt::format(", certificate refused: {}", to_string(*native_->check.error));
}

std::string QuicConnection::remote_reason() const {
    if (was_reset_statelessly_) return "the peer does not know the connection any more";
    const ngtcp2_ccerr* error = ngtcp2_conn_get_ccerr(native_->conn);
    std::string what =
        fmt::format("closed by the peer with {} code {:#x}",
                    error->type == NGTCP2_CCERR_TYPE_APPLICATION ? "application" : "transport",
                    error->error_code);
    if (error->reasonlen > 0) {
        what += ": " + log::quoted(as_text({error->reason, error->reasonlen}));
    }
    return what;
}

void QuicConnection::end_silently(const std::string& why) {
    if (!is_ended()) end({CloseCause::error, why});
}

void QuicConnection::stop() {
    dial_error_kind_ = DialErrorKind::stopped;
    end_with_close(kNoError, "stopping", {CloseCause::local, "the transport was stopped"});
}

void QuicConnection::end_with_close(std::uint64_t code, std::string_view text, CloseReason reason) {
    if (is_ended()) return;
    ngtcp2_ccerr_set_application_error(&native_->close_error,
                                       code,
                                       reinterpret_cast<const std::uint8_t*>(text.data()),
                                       text.size());
    write_closing_packet();
    end(std::move(reason));
}

void QuicConnection::write_closing_packet() {
    if (ngtcp2_conn_in_closing_period(native_->conn) != 0 ||
        ngtcp2_conn_in_draining_period(native_->conn) != 0) {
        return;
    }
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info{};
    Bytes packet(kClosingPacketSizeMax);
    const ngtcp2_ssize written = ngtcp2_conn_write_connection_close(native_->conn,
                                                                    &path.path,
                                                                    &info,
                                                                    packet.data(),
                                                                    packet.size(),
                                                                    &native_->close_error,
                                                                    to_native(endpoint_.now()));
    if (written <= 0) return;  // there are no keys yet, or nothing may be sent
    packet.resize(static_cast<std::size_t>(written));
    endpoint_.send_once(current_remote_, local_, packet);
    closing_packet_ = std::move(packet);
    closing_period_ = Duration{static_cast<std::int64_t>(3 * ngtcp2_conn_get_pto(native_->conn))};
}

void QuicConnection::end(CloseReason reason) {
    reason_ = std::move(reason);
    if (timer_ != 0) endpoint_.reactor().cancel(std::exchange(timer_, 0));
    held_.clear();
    release_queue(queued_size_);
    endpoint_.mark_dirty(*this);
}

// --- Timers --------------------------------------------------------------------------------------

std::optional<Time> QuicConnection::next_timer() const {
    std::optional<Time> next;
    const auto consider = [&next](Time time) {
        if (!next || time < *next) next = time;
    };
    if (const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(native_->conn); expiry != UINT64_MAX) {
        consider(Time{Duration{static_cast<std::int64_t>(expiry)}});
    }
    if (is_outbound_ && !is_established_) consider(dial_deadline_);
    if (close_request_) consider(close_request_->deadline);
    if (withheld_streams_ > 0) consider(stream_credit_.next(endpoint_.now()));
    return next;
}

void QuicConnection::set_timer() {
    if (is_ended()) return;
    const auto next = next_timer();
    if (!next) return;
    // A timer that fires too early is cheaper than one that is set anew for every packet.
    if (timer_ != 0 && timer_due_ <= *next) return;
    if (timer_ != 0) endpoint_.reactor().cancel(timer_);
    timer_due_ = std::max(*next, endpoint_.now());
    timer_ = endpoint_.reactor().after(timer_due_ - endpoint_.now(), [this] { on_timer(); });
}

void QuicConnection::on_timer() {
    timer_ = 0;
    const Time now = endpoint_.now();
    if (is_outbound_ && !is_established_ && now >= dial_deadline_) {
        fail(NGTCP2_ERR_HANDSHAKE_TIMEOUT);
    } else if (ngtcp2_conn_get_expiry(native_->conn) <= to_native(now)) {
        if (const int status = ngtcp2_conn_handle_expiry(native_->conn, to_native(now));
            status != 0) {
            fail(status);
        }
    }
    grant_streams(now);
    endpoint_.visit(*this);
}

void QuicConnection::grant_streams(Time now) {
    if (is_ended()) return;
    while (withheld_streams_ > 0 && stream_credit_.take(now)) {
        --withheld_streams_;
        ngtcp2_conn_extend_max_streams_bidi(native_->conn, 1);
    }
}

// --- The streams' side ---------------------------------------------------------------------------

bool QuicConnection::reserve_queue(std::size_t size) {
    if (is_ended() || close_request_ || queued_size_ + size > limits::kConnectionQueueSizeMax ||
        !endpoint_.reserve_queue(size)) {
        has_refused_write_ = true;
        return false;
    }
    queued_size_ += size;
    return true;
}

void QuicConnection::release_queue(std::size_t size) {
    LEPTON_ASSERT(size <= queued_size_);
    queued_size_ -= size;
    endpoint_.release_queue(size);
    if (has_refused_write_ && queued_size_ <= limits::kConnectionQueueSizeMax / 2) on_room();
}

void QuicConnection::on_room() {
    if (is_ended()) return;
    has_refused_write_ = false;
    for (const auto& [id, stream] : streams_) stream->on_room();
}

void QuicConnection::schedule_write(StreamState& stream) {
    if (is_ended()) return;
    if (!stream.is_write_scheduled && stream.can_send()) {
        stream.is_write_scheduled = true;
        ready_.push_back(stream.shared_from_this());
    }
    endpoint_.mark_dirty(*this);
}

void QuicConnection::schedule_delivery(std::shared_ptr<StreamState> stream) {
    if (std::exchange(stream->is_delivery_scheduled, true)) return;
    deliverable_.push_back(std::move(stream));
    endpoint_.mark_dirty(*this);
}

void QuicConnection::return_credit(std::int64_t stream_id, std::size_t size) {
    if (is_ended()) return;
    // The library says nothing about a stream that it has forgotten; it fails only without memory.
    if (const int status = ngtcp2_conn_extend_max_stream_offset(native_->conn, stream_id, size);
        status != 0) {
        fail(status);
        return;
    }
    return_connection_credit(size);
}

void QuicConnection::return_connection_credit(std::size_t size) {
    if (is_ended() || size == 0) return;
    ngtcp2_conn_extend_max_offset(native_->conn, size);
    endpoint_.mark_dirty(*this);
}

void QuicConnection::shutdown_stream(std::int64_t stream_id, std::uint64_t code) {
    if (is_ended()) return;
    if (const int status = ngtcp2_conn_shutdown_stream(native_->conn, 0, stream_id, code);
        status != 0) {
        fail(status);
    }
    endpoint_.mark_dirty(*this);
}

void QuicConnection::shutdown_stream_write(std::int64_t stream_id, std::uint64_t code) {
    if (is_ended()) return;
    if (const int status = ngtcp2_conn_shutdown_stream_write(native_->conn, 0, stream_id, code);
        status != 0) {
        fail(status);
    }
    endpoint_.mark_dirty(*this);
}

void QuicConnection::shutdown_stream_read(std::int64_t stream_id, std::uint64_t code) {
    if (is_ended()) return;
    if (const int status = ngtcp2_conn_shutdown_stream_read(native_->conn, 0, stream_id, code);
        status != 0) {
        fail(status);
    }
    endpoint_.mark_dirty(*this);
}

void QuicConnection::schedule_shutdown(std::int64_t stream_id, std::uint64_t code) {
    shutdowns_.emplace_back(stream_id, code);
    endpoint_.mark_dirty(*this);
}

void QuicConnection::forget_stream(std::int64_t id) {
    streams_.erase(id);
}

std::shared_ptr<StreamState> QuicConnection::find_stream(std::int64_t id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
}

}  // namespace lepton::libp2p
