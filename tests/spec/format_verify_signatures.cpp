// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/proofs.hpp"

namespace lepton::spec {

Verdict run_verify_signatures(const Vector& vector) {
    vector_members(vector, {"anchorState", "signedBlock"});
    const auto state = read_as<State>(at(vector.body, "anchorState"));
    const auto block = read_as<SignedBlock>(at(vector.body, "signedBlock"));
    const json::value* reason = find(vector.body, "rejectionReason");

    verifier::BlockTask task;
    task.message = block;
    task.root = hash_tree_root(block.block);
    auto claims = verifier::claims_of(task, *state.validators);
    if (!claims) return expect_outcome(std::unexpected(claims.error()), reason);
    // What else it is refused for is known before any proof is looked at.
    if (reason != nullptr && !expects_proof_failure(vector.body)) return expect_outcome({}, reason);
    require_real_proofs(vector.body);
    return expect_outcome(ProofBench(vector.body)
                              .verify(aggregation::VerifyMultiJob{*std::move(claims), block.proof},
                                      verifier::Kind::block),
                          reason);
}

}  // namespace lepton::spec
