// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/proofs.hpp"

namespace lepton::spec {

Verdict run_verify_single_message_proofs(const Vector& vector) {
    vector_members(vector,
                   {"rejectionReason",
                    "attestationData",
                    "publicKeys",
                    "aggregationBits",
                    "message",
                    "slot",
                    "proof"});
    const auto data = read_as<AttestationData>(at(vector.body, "attestationData"));
    const auto bits = read_as<AggregationBits>(at(vector.body, "aggregationBits"));
    const aggregation::Claim claim{read_keys(at(vector.body, "publicKeys")),
                                   read_as<Root>(at(vector.body, "message")),
                                   read_as<Slot>(at(vector.body, "slot"))};
    const auto proof = read_as<ProofBytes>(at(vector.body, "proof"));
    if (bits.ones().size() != claim.public_keys.size()) {
        throw BadVector("another number of keys than of participants");
    }
    const json::value* reason = find(vector.body, "rejectionReason");
    if (reason == nullptr) {
        if (auto same = expect_equal("message", hash_tree_root(data), claim.message); !same) {
            return same;
        }
        if (auto same = expect_equal("slot", data.slot, claim.slot); !same) return same;
    }
    require_real_proofs(vector.body);
    return expect_outcome(
        ProofBench(vector.body).verify(aggregation::VerifySingleJob{claim, proof}), reason);
}

}  // namespace lepton::spec
