// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/stream.hpp"

#include "base/assert.hpp"
#include "libp2p/quic/connection.hpp"

#include <utility>

namespace lepton::libp2p {

// --- Calls of the user ---------------------------------------------------------------------------

void StreamState::set_handler(StreamHandler* handler) {
    handler_ = handler;
    if (handler_ != nullptr) schedule_delivery();
}

bool StreamState::write(Bytes bytes) {
    if (connection_ == nullptr || error_ || is_reset_ || is_finish_requested_) return false;
    if (is_stopped_) {
        // Until now nothing was lost by the peer's wish; these bytes are.
        fail(0, "the peer reads no more");
        return false;
    }
    if (bytes.empty()) return true;
    if (queue_.size() + bytes.size() > Stream::kQueueSizeMax ||
        !connection_->reserve_queue(bytes.size())) {
        was_full_ = true;
        return false;
    }
    queue_.append(std::move(bytes));
    if (queue_.size() >= Stream::kQueueSizeLow) was_full_ = true;
    connection_->schedule_write(*this);
    return true;
}

void StreamState::consume(std::size_t size) {
    // After an error the credit of everything unread has been returned already.
    if (connection_ == nullptr || is_reset_ || error_) return;
    LEPTON_ASSERT(size <= unread_size_ - received_.size(), "consumed more than was handed over");
    unread_size_ -= size;
    connection_->return_credit(id_, size);
}

void StreamState::finish() {
    if (connection_ == nullptr || is_finish_requested_ || is_reset_) return;
    is_finish_requested_ = true;
    if (!is_sending_over_) connection_->schedule_write(*this);
}

void StreamState::reset(std::uint64_t code) {
    handler_ = nullptr;
    if (connection_ == nullptr || is_reset_) return;
    is_reset_ = true;
    is_sending_over_ = true;
    return_unread();
    if (!is_closed_) connection_->shutdown_stream(id_, code);
}

void StreamState::abandon() {
    is_abandoned_ = true;
    handler_ = nullptr;
    if (connection_ == nullptr) return;
    return_unread();
    if (is_closed_) {
        connection_->forget_stream(id_);
        return;
    }
    if (is_reset_) return;
    if (!is_finish_requested_ && !is_sending_over_) {
        is_sending_over_ = true;
        connection_->shutdown_stream_write(id_, 0);
    }
    if (!is_receiving_over_) connection_->shutdown_stream_read(id_, 0);
}

// --- Events of the protocol ----------------------------------------------------------------------

void StreamState::on_received(ByteView bytes, bool is_last) {
    if (is_reset_ || is_abandoned_ || error_) {
        connection_->return_connection_credit(bytes.size());
    } else {
        append(received_, bytes);
        unread_size_ += bytes.size();
    }
    if (is_last) is_receiving_over_ = true;
    schedule_delivery();
}

void StreamState::on_acknowledged(std::uint64_t offset) {
    connection_->release_queue(queue_.acknowledge(offset));
    if (queue_.size() < Stream::kQueueSizeLow) note_writable();
}

void StreamState::on_reset_by_peer(std::uint64_t code) {
    if (is_receiving_over_) return;  // everything has arrived: nothing is lost
    fail(code, "reset by the peer");
}

void StreamState::on_stopped_by_peer() {
    is_stopped_ = true;
    is_sending_over_ = true;
    // A user that has finished waits for the answer, if for anything.
    if (queue_.has_unsent() && !is_finish_requested_) fail(0, "the peer reads no more");
}

void StreamState::on_closed() {
    is_closed_ = true;
    is_stopped_ = !is_finish_sent_;
    is_sending_over_ = true;
    connection_->release_queue(queue_.size());
    queue_.clear();
}

void StreamState::on_connection_ended(const std::string& why) {
    const bool is_complete = is_closed_ && is_finish_requested_ && is_receiving_over_;
    if (!is_complete && !error_) error_ = StreamError{0, why};
    connection_ = nullptr;
    is_writable_due_ = false;
    queue_.clear();
}

void StreamState::on_room() {
    if (queue_.size() < Stream::kQueueSizeLow) note_writable();
}

void StreamState::deliver() {
    // Each turn of the loop makes one call, after which anything may have changed.
    while (handler_ != nullptr && !is_error_told_) {
        // What arrived before the connection ended is handed over; after a reset nothing is left.
        if (!received_.empty()) {
            const Bytes bytes = std::exchange(received_, {});
            handler_->on_data(bytes);
        } else if (is_receiving_over_ && !is_end_told_) {
            is_end_told_ = true;
            handler_->on_end();
        } else if (error_) {
            is_error_told_ = true;
            const StreamError error = *error_;
            std::exchange(handler_, nullptr)->on_error(error);
        } else if (is_writable_due_) {
            is_writable_due_ = false;
            handler_->on_writable();
        } else {
            return;
        }
    }
}

bool StreamState::can_send() const {
    if (is_sending_over_ || is_blocked_) return false;
    return queue_.has_unsent() || is_finish_wanted();
}

// --- Private -------------------------------------------------------------------------------------

void StreamState::fail(std::uint64_t code, std::string what) {
    if (error_ || is_reset_) return;
    return_unread();
    error_ = StreamError{code, std::move(what)};
    is_sending_over_ = true;
    connection_->schedule_shutdown(id_, code);
    schedule_delivery();
}

void StreamState::return_unread() {
    received_.clear();
    connection_->return_connection_credit(std::exchange(unread_size_, 0));
}

void StreamState::note_writable() {
    if (!was_full_ || is_finish_requested_ || is_sending_over_) return;
    was_full_ = false;
    is_writable_due_ = true;
    schedule_delivery();
}

void StreamState::schedule_delivery() {
    if (connection_ != nullptr) {
        connection_->schedule_delivery(shared_from_this());
        return;
    }
    reactor_.defer([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->deliver();
    });
}

}  // namespace lepton::libp2p
