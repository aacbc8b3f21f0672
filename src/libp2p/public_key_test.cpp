// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/public_key.hpp"

#include "base/random.hpp"
#include "crypto/secp256k1.hpp"
#include "crypto/sha256.hpp"
#include "libp2p/identity.hpp"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

/// A key pair of GnuTLS, for the types that lepton itself never owns.
class ForeignKey {
  public:
    ForeignKey(gnutls_pk_algorithm_t algorithm, unsigned bits) {
        EXPECT_EQ(gnutls_privkey_init(&key_), 0);
        EXPECT_EQ(gnutls_privkey_generate(key_, algorithm, bits, 0), 0);
        EXPECT_EQ(gnutls_pubkey_init(&public_key_), 0);
        EXPECT_EQ(gnutls_pubkey_import_privkey(public_key_, key_, 0, 0), 0);
    }
    ~ForeignKey() {
        gnutls_pubkey_deinit(public_key_);
        gnutls_privkey_deinit(key_);
    }
    ForeignKey(const ForeignKey&) = delete;
    ForeignKey& operator=(const ForeignKey&) = delete;

    Bytes spki() const {
        gnutls_datum_t der{};
        EXPECT_EQ(gnutls_pubkey_export2(public_key_, GNUTLS_X509_FMT_DER, &der), 0);
        return take(der);
    }
    Bytes ed25519_point() const {
        gnutls_datum_t x{};
        EXPECT_EQ(gnutls_pubkey_export_ecc_raw2(public_key_, nullptr, &x, nullptr, 0), 0);
        return take(x);
    }
    Bytes sign(ByteView message, gnutls_sign_algorithm_t algorithm) const {
        const gnutls_datum_t data{const_cast<std::uint8_t*>(message.data()),
                                  static_cast<unsigned>(message.size())};
        gnutls_datum_t signature{};
        EXPECT_EQ(gnutls_privkey_sign_data2(key_, algorithm, 0, &data, &signature), 0);
        return take(signature);
    }

  private:
    static Bytes take(gnutls_datum_t& datum) {
        Bytes bytes(datum.data, datum.data + datum.size);
        gnutls_free(datum.data);
        return bytes;
    }

    gnutls_privkey_t key_ = nullptr;
    gnutls_pubkey_t public_key_ = nullptr;
};

constexpr unsigned kP256Bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
constexpr unsigned kP384Bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1);
constexpr unsigned kEd25519Bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519);

const Bytes kMessage = to_bytes(as_bytes("libp2p-tls-handshake: a message"));

void expect_accepts_only(const PublicKey& key, const Bytes& signature) {
    const auto verified = key.verify(kMessage, signature);
    EXPECT_TRUE(verified) << verified.error();
    EXPECT_FALSE(key.verify(as_bytes("another message"), signature));
    EXPECT_FALSE(key.verify(kMessage, {}));
    Bytes changed = signature;
    changed.back() ^= 1;
    EXPECT_FALSE(key.verify(kMessage, changed));

    EXPECT_EQ(PublicKey::from_protobuf(key.to_protobuf()).value(), key);
}

TEST(PublicKey, secp256k1_signature_of_an_identity) {
    SeededRandom random{1};
    const Identity identity = Identity::generate(random);
    const auto key = PublicKey::from_protobuf(identity.public_key_protobuf()).value();
    EXPECT_EQ(key.type, KeyType::secp256k1);
    EXPECT_EQ(PeerId::from_public_key(key.to_protobuf()), identity.peer_id());
    expect_accepts_only(key, identity.sign(kMessage));
}

TEST(PublicKey, secp256k1_signature_with_a_high_s) {
    SeededRandom random{2};
    const auto secret = crypto::secp256k1::SecretKey::generate(random);
    auto signature = secret.sign(crypto::sha256(kMessage));
    // s' = n - s is the other signature of the same message.
    const Bytes order =
        from_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        const int difference = order[i] - signature[32 + i] - borrow;
        borrow = difference < 0 ? 1 : 0;
        signature[32 + i] = static_cast<std::uint8_t>(difference & 0xff);
    }
    const PublicKey key{KeyType::secp256k1, to_bytes(secret.public_key().compressed())};
    EXPECT_TRUE(key.verify(kMessage, crypto::secp256k1::to_der(signature).value()));
}

TEST(PublicKey, ed25519_signature) {
    const ForeignKey owner{GNUTLS_PK_EDDSA_ED25519, kEd25519Bits};
    expect_accepts_only({KeyType::ed25519, owner.ed25519_point()},
                        owner.sign(kMessage, GNUTLS_SIGN_EDDSA_ED25519));
}

TEST(PublicKey, p256_signature) {
    const ForeignKey owner{GNUTLS_PK_ECDSA, kP256Bits};
    expect_accepts_only({KeyType::ecdsa, owner.spki()},
                        owner.sign(kMessage, GNUTLS_SIGN_ECDSA_SHA256));
}

TEST(PublicKey, rsa_signature) {
    const ForeignKey owner{GNUTLS_PK_RSA, 2048};
    const PublicKey key{KeyType::rsa, owner.spki()};
    expect_accepts_only(key, owner.sign(kMessage, GNUTLS_SIGN_RSA_SHA256));
    EXPECT_EQ(PeerId::from_public_key(key.to_protobuf()).bytes().size(), 34u);
}

TEST(PublicKey, weak_costly_and_mismatched_keys_are_refused) {
    const ForeignKey p384{GNUTLS_PK_ECDSA, kP384Bits};
    const ForeignKey p256{GNUTLS_PK_ECDSA, kP256Bits};
    const ForeignKey rsa1024{GNUTLS_PK_RSA, 1024};
    const ForeignKey rsa2048{GNUTLS_PK_RSA, 2048};
    const auto refusal = [](const PublicKey& key, const Bytes& signature) {
        const auto verified = key.verify(kMessage, signature);
        return verified ? std::string{"accepted"} : verified.error();
    };
    EXPECT_EQ(refusal({KeyType::ecdsa, p384.spki()}, p384.sign(kMessage, GNUTLS_SIGN_ECDSA_SHA256)),
              "ECDSA key is not on P-256");
    EXPECT_EQ(
        refusal({KeyType::ecdsa, rsa2048.spki()}, rsa2048.sign(kMessage, GNUTLS_SIGN_RSA_SHA256)),
        "ECDSA key is not on P-256");
    EXPECT_EQ(
        refusal({KeyType::rsa, rsa1024.spki()}, rsa1024.sign(kMessage, GNUTLS_SIGN_RSA_SHA256)),
        "RSA key of a size not permitted");
    EXPECT_EQ(refusal({KeyType::rsa, p256.spki()}, p256.sign(kMessage, GNUTLS_SIGN_ECDSA_SHA256)),
              "RSA key of a size not permitted");
    EXPECT_NE(refusal({KeyType::rsa, Bytes(300, 0x30)}, Bytes(256, 1)), "accepted");
}

TEST(PublicKey, rsa_key_above_4096_bits_is_refused) {
    // The SubjectPublicKeyInfo of a modulus of 4104 bits, made by hand: its factors do not matter
    // because the size alone refuses it.
    Bytes der = from_hex(
                    "30820223300d06092a864886f70d01010105000382021000"
                    "3082020b02820202"
                    "0080")
                    .value();
    der.resize(der.size() + 512, 0xab);
    append(der, from_hex("0203010001").value());
    EXPECT_LE(der.size(), kPublicKeySizeMax);
    const auto verified = PublicKey{KeyType::rsa, der}.verify(kMessage, Bytes(513, 1));
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error(), "RSA key of a size not permitted");
    Bytes huge{0x08, 0x00, 0x12, 0x80, 0x08};
    huge.resize(5 + 1024, 0x30);
    EXPECT_FALSE(PublicKey::from_protobuf(huge));
}

TEST(PublicKey, only_the_one_protobuf_form_is_read) {
    SeededRandom random{3};
    const Bytes good = Identity::generate(random).public_key_protobuf();
    ASSERT_TRUE(PublicKey::from_protobuf(good));
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(PublicKey::from_protobuf(ByteView{good}.first(size))) << size;
    }
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        return bytes;
    };
    EXPECT_FALSE(PublicKey::from_protobuf(changed(0, 0x10)));
    EXPECT_FALSE(PublicKey::from_protobuf(changed(1, 4)));   // unknown type
    EXPECT_FALSE(PublicKey::from_protobuf(changed(1, 1)));   // Ed25519 has 32 bytes
    EXPECT_FALSE(PublicKey::from_protobuf(changed(3, 34)));  // longer than the rest
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(PublicKey::from_protobuf(longer));
    // The same size as a varint of two bytes, and the fields the other way round.
    Bytes long_varint{0x08, 0x02, 0x12, 0xa1, 0x00};
    append(long_varint, ByteView{good}.subspan(4));
    EXPECT_FALSE(PublicKey::from_protobuf(long_varint));
    Bytes swapped{0x12, 0x21};
    append(swapped, ByteView{good}.subspan(4));
    append(swapped, Bytes{0x08, 0x02});
    EXPECT_FALSE(PublicKey::from_protobuf(swapped));
}

TEST(Identity, derived_secrets_differ_by_purpose_and_key_and_stay_the_same) {
    SeededRandom random{9};
    const Identity one = Identity::generate(random);
    const Identity two = Identity::generate(random);
    EXPECT_EQ(one.derive_secret("a"), one.derive_secret("a"));
    EXPECT_NE(one.derive_secret("a"), one.derive_secret("b"));
    EXPECT_NE(one.derive_secret("a"), two.derive_secret("a"));
    EXPECT_NE(one.peer_id(), two.peer_id());
}

}  // namespace
}  // namespace lepton::libp2p
