// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"
#include "spec/proofs.hpp"
#include "spec_driver/signatures_run.hpp"

namespace lepton::spec {

Verdict run_verify_signatures(const Vector& vector) {
    vector_members(vector, {"rejectionReason", "anchorState", "signedBlock"});
    const auto block = read_as<SignedBlock>(at(vector.body, "signedBlock"));
    if (proof_setting_of(vector.body) != ProofSetting::placeholder &&
        spec_driver::is_placeholder(block.proof.proof)) {
        throw BadVector("a placeholder that is said to be a proof");
    }
    const SystemClock clock;
    const auto make_backend = [&](const crypto::SignatureScheme&,
                                  const aggregation::Limits& limits,
                                  aggregation::Executor executor,
                                  const Clock& its_clock) {
        // Whatever scheme is tried, it is that of the vector.
        return aggregation::bundle::make_backend(
            scheme_of(vector.body), limits, std::move(executor), its_clock);
    };
    const spec_driver::Proofs proofs(make_backend, clock);
    const auto verified = spec_driver::run_verify_signatures(vector.body, proofs);
    Result<void, Rejection> outcome;
    if (!verified) outcome = std::unexpected(verified.error().reason);

    // What else it is refused for is known before any proof is looked at.
    const bool is_proof_judged = verified || verified.error().proof_error;
    const json::value* reason = find(vector.body, "rejectionReason");
    if (!is_proof_judged || (reason != nullptr && !expects_proof_failure(vector.body))) {
        return expect_outcome(is_proof_judged ? Result<void, Rejection>() : outcome, reason);
    }
    require_real_proofs(vector.body);
    if (!verified &&
        aggregation::fault_of(*verified.error().proof_error) == aggregation::Fault::foreign) {
        throw CannotJudge("no available prover knows the format of its proof");
    }
    return expect_outcome(outcome, reason);
}

}  // namespace lepton::spec
