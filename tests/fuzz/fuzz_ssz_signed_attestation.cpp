// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    is_canonical<SignedAttestation>(input, kTestSizes);
    is_canonical<SignedAttestation>(input, kProdSizes);
    is_canonical<AttestationData>(input, kTestSizes);
}

std::vector<Bytes> seeds() {
    auto seeds =
        seeds_of(SignedAttestation{ValidatorIndex{3}, some_vote(), Signature{Bytes(424, 9)}});
    seeds.push_back(
        ssz::encode(SignedAttestation{ValidatorIndex{3}, some_vote(), Signature{Bytes(2536, 9)}}));
    return seeds;
}

const Registration kTarget({"ssz_signed_attestation", 2700, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
