// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/transport.hpp"

#include "libp2p/quic/endpoint.hpp"

#include <utility>

namespace lepton::libp2p {

QuicTransport::QuicTransport(Reactor& reactor,
                             Random& random,
                             const Identity& identity,
                             Metrics& metrics,
                             OpenDatagramSocket open_socket,
                             QuicOptions options)
    : endpoint_(std::make_shared<QuicEndpoint>(
          reactor, random, identity, metrics, std::move(open_socket), options)) {}

QuicTransport::~QuicTransport() {
    endpoint_->stop();
}

Result<Multiaddr, IoError> QuicTransport::listen(const Multiaddr& address, Accept accept) {
    return endpoint_->listen(address, std::move(accept));
}

void QuicTransport::dial(const Multiaddr& address, DialDone done) {
    endpoint_->dial(address, std::move(done));
}

void QuicTransport::stop() {
    endpoint_->stop();
}

}  // namespace lepton::libp2p
