// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The addresses that lepton dials and listens on: /ip4|ip6/…/udp/…/quic-v1[/p2p/…]. A value; any
// thread.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/peer_id.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace lepton::libp2p {

/// A QUIC endpoint, with the peer expected there when known.
struct Multiaddr {
    /// 4 bytes (IPv4) or 16 (IPv6), network order.
    Bytes ip;
    std::uint16_t udp_port = 0;
    std::optional<PeerId> peer_id;

    bool is_ip6() const { return ip.size() == 16; }

    /// "/ip4/127.0.0.1/udp/9000/quic-v1/p2p/16Uiu2HA…"
    std::string to_string() const;
    /// Errors: names the component that was not understood; only the form above is accepted.
    static Result<Multiaddr, std::string> from_string(std::string_view text);
    /// Binary form (multicodec varints), for identify and peer records.
    Bytes to_bytes() const;
    static Result<Multiaddr, std::string> from_bytes(ByteView bytes);

    bool operator==(const Multiaddr&) const = default;
};

}  // namespace lepton::libp2p
