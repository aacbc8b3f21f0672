// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/tls/certificate.hpp"

#include "base/random.hpp"
#include "libp2p/tls/test_certificates.hpp"

#include <gnutls/gnutls.h>
#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using der::Tag;
using test::extension;
using test::kKeyUsageId;
using test::kLibp2pId;
using test::Recipe;

constexpr UnixMs kNow = 1'800'000'000'000;

/// Returns "ok" or the name of the error.
std::string outcome(const Recipe& recipe, UnixMs now = kNow) {
    const auto verified = verify_certificate(recipe.build(), now);
    if (!verified) return std::string{to_string(verified.error())};
    EXPECT_EQ(verified->peer_id, PeerId::from_public_key(recipe.identity_public_key));
    EXPECT_EQ(verified->public_key, recipe.identity_public_key);
    return "ok";
}

TEST(Certificate, own_certificate_names_its_identity_at_any_time) {
    SeededRandom random{1};
    const Identity identity = Identity::generate(random);
    const OwnCertificate own = make_certificate(identity);
    EXPECT_LT(own.certificate_der.size(), 600u);
    for (const UnixMs now : {UnixMs{0}, kNow, UnixMs{4'000'000'000'000}}) {
        const auto verified = verify_certificate(own.certificate_der, now);
        ASSERT_TRUE(verified) << to_string(verified.error());
        EXPECT_EQ(verified->peer_id, identity.peer_id());
        EXPECT_EQ(verified->public_key, identity.public_key_protobuf());
    }
    EXPECT_NE(make_certificate(identity).certificate_der, own.certificate_der);
}

TEST(Certificate, own_certificate_is_one_that_gnutls_reads) {
    SeededRandom random{1};
    const OwnCertificate own = make_certificate(Identity::generate(random));
    gnutls_certificate_credentials_t credentials = nullptr;
    ASSERT_EQ(gnutls_certificate_allocate_credentials(&credentials), 0);
    const auto datum = [](const Bytes& bytes) {
        return gnutls_datum_t{const_cast<std::uint8_t*>(bytes.data()),
                              static_cast<unsigned>(bytes.size())};
    };
    const gnutls_datum_t certificate = datum(own.certificate_der);
    const gnutls_datum_t key = datum(own.private_key_der);
    EXPECT_EQ(gnutls_certificate_set_x509_key_mem2(
                  credentials, &certificate, &key, GNUTLS_X509_FMT_DER, nullptr, 0),
              0);
    gnutls_certificate_free_credentials(credentials);
}

TEST(Certificate, certificates_of_other_makers_are_accepted) {
    EXPECT_EQ(outcome(Recipe{}), "ok");
    {
        Recipe recipe;
        recipe.libp2p_critical = true;
        EXPECT_EQ(outcome(recipe), "ok");
    }
    {
        Recipe recipe;
        recipe.libp2p_critical = false;
        recipe.more_extensions = extension(kKeyUsageId, from_hex("03020780").value());
        EXPECT_EQ(outcome(recipe), "ok");
    }
    {
        Recipe recipe{GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1)};
        recipe.algorithm_id = from_hex("2a8648ce3d040303").value();
        recipe.algorithm = GNUTLS_SIGN_ECDSA_SHA384;
        EXPECT_EQ(outcome(recipe), "ok");
    }
    {
        Recipe recipe{GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519)};
        recipe.algorithm_id = from_hex("2b6570").value();
        recipe.algorithm = GNUTLS_SIGN_EDDSA_ED25519;
        EXPECT_EQ(outcome(recipe), "ok");
    }
}

TEST(Certificate, validity_includes_both_ends) {
    Recipe recipe;
    recipe.not_before = "270115080000Z";  // 1,800,000,000
    recipe.not_after = "20270115080010Z";
    EXPECT_EQ(outcome(recipe, kNow - 1000), "not_yet_valid");
    EXPECT_EQ(outcome(recipe, kNow), "ok");
    EXPECT_EQ(outcome(recipe, kNow + 10'999), "ok");
    EXPECT_EQ(outcome(recipe, kNow + 11'000), "expired");
}

TEST(Certificate, malformed_times_are_refused) {
    for (const char* time : {"20010100000Z",
                             "2001010000000",
                             "200101000060Z",
                             "200101006000Z",
                             "200101240000Z",
                             "200001000000Z",
                             "201301000000Z",
                             "200230000000Z",
                             "200101 00000Z",
                             "20200101000000+",
                             "",
                             "20200101000000.5Z"}) {
        Recipe recipe;
        recipe.not_before = time;
        EXPECT_EQ(outcome(recipe), "malformed") << time;
    }
}

TEST(Certificate, forged_signatures_are_refused) {
    {
        Recipe recipe;
        recipe.corrupt_signature = true;
        EXPECT_EQ(outcome(recipe), "wrong_self_signature");
    }
    {
        // The identity vouched for another key.
        Recipe recipe;
        recipe.identity_signature = Recipe{}.identity_signature;
        EXPECT_EQ(outcome(recipe), "wrong_identity_signature");
    }
    {
        // Somebody else's public key with one's own signature.
        Recipe recipe;
        recipe.identity_public_key = Recipe{2}.identity_public_key;
        EXPECT_EQ(outcome(recipe), "wrong_identity_signature");
    }
    {
        Recipe recipe;
        recipe.identity_signature.clear();
        EXPECT_EQ(outcome(recipe), "wrong_identity_signature");
    }
    {
        Recipe recipe;
        recipe.identity_public_key[1] = 9;
        EXPECT_EQ(outcome(recipe), "malformed_identity_key");
    }
}

TEST(Certificate, structure_that_libp2p_does_not_allow_is_refused) {
    {
        Recipe recipe;
        recipe.has_extensions = false;
        EXPECT_EQ(outcome(recipe), "no_libp2p_extension");
    }
    {
        Recipe recipe;
        recipe.more_extensions = extension(kKeyUsageId, from_hex("03020780").value(), true);
        EXPECT_EQ(outcome(recipe), "unknown_critical_extension");
    }
    {
        Recipe recipe;
        recipe.more_extensions = extension(kLibp2pId, Bytes{0x30, 0});
        EXPECT_EQ(outcome(recipe), "duplicate_extension");
    }
    {
        Recipe recipe;
        recipe.libp2p_value = Bytes{0x30, 0};
        EXPECT_EQ(outcome(recipe), "malformed");
    }
    {
        Recipe recipe;
        recipe.version = Bytes{1};
        EXPECT_EQ(outcome(recipe), "malformed");
    }
    {
        Recipe recipe;
        recipe.inner_algorithm_id = from_hex("2a8648ce3d040303").value();
        EXPECT_EQ(outcome(recipe), "malformed");
    }
    {
        Recipe recipe;
        recipe.more_extensions = extension(kKeyUsageId, Bytes(4096, 1));
        EXPECT_EQ(outcome(recipe), "too_large");
    }
    {
        Recipe recipe{GNUTLS_PK_RSA, 2048};
        recipe.algorithm_id = from_hex("2a864886f70d01010b").value();
        recipe.algorithm = GNUTLS_SIGN_RSA_SHA256;
        EXPECT_EQ(outcome(recipe), "unsupported_key");
    }
    {
        Recipe recipe;
        recipe.algorithm_id = from_hex("2a8648ce3d0401").value();  // ECDSA over SHA-1
        EXPECT_EQ(outcome(recipe), "unsupported_key");
    }
}

TEST(CertificateMessage, holds_exactly_one_certificate) {
    const auto outcome_of = [](const Bytes& message) {
        const auto certificate = only_certificate(message);
        return certificate ? to_hex(*certificate) : std::string{to_string(certificate.error())};
    };
    EXPECT_EQ(outcome_of(from_hex("00"
                                  "000007"
                                  "000002"
                                  "abcd"
                                  "0000")
                             .value()),
              "abcd");
    EXPECT_EQ(outcome_of(from_hex("0155"
                                  "000008"
                                  "000001"
                                  "ab"
                                  "0002"
                                  "0102")
                             .value()),
              "ab");
    EXPECT_EQ(outcome_of(from_hex("00"
                                  "000000")
                             .value()),
              "no_certificate");
    EXPECT_EQ(outcome_of(from_hex("00"
                                  "00000c"
                                  "000001"
                                  "ab"
                                  "0000"
                                  "000001"
                                  "cd"
                                  "0000")
                             .value()),
              "more_than_one");
    for (const char* hex : {"",
                            "00",
                            "00000007",
                            "00000006"
                            "000002abcd00",
                            "01000000",
                            "00000007000002abcd000000",
                            "00000007000003abcd0000"}) {
        EXPECT_EQ(outcome_of(from_hex(hex).value()), "malformed") << hex;
    }
    Bytes large = from_hex(
                      "00"
                      "001006"
                      "001001")
                      .value();
    large.resize(large.size() + 0x1001 + 2);
    EXPECT_EQ(outcome_of(large), "too_large");
}

TEST(Certificate, every_shortened_certificate_is_malformed) {
    const Bytes good = Recipe{}.build();
    ASSERT_TRUE(verify_certificate(good, kNow));
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto parsed = parse_certificate(ByteView{good}.first(size));
        ASSERT_FALSE(parsed) << size;
        EXPECT_EQ(parsed.error(), CertificateError::malformed) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(parse_certificate(longer).error(), CertificateError::malformed);
}

TEST(Certificate, no_changed_byte_makes_another_valid_certificate) {
    const Bytes good = Recipe{}.build();
    SeededRandom random{7};
    for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes changed = good;
        changed[at] ^= static_cast<std::uint8_t>(1 + random.below(255));
        const auto verified = verify_certificate(changed, kNow);
        EXPECT_FALSE(verified) << at;
    }
}

}  // namespace
}  // namespace lepton::libp2p
