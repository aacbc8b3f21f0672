// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/simulation/datagram_network.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace lepton::libp2p {

class DatagramNetwork::Socket final : public DatagramSocket {
  public:
    Socket(std::shared_ptr<Shared> shared, const SocketAddress& address)
        : shared_(std::move(shared)), address_(address) {
        shared_->sockets.emplace(address_, this);
    }
    ~Socket() override { shared_->sockets.erase(address_); }

    SocketAddress local_address() const override { return address_; }
    void start(DatagramReceiver& receiver) override { receiver_ = &receiver; }

    std::size_t send(const SocketAddress& to,
                     const IpAddress& /*from*/,
                     ByteView bytes,
                     std::size_t segment_size) override {
        LEPTON_ASSERT(segment_size > 0 && !bytes.empty());
        if (!shared_->is_sendable) return 0;
        for (ByteView rest = bytes; !rest.empty();) {
            const ByteView datagram = rest.first(std::min(segment_size, rest.size()));
            shared_->post(address_, to, to_bytes(datagram));
            rest = rest.subspan(datagram.size());
        }
        return bytes.size();
    }

    DatagramReceiver* receiver() const { return receiver_; }

  private:
    std::shared_ptr<Shared> shared_;
    SocketAddress address_;
    DatagramReceiver* receiver_ = nullptr;
};

OpenDatagramSocket DatagramNetwork::sockets() {
    return [shared = shared_](
               const SocketAddress& wanted) -> Result<std::unique_ptr<DatagramSocket>, IoError> {
        SocketAddress address = wanted;
        if (address.port == 0) address.port = ++shared->last_port;
        if (address.ip.is_unspecified()) {
            const unsigned machine = ++shared->last_machine;
            address.ip = {{10,
                           254,
                           static_cast<std::uint8_t>(machine >> 8),
                           static_cast<std::uint8_t>(machine & 0xff)},
                          4};
        }
        if (shared->sockets.contains(address)) {
            return std::unexpected(
                IoError{"bind " + address.to_multiaddr().to_string() + ": address in use"});
        }
        return std::make_unique<Socket>(shared, address);
    };
}

void DatagramNetwork::set_sendable(bool is_sendable) {
    shared_->is_sendable = is_sendable;
    if (!is_sendable) return;
    shared_->reactor.defer([shared = shared_] {
        const auto sockets = shared->sockets;
        for (const auto& [address, socket] : sockets) {
            if (shared->sockets.contains(address) && socket->receiver() != nullptr) {
                socket->receiver()->on_sendable();
            }
        }
    });
}

void DatagramNetwork::inject(const SocketAddress& from, const SocketAddress& to, Bytes payload) {
    shared_->post(from, to, std::move(payload));
}

void DatagramNetwork::Shared::post(const SocketAddress& from,
                                   const SocketAddress& to,
                                   Bytes payload) {
    ++datagrams;
    bytes += payload.size();
    if (tap && !tap(from, to, payload)) return;
    const unsigned copies = random.below(1000) < weather.duplicates ? 2 : 1;
    for (unsigned i = 0; i < copies; ++i) {
        if (random.below(1000) < weather.loss) continue;
        Duration delay = weather.delay;
        if (weather.jitter > Duration::zero()) {
            delay += Duration{static_cast<std::int64_t>(
                random.below(static_cast<std::uint64_t>(weather.jitter.count())))};
        }
        reactor.after(delay, [self = shared_from_this(), from, to, payload] {
            const auto found = self->sockets.find(to);
            if (found == self->sockets.end() || found->second->receiver() == nullptr) return;
            DatagramReceiver& receiver = *found->second->receiver();
            receiver.on_datagram({from, to.ip, payload});
            // The receiver may have let go of its socket.
            if (self->sockets.contains(to)) receiver.on_batch_end();
        });
    }
}

}  // namespace lepton::libp2p
