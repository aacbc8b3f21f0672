// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/socket_address.hpp"

#include "base/assert.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace lepton::libp2p {

bool IpAddress::is_unspecified() const {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

SocketAddress SocketAddress::from_multiaddr(const Multiaddr& address) {
    LEPTON_ASSERT(address.ip.size() == 4 || address.ip.size() == 16);
    SocketAddress out;
    out.ip.size = static_cast<std::uint8_t>(address.ip.size());
    std::ranges::copy(address.ip, out.ip.bytes.begin());
    out.port = address.udp_port;
    return out;
}

Multiaddr SocketAddress::to_multiaddr() const {
    return {Bytes(ip.bytes.begin(), ip.bytes.begin() + ip.size), port, std::nullopt};
}

Result<SocketAddress, IoError> SocketAddress::from_sockaddr(const sockaddr_storage& raw) {
    SocketAddress out;
    if (raw.ss_family == AF_INET) {
        sockaddr_in ip4{};
        std::memcpy(&ip4, &raw, sizeof ip4);
        std::memcpy(out.ip.bytes.data(), &ip4.sin_addr, 4);
        out.port = ntohs(ip4.sin_port);
        return out;
    }
    if (raw.ss_family == AF_INET6) {
        sockaddr_in6 ip6{};
        std::memcpy(&ip6, &raw, sizeof ip6);
        out.ip.size = 16;
        std::memcpy(out.ip.bytes.data(), &ip6.sin6_addr, 16);
        out.port = ntohs(ip6.sin6_port);
        return out;
    }
    return std::unexpected(IoError{"socket address is neither IPv4 nor IPv6"});
}

unsigned SocketAddress::to_sockaddr(sockaddr_storage& raw) const {
    std::memset(&raw, 0, sizeof raw);
    if (ip.is_ip6()) {
        sockaddr_in6 ip6{};
        ip6.sin6_family = AF_INET6;
        ip6.sin6_port = htons(port);
        std::memcpy(&ip6.sin6_addr, ip.bytes.data(), 16);
        std::memcpy(&raw, &ip6, sizeof ip6);
        return sizeof ip6;
    }
    sockaddr_in ip4{};
    ip4.sin_family = AF_INET;
    ip4.sin_port = htons(port);
    std::memcpy(&ip4.sin_addr, ip.bytes.data(), 4);
    std::memcpy(&raw, &ip4, sizeof ip4);
    return sizeof ip4;
}

IpAddress network_prefix(const IpAddress& ip) {
    IpAddress prefix{{}, ip.size};
    const std::size_t kept = ip.is_ip6() ? 7 : 3;
    std::copy_n(ip.bytes.begin(), kept, prefix.bytes.begin());
    return prefix;
}

}  // namespace lepton::libp2p
