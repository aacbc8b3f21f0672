// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/secp256k1.hpp"

#include "crypto/sha256.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::crypto::secp256k1 {
namespace {

constexpr std::string_view kGroupOrder =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

SecretKey key_one() {
    Bytes32 one{};
    one[31] = 1;
    return SecretKey::parse(one).value();
}

// The same signature with s replaced by order - s.
CompactSignature with_other_s(CompactSignature signature) {
    const Bytes order = hex(kGroupOrder);
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        int digit = order[i] - signature[32 + i] - borrow;
        borrow = digit < 0 ? 1 : 0;
        if (digit < 0) digit += 256;
        signature[32 + i] = static_cast<std::uint8_t>(digit);
    }
    return signature;
}

TEST(Secp256k1SecretKey, key_one_has_the_generator_as_public_key) {
    const std::string x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const std::string y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    EXPECT_EQ(to_hex(key_one().public_key().compressed()), "02" + x);
    EXPECT_EQ(to_hex(key_one().public_key().coordinates()), x + y);
}

TEST(Secp256k1SecretKey, signs_as_rfc_6979_demands) {
    const auto signature = key_one().sign(sha256(as_bytes("Satoshi Nakamoto")));
    EXPECT_EQ(to_hex(signature),
              "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
              "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
}

TEST(Secp256k1SecretKey, zero_order_and_wrong_length_are_refused) {
    for (const Bytes& bytes :
         {Bytes(32, 0), hex(kGroupOrder), Bytes(31, 1), Bytes(33, 1), Bytes{}}) {
        EXPECT_EQ(SecretKey::parse(bytes).error(), Error::invalid_secret_key);
    }
    Bytes largest = hex(kGroupOrder);
    largest[31] -= 1;
    EXPECT_TRUE(SecretKey::parse(largest).has_value());
}

TEST(Secp256k1PublicKey, fresh_keys_verify_their_own_signatures_only) {
    SeededRandom random{1};
    const SecretKey key = SecretKey::generate(random);
    const SecretKey other = SecretKey::generate(random);
    const Bytes32 digest = sha256(as_bytes("message"));
    const CompactSignature signature = key.sign(digest);
    EXPECT_TRUE(key.public_key().verify(digest, signature));
    EXPECT_FALSE(other.public_key().verify(digest, signature));
    EXPECT_FALSE(key.public_key().verify(sha256(as_bytes("messagf")), signature));
    CompactSignature changed = signature;
    changed[63] ^= 1;
    EXPECT_FALSE(key.public_key().verify(digest, changed));
    EXPECT_FALSE(key.public_key().verify(digest, CompactSignature{}));
}

TEST(Secp256k1PublicKey, high_s_counts_as_low_s) {
    const Bytes32 digest = sha256(as_bytes("message"));
    const CompactSignature low = key_one().sign(digest);
    const CompactSignature high = with_other_s(low);
    EXPECT_LT(low[32], 0x80);
    EXPECT_GE(high[32], 0x80);
    EXPECT_TRUE(key_one().public_key().verify(digest, high));
}

TEST(Secp256k1PublicKey, parse_returns_the_key_it_was_given) {
    SeededRandom random{2};
    const PublicKey key = SecretKey::generate(random).public_key();
    EXPECT_EQ(PublicKey::parse(key.compressed()), key);
}

TEST(Secp256k1PublicKey, bytes_that_are_no_compressed_point_are_refused) {
    const CompressedPublicKey good = key_one().public_key().compressed();
    Bytes wrong_prefix = to_bytes(good);
    wrong_prefix[0] = 4;
    Bytes off_curve(33, 0);  // no point has x = 5
    off_curve[0] = 2;
    off_curve[32] = 5;
    Bytes hybrid = to_bytes(good);
    append(hybrid, Bytes(32, 1));
    for (const Bytes& bytes : {wrong_prefix, off_curve, hybrid, Bytes(32, 2), Bytes{}}) {
        EXPECT_EQ(PublicKey::parse(bytes).error(), Error::invalid_public_key) << to_hex(bytes);
    }
}

TEST(Secp256k1Der, every_signature_survives_the_round_trip) {
    SeededRandom random{3};
    const SecretKey key = SecretKey::generate(random);
    for (int i = 0; i < 200; ++i) {
        Bytes32 digest;
        random.fill(digest);
        const CompactSignature signature = key.sign(digest);
        const Bytes der = to_der(signature).value();
        EXPECT_EQ(from_der(der), signature);
        EXPECT_EQ(from_der(to_der(with_other_s(signature)).value()), with_other_s(signature));
    }
}

TEST(Secp256k1Der, encodes_the_shortest_form) {
    CompactSignature signature{};
    signature[31] = 0x80;  // r = 128 needs a zero byte in front
    signature[63] = 0x01;
    EXPECT_EQ(to_hex(to_der(signature).value()), "300702020080020101");
}

TEST(Secp256k1Der, other_forms_are_refused) {
    for (const std::string_view text : {
             "",
             "30",
             "3006020101020101ff",  // trailing byte after the sequence
             "3007020101020101ff",  // trailing byte in the sequence
             "300802020001020101",  // length beyond the end
             "300702020001020101",  // needless zero byte in front of r
             "308106020101020101",  // long form of a short length
             "3006020181020101",    // negative r
             "3006020100020101",    // r is zero
             "3006020101020100",    // s is zero
             "3106020101020101",    // not a sequence
             "3006030101020101",    // r not an integer
             "30050200020101",      // r without a byte
         }) {
        EXPECT_EQ(from_der(hex(text)), std::unexpected(Error::invalid_signature_encoding)) << text;
    }
    // r equal to the group order
    Bytes too_large = hex("3026022100");
    append(too_large, hex(kGroupOrder));
    append(too_large, hex("020101"));
    EXPECT_EQ(from_der(too_large), std::unexpected(Error::invalid_signature_encoding));
    EXPECT_EQ(from_der(hex("3006020101020101")).has_value(), true);
}

TEST(Secp256k1Der, numbers_out_of_range_are_not_encoded) {
    CompactSignature signature{};
    signature[63] = 1;
    EXPECT_EQ(to_der(signature), std::unexpected(Error::invalid_signature_encoding));
    const Bytes order = hex(kGroupOrder);
    std::ranges::copy(order, signature.begin());
    EXPECT_EQ(to_der(signature), std::unexpected(Error::invalid_signature_encoding));
}

}  // namespace
}  // namespace lepton::crypto::secp256k1
