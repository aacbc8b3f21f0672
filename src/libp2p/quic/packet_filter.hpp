// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Separates the handshake packets of a datagram from the rest. Pure; any thread.
//
// ngtcp2 before 1.22 aborts the process of a dialler that is shown, before its own handshake is
// finished, a NEW_CONNECTION_ID frame that retires the connection id in use: any listener can do
// it. Such frames travel in packets with a short header. So a dialled connection gets only packets
// with long headers until the library is past that point; the others wait (QuicConnection).
#pragma once

#include "base/bytes.hpp"

#include <cstddef>

namespace lepton::libp2p {

/// A datagram cut in three: handshake packets, then packets with a short header, then (not named)
/// what is malformed and may be thrown away.
struct SplitDatagram {
    ByteView handshake;
    ByteView short_header;
};

/// Cuts `datagram` behind its last packet with a long header, walking over the packets' Length
/// fields. A version negotiation or Retry packet, which has no Length, is a datagram of its own.
/// Source: RFC 9000, 12.2 and 17.2
SplitDatagram split_datagram(ByteView datagram);

}  // namespace lepton::libp2p
