// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The name of a libp2p peer: a multihash of its public key. A value; any thread.
#pragma once

#include "base/bytes.hpp"

#include <compare>
#include <functional>
#include <string>

namespace lepton::libp2p {

/// At most 42 bytes (identity multihash of a small key) or 34 (SHA-256 multihash of a large one).
/// Made only by the functions below, so a PeerId is always a well-formed multihash.
class PeerId {
  public:
    /// Returns the peer id of a public key in its protobuf form: the key itself when that is at
    /// most 42 bytes (identity multihash), its SHA-256 otherwise. Source: libp2p peer-ids
    /// specification.
    static PeerId from_public_key(ByteView public_key_protobuf);
    /// Errors: no identity or SHA-256 multihash of a permitted length.
    static Result<PeerId, std::string> from_bytes(ByteView multihash);
    /// Parses base58btc ("16Uiu2HA…", "12D3Koo…", "Qm…").
    static Result<PeerId, std::string> from_base58(std::string_view text);

    ByteView bytes() const { return multihash_; }
    std::string to_base58() const;
    /// Returns the public key's protobuf form when the id carries it (identity multihash), else an
    /// empty view.
    ByteView inline_public_key() const;

    auto operator<=>(const PeerId&) const = default;

  private:
    explicit PeerId(Bytes multihash) : multihash_(std::move(multihash)) {}

    Bytes multihash_;
};

}  // namespace lepton::libp2p

template <>
struct std::hash<lepton::libp2p::PeerId> {
    std::size_t operator()(const lepton::libp2p::PeerId& id) const noexcept {
        return std::hash<std::string_view>{}(lepton::as_text(id.bytes()));
    }
};
