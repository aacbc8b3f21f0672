// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/peer_id.hpp"

#include "crypto/sha256.hpp"
#include "libp2p/base58.hpp"

#include <fmt/format.h>

namespace lepton::libp2p {
namespace {

// Multihash: code, length of the digest, digest. Both numbers stay below 128 here, so their varints
// are single bytes. Source: multiformats table.
constexpr std::uint8_t kIdentityCode = 0x00;
constexpr std::uint8_t kSha256Code = 0x12;
constexpr std::size_t kHeaderSize = 2;
constexpr std::size_t kInlineKeySizeMax = 42;
constexpr std::size_t kSha256Size = 32;

Bytes multihash(std::uint8_t code, ByteView digest) {
    Bytes out{code, static_cast<std::uint8_t>(digest.size())};
    append(out, digest);
    return out;
}

}  // namespace

PeerId PeerId::from_public_key(ByteView public_key_protobuf) {
    if (public_key_protobuf.size() <= kInlineKeySizeMax) {
        return PeerId{multihash(kIdentityCode, public_key_protobuf)};
    }
    return PeerId{multihash(kSha256Code, crypto::sha256(public_key_protobuf))};
}

Result<PeerId, std::string> PeerId::from_bytes(ByteView multihash) {
    if (multihash.size() <= kHeaderSize) {
        return std::unexpected(fmt::format("peer id of {} bytes", multihash.size()));
    }
    const std::size_t digest_size = multihash.size() - kHeaderSize;
    if (multihash[1] != digest_size) {
        return std::unexpected(fmt::format(
            "peer id names a digest of {} bytes and holds {}", multihash[1], digest_size));
    }
    const bool is_permitted = (multihash[0] == kIdentityCode && digest_size <= kInlineKeySizeMax) ||
                              (multihash[0] == kSha256Code && digest_size == kSha256Size);
    if (!is_permitted) {
        return std::unexpected(fmt::format(
            "peer id with multihash code {} and a digest of {} bytes", multihash[0], digest_size));
    }
    return PeerId{lepton::to_bytes(multihash)};
}

Result<PeerId, std::string> PeerId::from_base58(std::string_view text) {
    const auto decoded = base58_decode(text);
    if (!decoded) return std::unexpected(decoded.error());
    return from_bytes(*decoded);
}

std::string PeerId::to_base58() const {
    return base58_encode(multihash_);
}

ByteView PeerId::inline_public_key() const {
    if (multihash_[0] != kIdentityCode) return {};
    return ByteView{multihash_}.subspan(kHeaderSize);
}

}  // namespace lepton::libp2p
