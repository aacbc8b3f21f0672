// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One stream of a QUIC connection: what waits for the peer, what waits for the user, and what the
// user still has to be told. Reactor's thread.
//
// Two owners share a StreamState: the connection, until the protocol is done with the stream, and
// the user's QuicStream, until the user is. Either may go first.
#pragma once

#include "libp2p/quic/send_queue.hpp"
#include "libp2p/reactor.hpp"
#include "libp2p/transport.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace lepton::libp2p {

class QuicConnection;

class StreamState final : public std::enable_shared_from_this<StreamState> {
  public:
    StreamState(QuicConnection& connection, Reactor& reactor, std::int64_t id)
        : connection_(&connection), reactor_(reactor), id_(id) {}

    // --- Calls of the user, by way of QuicStream: none of them calls the handler ---

    void set_handler(StreamHandler* handler);
    bool write(Bytes bytes);
    std::size_t queued_size() const { return is_sending_over_ ? 0 : queue_.size(); }
    void consume(std::size_t size);
    void finish();
    void reset(std::uint64_t code);
    /// The user has destroyed its QuicStream.
    void abandon();

    // --- Events of the protocol: only noted, deliver() tells the user ---

    void on_received(ByteView bytes, bool is_last);
    void on_acknowledged(std::uint64_t offset);
    void on_reset_by_peer(std::uint64_t code);
    /// The peer does not want any more bytes. Known only after an attempt to send some, or when the
    /// other direction is over too.
    void on_stopped_by_peer();
    /// Both directions are over; the protocol forgets the stream.
    void on_closed();
    void on_connection_ended(const std::string& why);
    /// The connection has room again for writes that it refused.
    void on_room();

    /// Tells the handler what it does not know yet. From the reactor's loop only; the caller holds
    /// a reference to this object.
    void deliver();

    // --- The write scheduler ---

    std::int64_t id() const { return id_; }
    SendQueue& queue() { return queue_; }
    /// True when there is something to send and the peer's stream window is open.
    bool can_send() const;
    /// True when the last byte to be sent so far is the last one at all.
    bool is_finish_wanted() const { return is_finish_requested_ && !is_finish_sent_; }
    void on_finish_sent() { is_finish_sent_ = true; }
    void set_blocked(bool is_blocked) { is_blocked_ = is_blocked; }
    /// True when neither the protocol nor the user needs this object.
    bool is_forgotten() const { return is_closed_ && is_abandoned_; }

    // Kept for the connection: whether this stream is in its list of streams to write, to deliver.
    bool is_write_scheduled = false;
    bool is_delivery_scheduled = false;

  private:
    void fail(std::uint64_t code, std::string what);
    void return_unread();
    void note_writable();
    void schedule_delivery();

    /// Null once the connection has ended.
    QuicConnection* connection_;
    Reactor& reactor_;
    std::int64_t id_;
    StreamHandler* handler_ = nullptr;

    SendQueue queue_;
    /// Bytes that arrived and were not handed to the handler.
    Bytes received_;
    /// Bytes that arrived and whose flow-control credit was not returned (received_ included).
    std::size_t unread_size_ = 0;
    std::optional<StreamError> error_;

    bool is_abandoned_ = false;
    bool is_finish_requested_ = false;
    bool is_finish_sent_ = false;
    bool is_sending_over_ = false;    // finished and acknowledged, reset, or stopped
    bool is_receiving_over_ = false;  // the last byte has arrived
    bool is_end_told_ = false;
    bool is_error_told_ = false;
    bool is_blocked_ = false;  // the peer's window of this stream is used up
    bool is_stopped_ = false;  // the peer wants no more bytes
    bool is_reset_ = false;    // both directions were given up by this side
    bool is_closed_ = false;   // the protocol has forgotten the stream
    bool was_full_ = false;    // at or above kQueueSizeLow, or a write was refused
    bool is_writable_due_ = false;
};

/// The user's end of a StreamState.
class QuicStream final : public Stream {
  public:
    explicit QuicStream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
    ~QuicStream() override { state_->abandon(); }

    void set_handler(StreamHandler* handler) override { state_->set_handler(handler); }
    bool write(Bytes bytes) override { return state_->write(std::move(bytes)); }
    std::size_t queued_size() const override { return state_->queued_size(); }
    void consume(std::size_t size) override { state_->consume(size); }
    void finish() override { state_->finish(); }
    void reset(std::uint64_t code) override { state_->reset(code); }

  private:
    std::shared_ptr<StreamState> state_;
};

}  // namespace lepton::libp2p
