// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    is_canonical<SignedBlock>(input, kTestSizes);
    is_canonical<Block>(input, kTestSizes);
}

std::vector<Bytes> seeds() {
    auto seeds = seeds_of(some_block());
    seeds.push_back(ssz::encode(some_block().block));
    seeds.push_back(ssz::encode(SignedBlock{}));
    return seeds;
}

const Registration kTarget({"ssz_signed_block", 2048, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
