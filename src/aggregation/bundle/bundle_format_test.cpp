// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_format.hpp"

#include "aggregation/test_keys.hpp"

#include <gtest/gtest.h>

namespace lepton::aggregation::bundle {
namespace {

using enum AggregationError;

constexpr Limits kLimits{.proof_size_max = 16384, .components_max = 4};
constexpr std::size_t kSignatureSize = 424;

// Bytes that look like `count` signatures; the format does not look into them.
Bytes signatures(std::size_t count, std::uint8_t fill) {
    return Bytes(count * kSignatureSize, fill);
}

class BundleFormat : public testing::Test {
  protected:
    Bytes single() const {
        return encode(Kind::single_message, {components_.data(), 1}, test_scheme(), kLimits)
            .value();
    }
    Bytes multi() const {
        return encode(Kind::multi_message, components_, test_scheme(), kLimits).value();
    }
    AggregationError error_of(const Bytes& proof, Kind kind, Limits limits = kLimits) const {
        const auto components = decode(proof, kind, test_scheme(), limits);
        EXPECT_FALSE(components.has_value());
        return components ? unsupported : components.error();
    }

    const Bytes first_ = signatures(3, 0xaa), second_ = signatures(1, 0xbb);
    const std::vector<Component> components_{{message(1), Slot{258}, first_},
                                             {message(2), Slot{3}, second_}};
};

TEST_F(BundleFormat, bytes_are_as_documented) {
    const Bytes proof = multi();
    EXPECT_EQ(proof.size(), 12 + 2 * 44 + 4 * kSignatureSize);
    EXPECT_EQ(as_text(ByteView{proof}.first(8)), "LPTNBNDL");
    EXPECT_EQ(to_hex(ByteView{proof}.subspan(8, 4)), "01020202");
    EXPECT_EQ(to_hex(ByteView{proof}.subspan(12, 44)),
              std::string(64, '0').replace(0, 64, to_hex(message(1).bytes)) + "0201000000000000" +
                  "03000000");
    EXPECT_EQ(to_hex(ByteView{single()}.subspan(8, 4)), "01010201");
}

TEST_F(BundleFormat, survives_the_round_trip) {
    const Bytes proof = multi();
    const auto decoded = decode(proof, Kind::multi_message, test_scheme(), kLimits);
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*decoded)[i].message, components_[i].message);
        EXPECT_EQ((*decoded)[i].slot, components_[i].slot);
        EXPECT_EQ(to_bytes((*decoded)[i].signatures), to_bytes(components_[i].signatures));
    }
    EXPECT_EQ(encode(Kind::multi_message, *decoded, test_scheme(), kLimits), proof);
}

TEST_F(BundleFormat, other_proof_systems_are_told_apart_from_damage) {
    EXPECT_EQ(error_of(Bytes(100, 0), Kind::single_message), foreign_proof);
    EXPECT_EQ(error_of(to_bytes(as_bytes("LPTN")), Kind::single_message), foreign_proof);
    EXPECT_EQ(error_of({}, Kind::single_message), malformed);
    Bytes proof = single();
    proof[8] = 2;
    EXPECT_EQ(error_of(proof, Kind::single_message), bad_version);
    proof = single();
    proof[10] = 1;
    EXPECT_EQ(error_of(proof, Kind::single_message), wrong_scheme);
}

TEST_F(BundleFormat, kinds_are_not_interchangeable) {
    EXPECT_EQ(error_of(single(), Kind::multi_message), wrong_kind);
    EXPECT_EQ(error_of(multi(), Kind::single_message), wrong_kind);
    Bytes proof = multi();
    proof[9] = 1;  // a single-message proof of two components
    EXPECT_EQ(error_of(proof, Kind::single_message), malformed);
}

TEST_F(BundleFormat, every_truncation_and_any_trailing_byte_is_malformed) {
    const Bytes good = multi();
    for (std::size_t size = 8; size < good.size(); ++size) {
        const Bytes proof(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_EQ(error_of(proof, Kind::multi_message), malformed) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(error_of(longer, Kind::multi_message), malformed);
}

TEST_F(BundleFormat, counts_must_fit_the_bytes) {
    constexpr std::size_t kAtCount = 12 + 40;
    for (const std::size_t at : {kAtCount, kAtCount + 1, kAtCount + 2, kAtCount + 3}) {
        Bytes proof = single();
        proof[at] = proof[at] == 3 ? 4 : 0xff;
        EXPECT_EQ(error_of(proof, Kind::single_message), malformed) << at;
    }
    Bytes proof = single();
    proof[kAtCount] = 2;
    EXPECT_EQ(error_of(proof, Kind::single_message), malformed);
    proof[kAtCount] = 0;
    EXPECT_EQ(error_of(proof, Kind::single_message), malformed);
    Bytes without_signatures(proof.begin(), proof.begin() + 12 + 44);
    EXPECT_EQ(error_of(without_signatures, Kind::single_message), malformed);
    proof = multi();
    proof[11] = 0;
    EXPECT_EQ(error_of(proof, Kind::multi_message), malformed);
    proof[11] = 3;
    EXPECT_EQ(error_of(proof, Kind::multi_message), malformed);
}

TEST_F(BundleFormat, limits_hold_both_ways) {
    const std::size_t size = multi().size();
    const auto encoded = [&](Limits limits) {
        return encode(Kind::multi_message, components_, test_scheme(), limits);
    };
    EXPECT_TRUE(encoded({size, 2}).has_value());
    EXPECT_EQ(encoded({size - 1, 2}), std::unexpected(too_large));
    EXPECT_EQ(encoded({size, 1}), std::unexpected(too_large));
    EXPECT_EQ(error_of(multi(), Kind::multi_message, {size - 1, 2}), too_large);
    EXPECT_EQ(error_of(multi(), Kind::multi_message, {size, 1}), too_large);
    EXPECT_TRUE(decode(multi(), Kind::multi_message, test_scheme(), {size, 2}).has_value());
}

TEST_F(BundleFormat, whatever_is_read_is_written_the_same) {
    SeededRandom random{1};
    const Bytes good = multi();
    for (int round = 0; round < 20'000; ++round) {
        Bytes proof = good;
        for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
            proof[8 + random.below(round % 2 == 0 ? 48 : proof.size() - 8)] =
                static_cast<std::uint8_t>(random.below(round % 3 == 0 ? 256 : 4));
        }
        if (round % 4 == 0) proof.resize(random.below(proof.size()));
        for (const Kind kind : {Kind::single_message, Kind::multi_message}) {
            const auto components = decode(proof, kind, test_scheme(), kLimits);
            if (components) {
                EXPECT_EQ(encode(kind, *components, test_scheme(), kLimits), proof);
            }
        }
    }
}

}  // namespace
}  // namespace lepton::aggregation::bundle
