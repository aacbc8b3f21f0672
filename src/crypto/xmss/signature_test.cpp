// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/signature.hpp"

#include "base/random.hpp"
#include "crypto/xmss/test_material.hpp"
#include "crypto/xmss/tree.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

template <class P>
Signature<P> random_signature(std::uint64_t seed) {
    SeededRandom random{seed};
    Signature<P> signature;
    for (Digest& digest : signature.path) {
        for (Fp& element : digest) element = random_element(random);
    }
    for (Fp& element : signature.rho) element = random_element(random);
    for (Digest& digest : signature.hashes) {
        for (Fp& element : digest) element = random_element(random);
    }
    return signature;
}

template <class P>
void expect_round_trip() {
    const auto signature = random_signature<P>(1);
    const Bytes bytes = encode(signature);
    EXPECT_EQ(bytes.size(), SignatureLayout<P>::kSize);
    EXPECT_EQ(decode_signature<P>(bytes), signature);
}

TEST(XmssSignature, survives_the_round_trip) {
    expect_round_trip<ProdParameters>();
    expect_round_trip<TestParameters>();
}

template <class P>
void expect_other_sizes_refused() {
    const Bytes good = encode(random_signature<P>(1));
    for (const std::size_t size : {std::size_t{0},
                                   good.size() - 1,
                                   good.size() + 1,
                                   good.size() + kDigestSize,
                                   SignatureLayout<TestParameters>::kSize,
                                   SignatureLayout<ProdParameters>::kSize}) {
        if (size == good.size()) continue;
        Bytes bytes = good;
        bytes.resize(size);
        EXPECT_EQ(decode_signature<P>(bytes), std::unexpected(SignatureError::signature_size));
    }
}

TEST(XmssSignature, any_other_size_is_refused) {
    expect_other_sizes_refused<ProdParameters>();
    expect_other_sizes_refused<TestParameters>();
}

// The offsets of path and hashes, and that in the path, also fix how many digests each list has.
template <class P>
void expect_other_offsets_refused() {
    const Bytes good = encode(random_signature<P>(1));
    for (const std::size_t at : {0u, 1u, 2u, 3u, 32u, 33u, 34u, 35u, 36u, 37u, 38u, 39u}) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes bytes = good;
            bytes[at] ^= static_cast<std::uint8_t>(1u << bit);
            EXPECT_EQ(decode_signature<P>(bytes), std::unexpected(SignatureError::signature_offset))
                << at << ' ' << bit;
        }
    }
}

TEST(XmssSignature, every_other_offset_is_refused) {
    expect_other_offsets_refused<ProdParameters>();
    expect_other_offsets_refused<TestParameters>();
}

template <class P>
void expect_other_elements_refused() {
    const Bytes good = encode(random_signature<P>(1));
    for (std::size_t at = 4; at < good.size(); at += kFpSize) {
        if (at == 4 + kRhoSize || at == SignatureLayout<P>::kPath) continue;  // offsets
        for (const Fp value : {kPrime, kPrime + 1, Fp{1} << 31, ~Fp{0} - kPrime, ~Fp{0}}) {
            Bytes bytes = good;
            write_elements(std::array<Fp, 1>{value}, MutableByteView{bytes}.subspan(at, kFpSize));
            EXPECT_EQ(decode_signature<P>(bytes),
                      std::unexpected(SignatureError::signature_not_canonical))
                << at << ' ' << value;
        }
    }
}

TEST(XmssSignature, every_element_must_be_canonical) {
    expect_other_elements_refused<ProdParameters>();
    expect_other_elements_refused<TestParameters>();
}

TEST(XmssPublicKey, survives_the_round_trip_and_wrong_bytes_are_refused) {
    const PublicKey key{{1, 2, 3, 4, 5, 6, 7, kPrime - 1}, {11, 12, 13, 14, 15}};
    Bytes bytes = encode(key);
    EXPECT_EQ(bytes.size(), 52u);
    EXPECT_EQ(decode_public_key(bytes), key);
    for (std::size_t at = 3; at < bytes.size(); at += kFpSize) {
        Bytes changed = bytes;
        changed[at] |= 0x80;
        EXPECT_EQ(decode_public_key(changed),
                  std::unexpected(SignatureError::public_key_not_canonical));
    }
    bytes.push_back(0);
    EXPECT_EQ(decode_public_key(bytes), std::unexpected(SignatureError::public_key_size));
    bytes.resize(51);
    EXPECT_EQ(decode_public_key(bytes), std::unexpected(SignatureError::public_key_size));
}

// The text behind `"name": "` in a JSON file.
std::string field_of(const std::string& json, const std::string& name) {
    const std::string head = '"' + name + "\": \"";
    const std::size_t begin = json.find(head) + head.size();
    return json.substr(begin, json.find('"', begin) - begin);
}

TEST(XmssSignature, roots_equal_those_of_the_spec_vectors) {
    for (const std::string name : {"test_signature_zero.json", "test_signature_actual.json"}) {
        const auto path = container_vector_path(LEPTON_SOURCE_DIR, name);
        LEPTON_SKIP_WITHOUT(path);
        const std::string json = read_text(path);
        const Bytes bytes = hex_bytes(field_of(json, "serialized"));
        const auto signature = decode_signature<TestParameters>(bytes);
        ASSERT_TRUE(signature.has_value()) << name;
        EXPECT_EQ(encode(*signature), bytes);
        EXPECT_EQ(signature_root<TestParameters>(bytes), hex_root(field_of(json, "root"))) << name;
    }
}

TEST(XmssPublicKey, root_equals_that_of_the_spec_vector) {
    const auto path = container_vector_path(LEPTON_SOURCE_DIR, "test_public_key_typical.json");
    LEPTON_SKIP_WITHOUT(path);
    const std::string json = read_text(path);
    const Bytes bytes = hex_bytes(field_of(json, "serialized"));
    EXPECT_EQ(public_key_root(bytes), hex_root(field_of(json, "root")));
}

}  // namespace
}  // namespace lepton::crypto::xmss
