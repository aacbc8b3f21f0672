// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The gossipsub RPC on the wire. Texts and payloads are borrowed from the frame that was decoded,
// or from the caller's strings when encoding. Pure; any thread.
// Source: https://github.com/libp2p/specs/tree/master/pubsub/gossipsub
#pragma once

#include "base/bytes.hpp"
#include "libp2p/gossipsub/limits.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace lepton::libp2p::gossipsub {

/// The lean network's ids; ids of another length name nothing here.
using MessageId = Bytes20;

enum class Version : std::uint8_t { v1_0, v1_1, v1_2 };

/// In order of preference, with the version of each.
inline constexpr std::array<std::pair<std::string_view, Version>, 3> kProtocols = {{
    {"/meshsub/1.2.0", Version::v1_2},
    {"/meshsub/1.1.0", Version::v1_1},
    {"/meshsub/1.0.0", Version::v1_0},
}};

struct Subscription {
    bool subscribe = true;
    std::string_view topic;

    bool operator==(const Subscription&) const = default;
};

struct Message {
    std::string_view topic;
    ByteView data;
    /// The sender gave a peer id, a number, a signature or a key: not an anonymous message.
    bool names_origin = false;
};

struct IHave {
    std::string_view topic;
    std::vector<MessageId> ids;

    bool operator==(const IHave&) const = default;
};

struct Prune {
    std::string_view topic;
    /// Seconds, as the peer wrote it.
    std::optional<std::uint64_t> backoff;

    bool operator==(const Prune&) const = default;
};

struct Rpc {
    std::vector<Subscription> subscriptions;
    std::vector<Message> messages;
    std::vector<IHave> ihave;
    std::vector<MessageId> iwant;
    std::vector<MessageId> idontwant;
    std::vector<std::string_view> graft;
    std::vector<Prune> prune;

    // What decoding left out.
    bool control_too_large = false;
    std::size_t subscriptions_dropped = 0;
    std::size_t messages_dropped = 0;
    std::size_t control_entries_dropped = 0;
};

/// Returns the RPC without a length in front.
Bytes encode_rpc(const Rpc& rpc);

/// Returns the RPC with its length in front, as it is sent.
Bytes encode_frame(const Rpc& rpc);

enum class RpcError : std::uint8_t { malformed };

/// Entries beyond the limits are counted, not decoded.
/// Errors: the bytes are not the protobuf form of an RPC
/// Cost:   linear in `bytes`; allocates at most 128 KiB whatever they hold
Result<Rpc, RpcError> decode_rpc(ByteView bytes);

}  // namespace lepton::libp2p::gossipsub
