// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The identity keys that peers may have, their protobuf form, and the check of their signatures. A
// value; any thread. Source: libp2p peer-ids specification.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/peer_id.hpp"

#include <cstdint>
#include <string>

namespace lepton::libp2p {

enum class KeyType : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

/// An RSA key of 4096 bits, the largest that is verified, takes 550 bytes of DER.
inline constexpr std::size_t kPublicKeySizeMax = 600;

struct PublicKey {
    KeyType type = KeyType::secp256k1;
    /// secp256k1: 33 bytes, compressed. Ed25519: 32 bytes. ECDSA and RSA: SubjectPublicKeyInfo DER.
    Bytes data;

    /// Errors: any encoding but the one that to_protobuf gives (so that one key has one peer id),
    /// an unknown type, or `data` of a size that the type does not have.
    static Result<PublicKey, std::string> from_protobuf(ByteView bytes);
    Bytes to_protobuf() const;

    /// Checks that the owner of this key signed `message`: ECDSA over SHA-256 in DER (a high s is
    /// accepted), Ed25519, or RSA PKCS #1 v1.5 over SHA-256.
    /// Errors: a key that is malformed or too weak or too costly (ECDSA other than P-256, RSA
    /// outside 2048 to 4096 bits or with an exponent above 32 bits), or a wrong signature.
    /// Cost: about 0.1 ms
    Result<void, std::string> verify(ByteView message, ByteView signature) const;

    bool operator==(const PublicKey&) const = default;
};

}  // namespace lepton::libp2p
