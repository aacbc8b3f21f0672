// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/identity.hpp"

#include "base/assert.hpp"
#include "crypto/sha256.hpp"
#include "libp2p/public_key.hpp"

namespace lepton::libp2p {

namespace secp256k1 = crypto::secp256k1;

Identity::Identity(const secp256k1::SecretKey& key)
    : key_(key),
      public_key_protobuf_(
          PublicKey{KeyType::secp256k1, lepton::to_bytes(key.public_key().compressed())}
              .to_protobuf()),
      peer_id_(PeerId::from_public_key(public_key_protobuf_)) {}

Identity Identity::generate(Random& random) {
    return Identity{secp256k1::SecretKey::generate(random)};
}

Bytes Identity::sign(ByteView message) const {
    auto der = secp256k1::to_der(key_.sign(crypto::sha256(message)));
    LEPTON_ASSERT(der.has_value(), "a signature of ours has a DER form");
    return std::move(*der);
}

Bytes32 Identity::derive_secret(std::string_view purpose) const {
    // The key comes first and has a fixed size, so no two purposes give the same input.
    crypto::Sha256 hash;
    hash.update(key_.secret_bytes());
    hash.update(as_bytes(purpose));
    // A second pass: the result is no state from which a longer purpose could be continued.
    return crypto::sha256(hash.finish());
}

}  // namespace lepton::libp2p
