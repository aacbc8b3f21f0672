// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Certificates of every kind, good and bad, for tests. Any thread.
#pragma once

#include "base/random.hpp"
#include "libp2p/tls/certificate.hpp"
#include "libp2p/tls/der.hpp"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lepton::libp2p::test {

using der::Tag;

inline const Bytes kLibp2pId = from_hex("2b0601040183a25a0101").value();
inline const Bytes kEcdsaSha256Id = from_hex("2a8648ce3d040302").value();
inline const Bytes kKeyUsageId = from_hex("551d0f").value();

inline Bytes take(gnutls_datum_t& datum) {
    Bytes bytes(datum.data, datum.data + datum.size);
    gnutls_free(datum.data);
    return bytes;
}

/// A key of a certificate.
class CertificateKey {
  public:
    explicit CertificateKey(gnutls_pk_algorithm_t algorithm = GNUTLS_PK_ECDSA,
                            unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)) {
        EXPECT_EQ(gnutls_privkey_init(&key_), 0);
        EXPECT_EQ(gnutls_privkey_generate(key_, algorithm, bits, 0), 0);
    }
    explicit CertificateKey(const Bytes& pkcs8) {
        const gnutls_datum_t data{const_cast<std::uint8_t*>(pkcs8.data()),
                                  static_cast<unsigned>(pkcs8.size())};
        EXPECT_EQ(gnutls_privkey_init(&key_), 0);
        EXPECT_EQ(gnutls_privkey_import_x509_raw(key_, &data, GNUTLS_X509_FMT_DER, nullptr, 0), 0);
    }
    ~CertificateKey() { gnutls_privkey_deinit(key_); }
    CertificateKey(const CertificateKey&) = delete;
    CertificateKey& operator=(const CertificateKey&) = delete;

    Bytes key_info() const {
        gnutls_pubkey_t public_key = nullptr;
        EXPECT_EQ(gnutls_pubkey_init(&public_key), 0);
        EXPECT_EQ(gnutls_pubkey_import_privkey(public_key, key_, 0, 0), 0);
        gnutls_datum_t exported{};
        EXPECT_EQ(gnutls_pubkey_export2(public_key, GNUTLS_X509_FMT_DER, &exported), 0);
        gnutls_pubkey_deinit(public_key);
        return take(exported);
    }
    /// Signatures of one message are the same in every run where the algorithm can do that.
    Bytes sign(const Bytes& message, gnutls_sign_algorithm_t algorithm) const {
        const gnutls_datum_t data{const_cast<std::uint8_t*>(message.data()),
                                  static_cast<unsigned>(message.size())};
        gnutls_datum_t signature{};
        EXPECT_EQ(gnutls_privkey_sign_data2(
                      key_, algorithm, GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE, &data, &signature),
                  0);
        return take(signature);
    }
    Bytes pkcs8() const {
        gnutls_x509_privkey_t key = nullptr;
        EXPECT_EQ(gnutls_privkey_export_x509(key_, &key), 0);
        gnutls_datum_t exported{};
        EXPECT_EQ(gnutls_x509_privkey_export2_pkcs8(
                      key, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN, &exported),
                  0);
        gnutls_x509_privkey_deinit(key);
        return take(exported);
    }

  private:
    gnutls_privkey_t key_ = nullptr;
};

inline Bytes extension(const Bytes& id,
                       const Bytes& value,
                       std::optional<bool> critical = std::nullopt) {
    Bytes flag;
    if (critical) flag = der::encode(Tag::boolean, Bytes{std::uint8_t(*critical ? 0xff : 0)});
    return der::encode(
        Tag::sequence,
        {der::encode(Tag::object_id, id), flag, der::encode(Tag::octet_string, value)});
}

/// What a certificate is made of; each test changes one thing of a good one.
struct Recipe {
    CertificateKey key{};
    Identity identity;
    Bytes identity_public_key;
    Bytes identity_signature;
    std::optional<Bytes> libp2p_value{};
    std::optional<bool> libp2p_critical{};
    Bytes more_extensions{};
    Bytes version = Bytes{2};
    std::string not_before = "200101000000Z";
    std::string not_after = "20991231235959Z";
    Bytes algorithm_id = kEcdsaSha256Id;
    std::optional<Bytes> inner_algorithm_id{};
    gnutls_sign_algorithm_t algorithm = GNUTLS_SIGN_ECDSA_SHA256;
    bool has_extensions = true;
    bool corrupt_signature = false;

    explicit Recipe(std::uint64_t seed = 1) : Recipe(identity_of(seed)) {}
    explicit Recipe(Identity with)
        : identity(std::move(with)),
          identity_public_key(identity.public_key_protobuf()),
          identity_signature(identity.sign(signed_message(key.key_info()))) {}
    explicit Recipe(const Bytes& pkcs8)
        : key(pkcs8),
          identity(identity_of(1)),
          identity_public_key(identity.public_key_protobuf()),
          identity_signature(identity.sign(signed_message(key.key_info()))) {}
    Recipe(gnutls_pk_algorithm_t pk, unsigned bits) : key(pk, bits), identity(identity_of(1)) {
        identity_public_key = identity.public_key_protobuf();
        identity_signature = identity.sign(signed_message(key.key_info()));
    }

    static Identity identity_of(std::uint64_t seed) {
        SeededRandom random{seed};
        return Identity::generate(random);
    }
    static Bytes signed_message(const Bytes& key_info) {
        Bytes message = to_bytes(as_bytes("libp2p-tls-handshake:"));
        append(message, key_info);
        return message;
    }

    static Bytes time(const std::string& text) {
        return der::encode(text.size() == 13 ? Tag::utc_time : Tag::generalized_time,
                           as_bytes(text));
    }

    /// The certificate with its private key.
    OwnCertificate own() const { return {build(), key.pkcs8()}; }

    Bytes build() const {
        const Bytes outer_algorithm =
            der::encode(Tag::sequence, der::encode(Tag::object_id, algorithm_id));
        const Bytes inner_algorithm = der::encode(
            Tag::sequence, der::encode(Tag::object_id, inner_algorithm_id.value_or(algorithm_id)));
        const Bytes signed_key = der::encode(Tag::sequence,
                                             {der::encode(Tag::octet_string, identity_public_key),
                                              der::encode(Tag::octet_string, identity_signature)});
        Bytes extensions = extension(kLibp2pId, libp2p_value.value_or(signed_key), libp2p_critical);
        append(extensions, more_extensions);
        const Bytes name = der::encode(Tag::sequence, ByteView{});
        const Bytes signed_part = der::encode(
            Tag::sequence,
            {der::encode(Tag::context_0, der::encode(Tag::integer, version)),
             der::encode(Tag::integer, Bytes{1}),
             inner_algorithm,
             name,
             der::encode(Tag::sequence, {time(not_before), time(not_after)}),
             name,
             key.key_info(),
             has_extensions ? der::encode(Tag::context_3, der::encode(Tag::sequence, extensions))
                            : Bytes{}});
        Bytes signature{0};
        append(signature, key.sign(signed_part, algorithm));
        if (corrupt_signature) signature.back() ^= 1;
        return der::encode(Tag::sequence,
                           {signed_part, outer_algorithm, der::encode(Tag::bit_string, signature)});
    }
};

}  // namespace lepton::libp2p::test
