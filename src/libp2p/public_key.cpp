// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/public_key.hpp"

#include "base/assert.hpp"
#include "crypto/secp256k1.hpp"
#include "crypto/sha256.hpp"

#include <fmt/format.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include <memory>
#include <type_traits>

namespace lepton::libp2p {
namespace {

namespace secp256k1 = crypto::secp256k1;

// The two fields of the message, tag bytes as protobuf writes them: Type is a varint, Data bytes.
constexpr std::uint8_t kTypeTag = 0x08;
constexpr std::uint8_t kDataTag = 0x12;

constexpr std::size_t kSecp256k1Size = 33;
constexpr std::size_t kEd25519Size = 32;
constexpr unsigned kRsaBitsMin = 2048;
constexpr unsigned kRsaBitsMax = 4096;
constexpr std::size_t kRsaExponentSizeMax = 4;

static_assert(kPublicKeySizeMax < 1 << 14, "the size is written as a varint of one or two bytes");

struct GnutlsPublicKeyDelete {
    void operator()(gnutls_pubkey_t key) const { gnutls_pubkey_deinit(key); }
};
using GnutlsPublicKey =
    std::unique_ptr<std::remove_pointer_t<gnutls_pubkey_t>, GnutlsPublicKeyDelete>;

/// Borrowed for a call that only reads.
gnutls_datum_t datum(ByteView bytes) {
    return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

bool has_permitted_size(KeyType type, std::size_t size) {
    switch (type) {
        case KeyType::secp256k1:
            return size == kSecp256k1Size;
        case KeyType::ed25519:
            return size == kEd25519Size;
        case KeyType::ecdsa:
        case KeyType::rsa:
            return size > 0 && size <= kPublicKeySizeMax;
    }
    return false;
}

GnutlsPublicKey new_key() {
    gnutls_pubkey_t raw = nullptr;
    LEPTON_ASSERT(gnutls_pubkey_init(&raw) == GNUTLS_E_SUCCESS, "out of memory");
    return GnutlsPublicKey{raw};
}

bool is_p256(gnutls_pubkey_t key) {
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
    return gnutls_pubkey_get_pk_algorithm(key, nullptr) == GNUTLS_PK_ECDSA &&
           gnutls_pubkey_export_ecc_raw2(key, &curve, nullptr, nullptr, 0) == GNUTLS_E_SUCCESS &&
           curve == GNUTLS_ECC_CURVE_SECP256R1;
}

/// The cost of a check grows with the modulus and with the exponent: both are bounded first.
bool is_permitted_rsa(gnutls_pubkey_t key) {
    unsigned bits = 0;
    if (gnutls_pubkey_get_pk_algorithm(key, &bits) != GNUTLS_PK_RSA) return false;
    if (bits < kRsaBitsMin || bits > kRsaBitsMax) return false;
    gnutls_datum_t modulus{}, exponent{};
    if (gnutls_pubkey_export_rsa_raw2(key, &modulus, &exponent, GNUTLS_EXPORT_FLAG_NO_LZ) !=
        GNUTLS_E_SUCCESS) {
        return false;
    }
    const bool is_small = exponent.size <= kRsaExponentSizeMax;
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    return is_small;
}

Result<void, std::string> verify_with_gnutls(gnutls_pubkey_t key,
                                             gnutls_sign_algorithm_t algorithm,
                                             ByteView message,
                                             ByteView signature) {
    const gnutls_datum_t message_datum = datum(message);
    const gnutls_datum_t signature_datum = datum(signature);
    const int status =
        gnutls_pubkey_verify_data2(key, algorithm, 0, &message_datum, &signature_datum);
    if (status < 0) return std::unexpected(std::string{gnutls_strerror(status)});
    return {};
}

Result<void, std::string> verify_secp256k1(ByteView key_bytes,
                                           ByteView message,
                                           ByteView signature) {
    const auto key = secp256k1::PublicKey::parse(key_bytes);
    if (!key) return std::unexpected(std::string{secp256k1::to_string(key.error())});
    const auto compact = secp256k1::from_der(signature);
    if (!compact) return std::unexpected(std::string{secp256k1::to_string(compact.error())});
    if (!key->verify(crypto::sha256(message), *compact)) {
        return std::unexpected("wrong secp256k1 signature");
    }
    return {};
}

Result<void, std::string> verify_ed25519(ByteView key_bytes, ByteView message, ByteView signature) {
    const GnutlsPublicKey key = new_key();
    const gnutls_datum_t point = datum(key_bytes);
    const int status =
        gnutls_pubkey_import_ecc_raw(key.get(), GNUTLS_ECC_CURVE_ED25519, &point, nullptr);
    if (status < 0) return std::unexpected(std::string{gnutls_strerror(status)});
    return verify_with_gnutls(key.get(), GNUTLS_SIGN_EDDSA_ED25519, message, signature);
}

Result<void, std::string> verify_spki(KeyType type,
                                      ByteView key_bytes,
                                      ByteView message,
                                      ByteView signature) {
    const GnutlsPublicKey key = new_key();
    const gnutls_datum_t der = datum(key_bytes);
    const int status = gnutls_pubkey_import(key.get(), &der, GNUTLS_X509_FMT_DER);
    if (status < 0) return std::unexpected(std::string{gnutls_strerror(status)});
    if (type == KeyType::ecdsa) {
        if (!is_p256(key.get())) return std::unexpected("ECDSA key is not on P-256");
        return verify_with_gnutls(key.get(), GNUTLS_SIGN_ECDSA_SHA256, message, signature);
    }
    if (!is_permitted_rsa(key.get())) return std::unexpected("RSA key of a size not permitted");
    return verify_with_gnutls(key.get(), GNUTLS_SIGN_RSA_SHA256, message, signature);
}

}  // namespace

Result<PublicKey, std::string> PublicKey::from_protobuf(ByteView bytes) {
    // tag, type, tag, size (one or two bytes), data
    if (bytes.size() < 4 || bytes[0] != kTypeTag || bytes[2] != kDataTag) {
        return std::unexpected("malformed public key");
    }
    if (bytes[1] > static_cast<std::uint8_t>(KeyType::ecdsa)) {
        return std::unexpected(fmt::format("unknown key type {}", bytes[1]));
    }
    PublicKey key{static_cast<KeyType>(bytes[1]), {}};

    std::size_t size = bytes[3];
    ByteView data = bytes.subspan(4);
    if (size >= 0x80) {
        if (data.empty() || data[0] == 0 || data[0] >= 0x80) {
            return std::unexpected("malformed size of a public key");
        }
        size = (size & 0x7f) | static_cast<std::size_t>(data[0]) << 7;
        data = data.subspan(1);
    }
    if (size != data.size() || !has_permitted_size(key.type, size)) {
        return std::unexpected(fmt::format(
            "public key of type {} says {} bytes and has {}", bytes[1], size, data.size()));
    }
    key.data = lepton::to_bytes(data);
    return key;
}

Bytes PublicKey::to_protobuf() const {
    LEPTON_ASSERT(has_permitted_size(type, data.size()));
    Bytes out{kTypeTag, static_cast<std::uint8_t>(type), kDataTag};
    if (data.size() < 0x80) {
        out.push_back(static_cast<std::uint8_t>(data.size()));
    } else {
        out.push_back(static_cast<std::uint8_t>((data.size() & 0x7f) | 0x80));
        out.push_back(static_cast<std::uint8_t>(data.size() >> 7));
    }
    append(out, data);
    return out;
}

Result<void, std::string> PublicKey::verify(ByteView message, ByteView signature) const {
    if (!has_permitted_size(type, data.size())) return std::unexpected("key of a wrong size");
    switch (type) {
        case KeyType::secp256k1:
            return verify_secp256k1(data, message, signature);
        case KeyType::ed25519:
            return verify_ed25519(data, message, signature);
        case KeyType::ecdsa:
        case KeyType::rsa:
            return verify_spki(type, data, message, signature);
    }
    return std::unexpected("unknown key type");
}

}  // namespace lepton::libp2p
