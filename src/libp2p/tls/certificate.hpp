// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The self-signed certificates by which libp2p peers prove their identity in the TLS handshake: an
// extension holds the identity key and its signature over the certificate's own key. Pure apart
// from key generation; any thread. Source: libp2p TLS specification.
//
// A certificate comes from a stranger. It is walked here by a strict reader before any library sees
// it, only the handful of fields that matter are looked at, and it is read once: the result is what
// the rest of lepton works with.
#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/peer_id.hpp"

#include <cstdint>
#include <string_view>

namespace lepton::libp2p {

/// An RSA identity key with its signature, and everything around it, fits in less than 2 KiB.
inline constexpr std::size_t kCertificateSizeMax = 4096;

enum class CertificateError : std::uint8_t {
    no_certificate,
    more_than_one,
    too_large,
    malformed,  ///< not DER, or not the fields of an X.509 version 3 certificate
    not_yet_valid,
    expired,
    unknown_critical_extension,
    no_libp2p_extension,
    duplicate_extension,
    unsupported_key,  ///< the certificate's own key is neither P-256, P-384 nor Ed25519
    wrong_self_signature,
    malformed_identity_key,
    wrong_identity_signature,
    wrong_peer,  ///< a valid certificate of another peer than the one expected
};

/// Returns the enumerator's name.
std::string_view to_string(CertificateError error);

/// What this node shows to its peers.
struct OwnCertificate {
    Bytes certificate_der;
    /// The key of the certificate (not the identity), PKCS #8.
    Bytes private_key_der;
};

/// Returns a new certificate with a fresh P-256 key that `identity` vouches for. It does not expire
/// in the lifetime of a process.
OwnCertificate make_certificate(const Identity& identity);

/// Returns the one certificate in the body of a TLS 1.3 Certificate message, borrowed.
/// Errors: no_certificate, more_than_one, too_large, malformed
/// Source: RFC 8446, 4.4.2
Result<ByteView, CertificateError> only_certificate(ByteView message);

/// The fields of a certificate that matter, borrowed from it.
struct CertificateFields {
    /// What the self-signature covers, as it was encoded.
    ByteView signed_part;
    /// SubjectPublicKeyInfo as it was encoded: what the identity vouches for.
    ByteView key_info;
    /// Content of the signature algorithm's object identifier.
    ByteView signature_algorithm;
    ByteView signature;
    /// Content of the libp2p extension.
    ByteView libp2p_extension;
    /// Seconds since the Unix epoch; both ends belong to the validity period.
    std::int64_t not_before = 0;
    std::int64_t not_after = 0;
};

/// Walks over `der` without checking any signature.
/// Errors: too_large, malformed, unknown_critical_extension, no_libp2p_extension,
///         duplicate_extension
/// Cost: linear; no allocation
Result<CertificateFields, CertificateError> parse_certificate(ByteView der);

/// The peer that a certificate belongs to.
struct VerifiedPeer {
    PeerId peer_id;
    /// The identity key in protobuf form.
    Bytes public_key;
};

/// Checks the content of the libp2p extension, SEQUENCE { publicKey, signature }, of a certificate
/// whose key is `key_info` (CertificateFields).
/// Errors: malformed, malformed_identity_key, wrong_identity_signature
/// Cost:   one signature check
Result<VerifiedPeer, CertificateError> verify_extension(ByteView extension, ByteView key_info);

/// Checks everything about the certificate `der` except that the peer owns the certificate's key
/// (TLS proves that).
/// Input:  now: Unix milliseconds
/// Errors: every CertificateError but no_certificate, more_than_one and wrong_peer
/// Cost:   two signature checks, about 0.2 ms
Result<VerifiedPeer, CertificateError> verify_certificate(ByteView der, UnixMs now);

}  // namespace lepton::libp2p
