// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: key files of the production scheme that can sign only the first slots. A whole
// key has 131,072 leaves, a minute of a processor each; here all but the first are random digests.
// Trees, files and public keys have the form of whole keys, and the signatures of the first slots
// are valid; a signature of a later slot fails the signer's own check.
//
// Usage: lepton-short-keys DIRECTORY VALIDATORS SLOTS
// Writes DIRECTORY/validator_<i>_{attester,proposer}_key_{pk,sk}.ssz.
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/signature.hpp"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

using namespace lepton;
using namespace lepton::crypto;
using namespace lepton::crypto::xmss;
using P = ProdParameters;

SubTree short_tree(const Prf& prf,
                   const Parameter& parameter,
                   std::uint64_t index,
                   std::size_t slots,
                   Random& random) {
    std::vector<Digest> leaves(kBottomLeaves<P>);
    for (Digest& leaf : leaves) {
        for (Fp& element : leaf) element = random_element(random);
    }
    const std::uint64_t first = index * kBottomLeaves<P>;
    if (index == 0) build_leaves<P>(prf, parameter, first, std::span{leaves}.first(slots));
    // Loading a key looks at the first and the last leaf of its window.
    build_leaves<P>(prf, parameter, first + leaves.size() - 1, std::span{leaves}.last(1));
    return build_bottom_tree(parameter, index, std::move(leaves), run_in_order);
}

SecretKey short_key(std::size_t slots, Random& random) {
    Bytes32 prf_key;
    random.fill(prf_key);
    const Prf prf{prf_key};
    Parameter parameter;
    for (Fp& element : parameter) element = random_element(random);
    auto left = std::make_shared<const SubTree>(short_tree(prf, parameter, 0, slots, random));
    auto right = std::make_shared<const SubTree>(short_tree(prf, parameter, 1, slots, random));
    SubTree top = build_top_tree(
        random, parameter, kBottomHeight<P>, P::kLogLifetime, 0, {left->root(), right->root()});
    return SecretKey{prf, parameter, window_slots<P>(0), std::move(top), Window{0, left, right}};
}

bool write(const std::string& path, const Bytes& content) {
    std::ofstream file{path, std::ios::binary};
    file.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: lepton-short-keys DIRECTORY VALIDATORS SLOTS\n");
        return 2;
    }
    const std::string directory = argv[1];
    const std::size_t validators = std::stoul(argv[2]);
    const std::size_t slots = std::stoul(argv[3]);
    std::atomic<bool> is_written = true;
    parallel_for(0, 2 * validators, [&](std::size_t i) {
        SystemRandom seed;
        SeededRandom random{seed.next_u64()};
        const SecretKey key = short_key(slots, random);
        const std::string stem = directory + "/validator_" + std::to_string(i / 2) +
                                 (i % 2 == 0 ? "_attester_key_" : "_proposer_key_");
        if (!write(stem + "sk.ssz", encode<P>(key)) ||
            !write(stem + "pk.ssz", encode(PublicKey{key.top.root(), key.parameter}))) {
            is_written = false;
        }
    });
    return is_written ? 0 : 1;
}
