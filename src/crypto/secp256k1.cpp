// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/secp256k1.hpp"

#include "base/assert.hpp"
#include "crypto/wipe.hpp"

#include <secp256k1.h>

#include <algorithm>
#include <memory>

namespace lepton::crypto::secp256k1 {
namespace {

constexpr std::size_t kDerSizeMax = 72;

// Tables for signing, made once. The library only reads them afterwards, from any thread.
const secp256k1_context* context() {
    struct Destroy {
        void operator()(secp256k1_context* made) const { secp256k1_context_destroy(made); }
    };
    static const std::unique_ptr<secp256k1_context, Destroy> made{
        secp256k1_context_create(SECP256K1_CONTEXT_NONE)};
    LEPTON_ASSERT(made != nullptr);
    return made.get();
}

secp256k1_pubkey point_of(const CompressedPublicKey& compressed) {
    secp256k1_pubkey point;
    const int parsed =
        secp256k1_ec_pubkey_parse(context(), &point, compressed.data(), compressed.size());
    LEPTON_ASSERT(parsed == 1, "a PublicKey holds a point of the curve");
    return point;
}

CompressedPublicKey compress(const secp256k1_pubkey& point) {
    CompressedPublicKey compressed;
    std::size_t size = compressed.size();
    secp256k1_ec_pubkey_serialize(
        context(), compressed.data(), &size, &point, SECP256K1_EC_COMPRESSED);
    return compressed;
}

CompactSignature compact_of(const secp256k1_ecdsa_signature& signature) {
    CompactSignature compact;
    secp256k1_ecdsa_signature_serialize_compact(context(), compact.data(), &signature);
    return compact;
}

bool has_zero_half(const CompactSignature& signature) {
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto middle = signature.begin() + 32;
    return std::all_of(signature.begin(), middle, is_zero) ||
           std::all_of(middle, signature.end(), is_zero);
}

}  // namespace

std::string_view to_string(Error error) {
    switch (error) {
        case Error::invalid_secret_key:
            return "invalid_secret_key";
        case Error::invalid_public_key:
            return "invalid_public_key";
        case Error::invalid_signature_encoding:
            return "invalid_signature_encoding";
    }
    return "unknown";
}

Result<PublicKey, Error> PublicKey::parse(ByteView bytes) {
    secp256k1_pubkey point;
    if (bytes.size() != CompressedPublicKey{}.size() ||
        secp256k1_ec_pubkey_parse(context(), &point, bytes.data(), bytes.size()) != 1) {
        return std::unexpected(Error::invalid_public_key);
    }
    return PublicKey{compress(point)};
}

std::array<std::uint8_t, 64> PublicKey::coordinates() const {
    const secp256k1_pubkey point = point_of(compressed_);
    std::array<std::uint8_t, 65> uncompressed;
    std::size_t size = uncompressed.size();
    secp256k1_ec_pubkey_serialize(
        context(), uncompressed.data(), &size, &point, SECP256K1_EC_UNCOMPRESSED);
    std::array<std::uint8_t, 64> coordinates;
    std::copy(uncompressed.begin() + 1, uncompressed.end(), coordinates.begin());
    return coordinates;
}

bool PublicKey::verify(const Bytes32& digest, const CompactSignature& signature) const {
    secp256k1_ecdsa_signature parsed;
    if (secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature.data()) != 1) {
        return false;
    }
    secp256k1_ecdsa_signature_normalize(context(), &parsed, &parsed);
    const secp256k1_pubkey point = point_of(compressed_);
    return secp256k1_ecdsa_verify(context(), &parsed, digest.data(), &point) == 1;
}

Result<SecretKey, Error> SecretKey::parse(ByteView bytes) {
    Bytes32 secret;
    const WipeGuard guard{secret};
    secp256k1_pubkey point;
    if (bytes.size() != secret.size()) return std::unexpected(Error::invalid_secret_key);
    std::ranges::copy(bytes, secret.begin());
    if (secp256k1_ec_pubkey_create(context(), &point, secret.data()) != 1) {
        return std::unexpected(Error::invalid_secret_key);
    }
    return SecretKey{secret, PublicKey{compress(point)}};
}

SecretKey SecretKey::generate(Random& random) {
    Bytes32 secret;
    const WipeGuard guard{secret};
    // A draw is refused with probability 2^-128.
    while (true) {
        random.fill(secret);
        if (auto key = parse(secret)) return *std::move(key);
    }
}

SecretKey::~SecretKey() {
    wipe(bytes_);
}

CompactSignature SecretKey::sign(const Bytes32& digest) const {
    secp256k1_ecdsa_signature signature;
    const int is_signed = secp256k1_ecdsa_sign(context(),
                                               &signature,
                                               digest.data(),
                                               bytes_.data(),
                                               secp256k1_nonce_function_rfc6979,
                                               nullptr);
    LEPTON_ASSERT(is_signed == 1);
    return compact_of(signature);
}

Result<Bytes, Error> to_der(const CompactSignature& signature) {
    secp256k1_ecdsa_signature parsed;
    if (has_zero_half(signature) ||
        secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature.data()) != 1) {
        return std::unexpected(Error::invalid_signature_encoding);
    }
    Bytes der(kDerSizeMax);
    std::size_t size = der.size();
    const int written =
        secp256k1_ecdsa_signature_serialize_der(context(), der.data(), &size, &parsed);
    LEPTON_ASSERT(written == 1);
    der.resize(size);
    return der;
}

Result<CompactSignature, Error> from_der(ByteView der) {
    secp256k1_ecdsa_signature parsed;
    if (der.empty() || der.size() > kDerSizeMax ||
        secp256k1_ecdsa_signature_parse_der(context(), &parsed, der.data(), der.size()) != 1) {
        return std::unexpected(Error::invalid_signature_encoding);
    }
    // The library reads some other forms too and turns numbers out of range into zero: only what
    // encodes back to the same bytes counts.
    const CompactSignature compact = compact_of(parsed);
    const auto canonical = to_der(compact);
    if (!canonical || !std::ranges::equal(*canonical, der)) {
        return std::unexpected(Error::invalid_signature_encoding);
    }
    return compact;
}

}  // namespace lepton::crypto::secp256k1
