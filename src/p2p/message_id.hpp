// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The name of a gossip message: a hash over topic and uncompressed payload, so that one payload has
// one name however it was compressed. Any thread.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/gossipsub/router.hpp"
#include "types/network_profile.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace lepton::p2p {

using MessageDomain = std::array<std::uint8_t, 4>;
/// For payloads that decompress; the id covers the decompressed bytes.
inline constexpr MessageDomain kDomainValidSnappy{1, 0, 0, 0};
/// For payloads that do not; the id covers the bytes as they came.
inline constexpr MessageDomain kDomainInvalidSnappy{0, 0, 0, 0};

/// Returns the first 20 bytes of SHA-256(domain, length of topic as 64-bit little-endian, topic,
/// data).
/// Spec: gossipsub/message.py `compute_id`
/// Cost: one hash over `data`
Bytes20 message_id(const MessageDomain& domain, std::string_view topic, ByteView data);

/// Returns what the router applies to each payload, once: it decompresses, within the limit of the
/// topic's type, and computes the id. Payloads that do not decompress, and topics of other
/// networks, are errors; nobody waits for their ids.
libp2p::gossipsub::MessageTransform message_transform(const NetworkProfile& profile);

}  // namespace lepton::p2p
