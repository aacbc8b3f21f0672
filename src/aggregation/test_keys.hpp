// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: validators with real keys of the test scheme, and claims that they signed.
#pragma once

#include "aggregation/backend.hpp"
#include "base/random.hpp"
#include "crypto/signature_scheme.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace lepton::aggregation {

inline const crypto::SignatureScheme& test_scheme() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_test);
}

/// Returns the signer of validator `index`; its keys cover slots 0..31.
inline const crypto::Signer& validator(std::size_t index) {
    static std::vector<std::unique_ptr<crypto::Signer>> signers;
    while (signers.size() <= index) {
        SeededRandom random{signers.size() + 1};
        const auto keys = test_scheme().generate(random, 0, 32, crypto::run_in_order, {}).value();
        signers.push_back(
            test_scheme().load_secret_key(keys.public_key, keys.secret_key_ssz).value());
    }
    return *signers[index];
}

inline PublicKey key_of(std::size_t index) {
    return PublicKey{validator(index).public_key()};
}

inline Root message(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

/// Returns the claim that `validators` (ascending) signed message(number) at `slot`.
inline Claim claim_of(const std::vector<std::size_t>& validators,
                      std::uint8_t number,
                      std::uint64_t slot) {
    Claim claim{{}, message(number), Slot{slot}};
    for (const std::size_t index : validators) claim.public_keys.push_back(key_of(index));
    return claim;
}

inline AggregateJob::RawSignature raw_signature(std::size_t index,
                                                std::uint8_t number,
                                                std::uint64_t slot) {
    return {ValidatorIndex{index},
            key_of(index),
            Signature{validator(index).sign(slot, message(number).bytes).value()}};
}

/// Returns the job to aggregate the signatures of `validators`.
inline AggregateJob job_of(const std::vector<std::size_t>& validators,
                           std::uint8_t number,
                           std::uint64_t slot) {
    AggregateJob job{message(number), Slot{slot}, {}, {}};
    for (const std::size_t index : validators) {
        job.raw_signatures.push_back(raw_signature(index, number, slot));
    }
    return job;
}

}  // namespace lepton::aggregation
