// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"
#include "spec/proofs.hpp"
#include "spec_driver/signatures_run.hpp"

namespace lepton::spec {

Verdict run_verify_signatures(const Vector& vector) {
    vector_members(vector, {"anchorState", "signedBlock"});
    const SystemClock clock;
    const spec_driver::Proofs proofs(aggregation::bundle::make_backend, clock);
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
