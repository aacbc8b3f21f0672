// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Public keys and signatures and their SSZ forms, read strictly: exact size, the one possible
// offset everywhere, canonical elements. Spec: crypto/xmss/containers.py. Values; any thread.
#pragma once

#include "crypto/xmss/parameters.hpp"

namespace lepton::crypto::xmss {

/// SSZ: root, parameter; 52 bytes.
struct PublicKey {
    Digest root;
    Parameter parameter;

    bool operator==(const PublicKey&) const = default;
};

inline constexpr std::size_t kPublicKeySize = kDigestSize + kParameterSize;

/// Errors: public_key_size, public_key_not_canonical
Result<PublicKey, SignatureError> decode_public_key(ByteView bytes);
Bytes encode(const PublicKey& key);
/// Returns the hash tree root of the container. Requires kPublicKeySize bytes.
Bytes32 public_key_root(ByteView bytes);

template <class P>
struct Signature {
    std::array<Digest, P::kLogLifetime> path;  // siblings from the leaf upward
    Rho rho;
    std::array<Digest, P::kChains> hashes;  // each chain at the position of the codeword

    bool operator==(const Signature&) const = default;
};

/// SSZ: offset of path, rho, offset of hashes, then path (an offset, siblings), then hashes.
template <class P>
struct SignatureLayout {
    static constexpr std::size_t kPath = 4 + kRhoSize + 4;
    static constexpr std::size_t kSiblings = kPath + 4;
    static constexpr std::size_t kHashes = kSiblings + kDigestSize * P::kLogLifetime;
    static constexpr std::size_t kSize = kHashes + kDigestSize * P::kChains;
};
static_assert(SignatureLayout<ProdParameters>::kSize == 2536);
static_assert(SignatureLayout<TestParameters>::kSize == 424);

/// Errors: signature_size, signature_offset, signature_not_canonical
template <class P>
Result<Signature<P>, SignatureError> decode_signature(ByteView bytes);
template <class P>
Bytes encode(const Signature<P>& signature);
/// Returns the hash tree root of the container. Requires SignatureLayout<P>::kSize bytes.
template <class P>
Bytes32 signature_root(ByteView bytes);

}  // namespace lepton::crypto::xmss
