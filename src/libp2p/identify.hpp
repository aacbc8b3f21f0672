// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// identify 1.0.0: what a peer says about itself. Nothing in it is proven except the peer id, which
// the connection has proven already. Pure; any thread.
// Source: https://github.com/libp2p/specs/tree/master/identify
#pragma once

#include "base/bytes.hpp"
#include "libp2p/multiaddr.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::libp2p {

inline constexpr std::string_view kIdentifyProtocol = "/ipfs/id/1.0.0";
/// The peer sends the same message again when it has changed.
inline constexpr std::string_view kIdentifyPushProtocol = "/ipfs/id/push/1.0.0";

/// What go-libp2p permits, a signed peer record included.
inline constexpr std::size_t kIdentifySizeMax = 8 * 1024;
/// Far more than any client has.
inline constexpr std::size_t kIdentifyProtocolsMax = 128;
inline constexpr std::size_t kIdentifyAddressesMax = 32;
/// Longer texts are cut; they are only shown.
inline constexpr std::size_t kIdentifyTextMax = 256;

struct IdentifyInfo {
    std::string protocol_version;
    std::string agent_version;
    Bytes public_key;
    /// Only those that lepton could dial.
    std::vector<Multiaddr> listen_addresses;
    /// How the sender sees the receiver.
    std::optional<Multiaddr> observed_address;
    std::vector<std::string> protocols;

    bool operator==(const IdentifyInfo&) const = default;
};

enum class IdentifyError : std::uint8_t { too_large, malformed, too_many_entries };
std::string_view to_string(IdentifyError error);

/// Returns the protobuf message, without a length in front.
Bytes encode_identify(const IdentifyInfo& info);

/// Addresses of other kinds are left out.
/// Cost: linear in `message`, at most kIdentifySizeMax
Result<IdentifyInfo, IdentifyError> decode_identify(ByteView message);

}  // namespace lepton::libp2p
