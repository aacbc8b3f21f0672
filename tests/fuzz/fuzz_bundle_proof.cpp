// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle.hpp"
#include "aggregation/test_keys.hpp"
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

using namespace aggregation;

constexpr Limits kLimits{.proof_size_max = 8192, .components_max = 4};

const bundle::Bundles& bundles() {
    static const bundle::Bundles result{test_scheme(), kLimits};
    return result;
}

const SingleMessageAggregate& single() {
    static const auto made = bundle::aggregate(bundles(), job_of({0, 1}, 1, 5)).value();
    return made;
}

const MultiMessageAggregate& multi() {
    static const auto made =
        bundle::merge(bundles(),
                      {{{claim_of({0, 1}, 1, 5), single().proof},
                        {claim_of({2}, 2, 6),
                         bundle::aggregate(bundles(), job_of({2}, 2, 6)).value().proof}}})
            .value();
    return made;
}

void run(ByteView input) {
    for (const bundle::Kind kind : {bundle::Kind::single_message, bundle::Kind::multi_message}) {
        const Allocated allocated;
        const auto components = bundle::decode(input, kind, test_scheme(), kLimits);
        LEPTON_ASSERT(allocated.bytes() <= 4 * input.size() + 1024);
        if (!components) continue;
        for (const bundle::Component& component : *components) {
            expect_within(component.signatures, input);
        }
        LEPTON_ASSERT(bundle::encode(kind, *components, test_scheme(), kLimits) == to_bytes(input));
    }
    const ProofBytes proof(to_bytes(input));
    if (bundle::verify_single(bundles(), {claim_of({0, 1}, 1, 5), proof})) {
        LEPTON_ASSERT(bundle::decode(input, bundle::Kind::single_message, test_scheme(), kLimits));
    }
    const std::vector<Claim> claims{claim_of({0, 1}, 1, 5), claim_of({2}, 2, 6)};
    if (bundle::verify_multi(bundles(), {claims, {proof}})) {
        // What holds together holds apart.
        const auto part = bundle::split(bundles(), {{proof}, claims, 0});
        LEPTON_ASSERT(part && bundle::verify_single(bundles(), {claims[0], *part}));
    }
}

std::vector<Bytes> seeds() {
    Bytes wrong_count = multi().proof;
    wrong_count[11] = 200;
    return {single().proof,
            multi().proof,
            wrong_count,
            Bytes(single().proof.begin(), single().proof.end() - 1),
            bytes_of("LPTNBNDL")};
}

const Registration kTarget({"bundle_proof", 2048, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
