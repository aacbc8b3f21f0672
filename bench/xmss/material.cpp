// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "material.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/signature.hpp"

#include <span>
#include <utility>

namespace lepton::bench {
namespace {

using P = crypto::xmss::ProdParameters;
using crypto::run_in_order;
using crypto::xmss::Digest;

const crypto::SignatureScheme& scheme() {
    return crypto::signature_scheme(P::kId);
}

crypto::xmss::Prf prf_of(std::uint64_t seed) {
    Bytes32 key;
    SeededRandom{seed}.fill(key);
    return crypto::xmss::Prf{key};
}

}  // namespace

std::unique_ptr<crypto::Signer> make_signer(std::uint64_t seed) {
    using namespace crypto::xmss;
    constexpr std::uint64_t kLeaves = kBottomLeaves<P>;
    SeededRandom random{seed + 1};
    const Prf prf = prf_of(seed);
    Parameter parameter;
    for (Fp& element : parameter) element = random_element(random);

    std::array<std::vector<Digest>, 2> leaves;
    for (auto& half : leaves) {
        half.resize(kLeaves);
        for (Digest& leaf : half) {
            for (Fp& element : leaf) element = random_element(random);
        }
    }
    // Loading a key looks at the first leaf and the last.
    build_leaves<P>(prf, parameter, 0, std::span{leaves[0]}.first(kSlots));
    build_leaves<P>(prf, parameter, 2 * kLeaves - 1, std::span{leaves[1]}.last(1));
    std::array<std::shared_ptr<const SubTree>, 2> trees;
    for (std::size_t i = 0; i < trees.size(); ++i) {
        trees[i] = std::make_shared<const SubTree>(
            build_bottom_tree(parameter, i, std::move(leaves[i]), run_in_order));
    }
    SubTree top = build_top_tree(random,
                                 parameter,
                                 kBottomHeight<P>,
                                 P::kLogLifetime,
                                 0,
                                 {trees[0]->root(), trees[1]->root()});
    const Bytes public_key = encode(PublicKey{top.root(), parameter});
    const SecretKey key{
        prf, parameter, {0, 2 * kLeaves}, std::move(top), Window{0, trees[0], trees[1]}};
    auto signer = scheme().load_secret_key(public_key, encode<P>(key));
    LEPTON_ASSERT(signer.has_value(), "a key made here loads");
    return *std::move(signer);
}

Vote sign_random_message(const crypto::Signer& signer,
                         std::uint64_t seed,
                         std::uint64_t slot,
                         Random& random) {
    Vote vote{signer.public_key(), slot, {}, {}, 0};
    random.fill(vote.message);
    auto signature = signer.sign(slot, vote.message);
    LEPTON_ASSERT(signature.has_value(), "a key made here signs");
    vote.signature = *std::move(signature);
    const auto rho = crypto::xmss::decode_signature<P>(vote.signature).value().rho;
    const auto prf = prf_of(seed);
    using crypto::xmss::kLanes;
    for (std::uint64_t first = 0; vote.attempts == 0; first += kLanes) {
        crypto::xmss::Lanes<7> rhos;
        prf.rhos(static_cast<std::uint32_t>(slot), vote.message, first, rhos);
        for (std::size_t lane = 0; lane < kLanes && vote.attempts == 0; ++lane) {
            bool is_same = true;
            for (std::size_t i = 0; i < rho.size(); ++i) is_same &= rhos.rows[i][lane] == rho[i];
            if (is_same) vote.attempts = first + lane + 1;
        }
    }
    return vote;
}

}  // namespace lepton::bench
