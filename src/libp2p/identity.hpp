// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The identity of this node: a secp256k1 key pair, the only type that every lean client verifies.
// Any thread (nothing changes after construction).
#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "crypto/secp256k1.hpp"
#include "libp2p/peer_id.hpp"

#include <string_view>

namespace lepton::libp2p {

class Identity {
  public:
    explicit Identity(const crypto::secp256k1::SecretKey& key);

    /// Returns a fresh identity drawn from `random`.
    static Identity generate(Random& random);

    const PeerId& peer_id() const { return peer_id_; }
    /// The public key in protobuf form, 37 bytes.
    const Bytes& public_key_protobuf() const { return public_key_protobuf_; }

    /// Returns the signature over SHA-256 of `message`: ECDSA in DER, low s.
    Bytes sign(ByteView message) const;

    /// Returns a secret that only this key gives and that is the same after a restart; another one
    /// for each `purpose`.
    Bytes32 derive_secret(std::string_view purpose) const;

  private:
    crypto::secp256k1::SecretKey key_;
    Bytes public_key_protobuf_;
    PeerId peer_id_;
};

}  // namespace lepton::libp2p
