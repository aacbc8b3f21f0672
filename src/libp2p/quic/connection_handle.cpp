// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/connection_handle.hpp"

#include "libp2p/quic/connection.hpp"

#include <utility>

namespace lepton::libp2p {

QuicConnectionHandle::QuicConnectionHandle(QuicConnection& connection,
                                           Reactor& reactor,
                                           VerifiedPeer peer,
                                           Multiaddr address,
                                           bool is_outbound)
    : connection_(&connection),
      reactor_(reactor),
      peer_(std::move(peer)),
      address_(std::move(address)),
      is_outbound_(is_outbound) {}

QuicConnectionHandle::~QuicConnectionHandle() {
    if (connection_ != nullptr) connection_->abandon();
}

void QuicConnectionHandle::set_handler(ConnectionHandler* handler) {
    handler_ = handler;
    if (connection_ != nullptr) {
        connection_->set_handler(handler);
    } else if (handler_ != nullptr && untold_reason_) {
        reactor_.defer([this, alive = std::weak_ptr{alive_}] {
            if (!alive.expired()) tell();
        });
    }
}

std::unique_ptr<Stream> QuicConnectionHandle::open_stream() {
    return connection_ != nullptr ? connection_->open_stream() : nullptr;
}

void QuicConnectionHandle::close(std::uint64_t code, std::string_view why) {
    if (connection_ != nullptr) connection_->close(code, why);
}

void QuicConnectionHandle::end(const CloseReason& reason) {
    connection_ = nullptr;
    untold_reason_ = reason;
    tell();
}

void QuicConnectionHandle::tell() {
    if (handler_ == nullptr || !untold_reason_) return;
    const CloseReason reason = *std::exchange(untold_reason_, std::nullopt);
    std::exchange(handler_, nullptr)->on_closed(*this, reason);
}

}  // namespace lepton::libp2p
