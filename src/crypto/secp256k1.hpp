// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// ECDSA over secp256k1, the curve of node identities (libp2p peer ids, ENRs). Values only; any
// thread. Only secp256k1.cpp sees libsecp256k1.
#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace lepton::crypto::secp256k1 {

/// Why bytes from outside are no key or signature.
enum class Error {
    invalid_secret_key,          ///< not 32 bytes, zero, or not below the group order
    invalid_public_key,          ///< not 33 bytes in compressed form, or not on the curve
    invalid_signature_encoding,  ///< not strict DER, or a number outside [1, group order)
};

/// Returns the enumerator's name.
std::string_view to_string(Error error);

/// r and s, 32 big-endian bytes each.
using CompactSignature = std::array<std::uint8_t, 64>;
/// The parity byte (2 or 3) and the big-endian x coordinate.
using CompressedPublicKey = std::array<std::uint8_t, 33>;

/// A point of the curve.
class PublicKey {
  public:
    /// Returns the key that the compressed form `bytes` names.
    /// Errors: invalid_public_key
    static Result<PublicKey, Error> parse(ByteView bytes);

    const CompressedPublicKey& compressed() const { return compressed_; }

    /// Returns x and y, 32 big-endian bytes each (an ENR node id is the keccak256 of them).
    std::array<std::uint8_t, 64> coordinates() const;

    /// Returns whether `signature` signs `digest` under this key. A high s is accepted and counts
    /// as its low form: signers of other languages do not all normalise.
    bool verify(const Bytes32& digest, const CompactSignature& signature) const;

    bool operator==(const PublicKey&) const = default;

  private:
    friend class SecretKey;
    explicit PublicKey(const CompressedPublicKey& compressed) : compressed_(compressed) {}

    CompressedPublicKey compressed_;
};

/// A private key; wiped on destruction.
class SecretKey {
  public:
    /// Returns the key of 32 big-endian bytes.
    /// Errors: invalid_secret_key
    static Result<SecretKey, Error> parse(ByteView bytes);

    /// Returns a fresh key drawn from `random`.
    static SecretKey generate(Random& random);

    ~SecretKey();
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;

    /// Returns the 32 big-endian bytes, borrowed: for writing a key file.
    const Bytes32& secret_bytes() const { return bytes_; }

    const PublicKey& public_key() const { return public_key_; }

    /// Returns the deterministic (RFC 6979) low-s signature of `digest`.
    CompactSignature sign(const Bytes32& digest) const;

  private:
    SecretKey(const Bytes32& bytes, const PublicKey& public_key)
        : bytes_(bytes), public_key_(public_key) {}

    Bytes32 bytes_;
    PublicKey public_key_;
};

/// Returns the DER form of `signature`, at most 72 bytes.
/// Errors: invalid_signature_encoding when r or s is not below the group order or is zero
Result<Bytes, Error> to_der(const CompactSignature& signature);

/// Returns r and s of a strict DER signature (shortest lengths, no trailing bytes). s stays as it
/// is, high or low.
/// Errors: invalid_signature_encoding
Result<CompactSignature, Error> from_der(ByteView der);

}  // namespace lepton::crypto::secp256k1
