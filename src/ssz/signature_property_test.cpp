// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keys and signatures of both schemes are opaque bytes to everything but their scheme. Here they
// are the containers that the specification says they are: forms and roots must be the same.
// Spec: crypto/xmss/containers.py
#include "base/random.hpp"
#include "crypto/signature_scheme.hpp"
#include "crypto/xmss/secret_key.hpp"
#include "ssz/mutation.hpp"
#include "ssz/naive_ssz.hpp"
#include "ssz/ssz.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lepton::ssz {
namespace {

constexpr std::uint32_t kPrime = (1U << 31) - (1U << 24) + 1;

constexpr std::array<std::uint64_t, 6> kSeeds{1, 2, 3, 5, 8, 13};

using Digest = std::array<std::uint32_t, 8>;

template <std::uint64_t Limit>
struct Opening {
    List<Digest, Limit> siblings;

    static constexpr auto kSszFields = std::tuple(&Opening::siblings);
};

template <std::uint64_t Limit, std::size_t Height, std::size_t Chains>
struct SignatureContainer {
    Opening<Limit> path;
    std::array<std::uint32_t, 7> rho{};
    List<Digest, Limit> hashes;

    static constexpr auto kSszFields = std::tuple(
        &SignatureContainer::path, &SignatureContainer::rho, &SignatureContainer::hashes);

    bool is_of_the_scheme() const {
        const auto is_canonical = [](const auto& elements) {
            return std::ranges::all_of(elements, [](auto element) { return element < kPrime; });
        };
        return path.siblings.size() == Height && hashes.size() == Chains && is_canonical(rho) &&
               std::ranges::all_of(path.siblings, is_canonical) &&
               std::ranges::all_of(hashes, is_canonical);
    }
};

struct KeyContainer {
    Digest root{};
    std::array<std::uint32_t, 5> parameter{};

    static constexpr auto kSszFields = std::tuple(&KeyContainer::root, &KeyContainer::parameter);
};

template <std::size_t Length>
naive::Form form(const std::array<std::uint32_t, Length>& elements) {
    Bytes bytes;
    for (const std::uint32_t element : elements) append(bytes, naive::little_endian(element, 4));
    return naive::byte_vector(bytes);
}
template <std::uint64_t Limit>
naive::Form form(const List<Digest, Limit>& digests) {
    std::vector<naive::Form> forms;
    for (const Digest& digest : digests) forms.push_back(form(digest));
    return naive::list(forms, Limit);
}

/// Mostly far from the prime, sometimes just below it.
template <class Elements>
void draw(Elements& elements, Random& random) {
    for (std::uint32_t& element : elements) {
        const std::uint64_t number = random.below(kPrime);
        element = static_cast<std::uint32_t>(random.below(20) == 0 ? kPrime - 1 : number);
    }
}

template <std::uint64_t Limit, std::size_t Height, std::size_t Chains>
void expect_signatures(const crypto::SignatureScheme& scheme) {
    using Container = SignatureContainer<Limit, Height, Chains>;
    std::size_t refused = 0;
    std::size_t accepted = 0;
    for (const std::uint64_t seed : kSeeds) {
        SCOPED_TRACE(fmt::format("seed {} of {}", seed, scheme.name()));
        SeededRandom random(seed);
        Container signature;
        signature.path.siblings.resize(Height);
        signature.hashes.resize(Chains);
        for (Digest& sibling : signature.path.siblings) draw(sibling, random);
        for (Digest& hash : signature.hashes) draw(hash, random);
        draw(signature.rho, random);

        const Bytes bytes = encode(signature);
        const naive::Form expected =
            naive::container({naive::container({form(signature.path.siblings)}),
                              form(signature.rho),
                              form(signature.hashes)});
        EXPECT_EQ(bytes, expected.bytes);
        ASSERT_EQ(bytes.size(), scheme.signature_size());
        EXPECT_TRUE(scheme.check_signature(bytes).has_value());
        EXPECT_EQ(root_of(signature), expected.root);
        EXPECT_EQ(scheme.signature_root(bytes), expected.root);

        for (int change = 0; change < 500; ++change) {
            const Bytes damaged = mutated(bytes, random);
            const auto decoded = decode<Container>(damaged, {});
            const bool is_well_formed = decoded && decoded->is_of_the_scheme();
            ASSERT_EQ(scheme.check_signature(damaged).has_value(), is_well_formed)
                << to_hex(damaged);
            if (is_well_formed) {
                ASSERT_EQ(encode(*decoded), damaged);
                ASSERT_EQ(scheme.signature_root(damaged), root_of(*decoded));
            }
            ++(is_well_formed ? accepted : refused);
        }
    }
    EXPECT_GT(refused, 500U);
    EXPECT_GT(accepted, 200U);
}

TEST(SignatureProperty, production_signatures_are_the_container_of_the_specification) {
    expect_signatures<131072, 32, 46>(crypto::signature_scheme(crypto::SchemeId::leansig_prod));
}

TEST(SignatureProperty, test_signatures_are_the_container_of_the_specification) {
    expect_signatures<32, 8, 4>(crypto::signature_scheme(crypto::SchemeId::leansig_test));
}

TEST(SignatureProperty, public_keys_are_the_container_of_the_specification) {
    for (const auto id : {crypto::SchemeId::leansig_prod, crypto::SchemeId::leansig_test}) {
        const crypto::SignatureScheme& scheme = crypto::signature_scheme(id);
        for (const std::uint64_t seed : kSeeds) {
            SCOPED_TRACE(fmt::format("seed {} of {}", seed, scheme.name()));
            SeededRandom random(seed);
            KeyContainer key;
            draw(key.root, random);
            draw(key.parameter, random);
            const Bytes bytes = encode(key);
            const naive::Form expected = naive::container({form(key.root), form(key.parameter)});
            EXPECT_EQ(bytes, expected.bytes);
            ASSERT_EQ(bytes.size(), scheme.public_key_size());
            EXPECT_EQ(scheme.public_key_root(bytes), expected.root);
            for (int change = 0; change < 200; ++change) {
                const Bytes damaged = mutated(bytes, random);
                const auto decoded = decode<KeyContainer>(damaged, {});
                const auto is_canonical = [](std::uint32_t element) { return element < kPrime; };
                const bool is_well_formed = decoded &&
                                            std::ranges::all_of(decoded->root, is_canonical) &&
                                            std::ranges::all_of(decoded->parameter, is_canonical);
                ASSERT_EQ(scheme.check_public_key(damaged).has_value(), is_well_formed)
                    << to_hex(damaged);
                if (is_well_formed) {
                    ASSERT_EQ(scheme.public_key_root(damaged), root_of(*decoded));
                }
            }
        }
    }
}

// ---- secret keys: files, so their roots are nobody's business

struct Layer {
    std::uint64_t start_index = 0;
    List<Digest, 32> nodes;

    static constexpr auto kSszFields = std::tuple(&Layer::start_index, &Layer::nodes);
};

struct SubTree {
    std::uint64_t depth = 0;
    std::uint64_t lowest_layer = 0;
    List<Layer, 9> layers;

    static constexpr auto kSszFields =
        std::tuple(&SubTree::depth, &SubTree::lowest_layer, &SubTree::layers);
};

struct SecretKeyContainer {
    Bytes32 prf_key{};
    std::array<std::uint32_t, 5> parameter{};
    std::uint64_t activation_slot = 0;
    std::uint64_t num_active_slots = 0;
    SubTree top_tree;
    std::uint64_t left_bottom_tree_index = 0;
    SubTree left_bottom_tree;
    SubTree right_bottom_tree;

    static constexpr auto kSszFields = std::tuple(&SecretKeyContainer::prf_key,
                                                  &SecretKeyContainer::parameter,
                                                  &SecretKeyContainer::activation_slot,
                                                  &SecretKeyContainer::num_active_slots,
                                                  &SecretKeyContainer::top_tree,
                                                  &SecretKeyContainer::left_bottom_tree_index,
                                                  &SecretKeyContainer::left_bottom_tree,
                                                  &SecretKeyContainer::right_bottom_tree);
};

naive::Form form(const SubTree& tree) {
    std::vector<naive::Form> layers;
    for (const Layer& layer : tree.layers) {
        layers.push_back(naive::container({naive::number(layer.start_index), form(layer.nodes)}));
    }
    return naive::container(
        {naive::number(tree.depth), naive::number(tree.lowest_layer), naive::list(layers, 9)});
}

TEST(SignatureProperty, secret_keys_are_the_container_of_the_specification) {
    using crypto::xmss::TestParameters;
    const crypto::SignatureScheme& scheme =
        crypto::signature_scheme(crypto::SchemeId::leansig_test);
    std::size_t refused = 0;
    std::size_t accepted = 0;
    for (const std::uint64_t seed : kSeeds) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        SeededRandom random(seed);
        const std::uint64_t begin = random.below(200);
        const auto pair =
            scheme.generate(random, begin, 1 + random.below(256 - begin), crypto::run_in_order, {});
        ASSERT_TRUE(pair.has_value());
        const Bytes& file = pair->secret_key_ssz;
        const auto key = decode<SecretKeyContainer>(file, {});
        ASSERT_TRUE(key.has_value()) << to_string(key.error());
        EXPECT_EQ(encode(*key), file);
        EXPECT_EQ(naive::container({naive::byte_vector(key->prf_key),
                                    form(key->parameter),
                                    naive::number(key->activation_slot),
                                    naive::number(key->num_active_slots),
                                    form(key->top_tree),
                                    naive::number(key->left_bottom_tree_index),
                                    form(key->left_bottom_tree),
                                    form(key->right_bottom_tree)})
                      .bytes,
                  file);
        for (int change = 0; change < 300; ++change) {
            const Bytes damaged = mutated(file, random);
            const auto read = crypto::xmss::decode_secret_key<TestParameters>(damaged);
            if (read) {
                ASSERT_EQ(crypto::xmss::encode<TestParameters>(*read), damaged);
                ASSERT_TRUE(decode<SecretKeyContainer>(damaged, {}).has_value());
            }
            ++(read ? accepted : refused);
        }
    }
    EXPECT_GT(refused, 500U);
    EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace lepton::ssz
