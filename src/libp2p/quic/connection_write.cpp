// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The write scheduler of a connection. One visit writes at most the library's send quantum, so that
// one busy connection does not keep the others waiting; streams take turns packet by packet.
// Packets of equal size leave in one system call.
#include "libp2p/quic/connection.hpp"
#include "libp2p/quic/endpoint.hpp"
#include "libp2p/quic/native.hpp"

#include <algorithm>
#include <array>

namespace lepton::libp2p {
namespace {

/// Pieces of a stream offered to one packet: more than fit in one.
constexpr std::size_t kPiecesMax = 8;

/// Collects packets for the same destination, all of one size except a shorter last one, at the
/// front of a buffer.
class PacketBatch {
  public:
    PacketBatch(QuicEndpoint& endpoint, const IpAddress& from)
        : endpoint_(endpoint), buffer_(endpoint.send_buffer()), from_(from) {}

    /// Where the next packet is to be written.
    MutableByteView space(std::size_t size) const { return buffer_.subspan(size_, size); }

    /// Takes the packet of `size` bytes that was written there.
    void add(std::size_t size, const SocketAddress& to) {
        if (size_ > 0 && (to != to_ || size > segment_size_)) {
            // Not of this batch (a larger one is a probe for the path's packet size).
            const std::size_t at = size_;
            send();
            std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(at), size, buffer_.begin());
        }
        if (size_ == 0) segment_size_ = size;
        to_ = to;
        size_ += size;
        ++count_;
        const bool is_last = size < segment_size_ || count_ == limits::kBatchSegmentsMax ||
                             size_ + 2 * segment_size_ > limits::kBatchSizeMax;
        if (is_last) send();
    }

    void send() {
        if (size_ > 0) endpoint_.send_batch(to_, from_, buffer_.first(size_), segment_size_);
        size_ = 0;
        count_ = 0;
    }

  private:
    QuicEndpoint& endpoint_;
    MutableByteView buffer_;
    IpAddress from_;
    SocketAddress to_;
    std::size_t segment_size_ = 0;
    std::size_t size_ = 0;
    std::size_t count_ = 0;
};

SocketAddress remote_of(const ngtcp2_path& path, const SocketAddress& otherwise) {
    if (path.remote.addrlen == 0) return otherwise;
    sockaddr_storage raw{};
    std::copy_n(reinterpret_cast<const std::uint8_t*>(path.remote.addr),
                std::min<std::size_t>(path.remote.addrlen, sizeof raw),
                reinterpret_cast<std::uint8_t*>(&raw));
    return SocketAddress::from_sockaddr(raw).value_or(otherwise);
}

}  // namespace

void QuicConnection::flush() {
    if (is_ended()) return;
    grant_streams(endpoint_.now());
    write_packets();
    if (is_ended()) return;
    if (is_close_due()) {
        end_with_close(close_request_->code,
                       close_request_->text,
                       {CloseCause::local, "closed by this side: " + close_request_->text});
        return;
    }
    // Writing after the handshake was completed has brought the library past the point where short
    // headers are dangerous.
    if (is_handshake_completed_ && !is_past_handshake_) {
        replay_held();
        endpoint_.mark_dirty(*this);
    }
    set_timer();
}

StreamState* QuicConnection::next_stream_to_write() {
    const bool is_window_open = ngtcp2_conn_get_max_data_left(native_->conn) > 0;
    for (std::size_t left = ready_.size(); left > 0; --left) {
        StreamState& stream = *ready_.front();
        if (!stream.can_send()) {
            drop_ready();
        } else if (!is_window_open && stream.queue().has_unsent()) {
            // Nothing tells when the connection's window opens: it is looked at on every visit.
            rotate_ready();
        } else {
            return &stream;
        }
    }
    return nullptr;
}

void QuicConnection::rotate_ready() {
    ready_.push_back(std::move(ready_.front()));
    ready_.pop_front();
}

void QuicConnection::drop_ready() {
    ready_.front()->is_write_scheduled = false;
    ready_.pop_front();
}

void QuicConnection::write_packets() {
    const ngtcp2_tstamp now = to_native(endpoint_.now());
    const std::size_t packet_size_max = ngtcp2_conn_get_max_tx_udp_payload_size(native_->conn);
    const std::size_t quantum =
        std::max(ngtcp2_conn_get_send_quantum(native_->conn), packet_size_max);
    PacketBatch batch{endpoint_, local_};
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);

    std::size_t total = 0;
    while (total < quantum && !endpoint_.is_send_blocked()) {
        StreamState* stream = next_stream_to_write();

        std::array<ByteView, kPiecesMax> pieces;
        std::array<ngtcp2_vec, kPiecesMax> vectors;
        std::size_t count = 0;
        std::size_t offered = 0;
        std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
        if (stream != nullptr) {
            count = stream->queue().unsent(pieces);
            for (std::size_t i = 0; i < count; ++i) {
                vectors[i] = {const_cast<std::uint8_t*>(pieces[i].data()), pieces[i].size()};
                offered += pieces[i].size();
            }
            if (stream->is_finish_wanted() && offered == stream->queue().unsent_size()) {
                flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
            }
        }

        const MutableByteView space = batch.space(packet_size_max);
        ngtcp2_pkt_info info{};
        ngtcp2_ssize taken = -1;
        const ngtcp2_ssize written = ngtcp2_conn_writev_stream(native_->conn,
                                                               &path.path,
                                                               &info,
                                                               space.data(),
                                                               space.size(),
                                                               &taken,
                                                               flags,
                                                               stream ? stream->id() : -1,
                                                               vectors.data(),
                                                               count,
                                                               now);
        if (stream != nullptr && taken >= 0) {
            stream->queue().mark_sent(static_cast<std::size_t>(taken));
            const bool is_all = static_cast<std::size_t>(taken) == offered;
            if (is_all && (flags & NGTCP2_WRITE_STREAM_FLAG_FIN) != 0) stream->on_finish_sent();
            if (stream->can_send()) {
                rotate_ready();
            } else {
                drop_ready();
            }
        }

        if (written > 0) {
            total += static_cast<std::size_t>(written);
            // Where the library wants it to go, which may have changed since the handshake.
            current_remote_ = remote_of(path.path, current_remote_);
            batch.add(static_cast<std::size_t>(written), current_remote_);
        } else if (written == 0) {
            break;  // congestion, pacing, or nothing to say
        } else if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
            // Of the stream's own window the library tells when it opens (set_blocked(false)).
            if (ngtcp2_conn_get_max_data_left(native_->conn) > 0) {
                stream->set_blocked(true);
                drop_ready();
            }
        } else if (written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND) {
            drop_ready();
            stream->on_stopped_by_peer();
        } else if (written != NGTCP2_ERR_WRITE_MORE) {
            batch.send();
            fail(static_cast<int>(written));
            return;
        }
    }
    batch.send();
    ngtcp2_conn_update_pkt_tx_time(native_->conn, now);
}

}  // namespace lepton::libp2p
