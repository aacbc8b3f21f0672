// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// An IP address with a UDP port, without allocation: what datagrams carry. A value; any thread.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/multiaddr.hpp"

#include <array>
#include <compare>
#include <cstdint>

struct sockaddr_storage;

namespace lepton::libp2p {

/// 4 or 16 bytes, network order.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    std::uint8_t size = 4;

    bool is_ip6() const { return size == 16; }
    /// True for 0.0.0.0 and ::.
    bool is_unspecified() const;

    auto operator<=>(const IpAddress&) const = default;
};

struct SocketAddress {
    IpAddress ip;
    std::uint16_t port = 0;

    /// Requires an address of 4 or 16 bytes.
    static SocketAddress from_multiaddr(const Multiaddr& address);
    Multiaddr to_multiaddr() const;

    /// Errors: neither IPv4 nor IPv6.
    static Result<SocketAddress, IoError> from_sockaddr(const sockaddr_storage& raw);
    /// Fills `raw` and returns how many bytes of it count.
    unsigned to_sockaddr(sockaddr_storage& raw) const;

    auto operator<=>(const SocketAddress&) const = default;
};

/// Returns the network that `ip` belongs to, the unit of limits on strangers: /24 of IPv4, /56 of
/// IPv6, the rest zero.
IpAddress network_prefix(const IpAddress& ip);

}  // namespace lepton::libp2p
