// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    is_canonical<SignedAggregatedAttestation>(input, kTestSizes);
    is_canonical<SingleMessageAggregate>(input, kTestSizes);
}

std::vector<Bytes> seeds() {
    const SingleMessageAggregate proof{some_bits(11), ProofBytes(Bytes(30, 8))};
    auto seeds = seeds_of(SignedAggregatedAttestation{some_vote(), proof});
    seeds.push_back(ssz::encode(proof));
    return seeds;
}

const Registration kTarget({"ssz_signed_aggregate", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
