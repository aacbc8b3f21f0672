// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a verify-signatures vector does: judge the proof of one block. One thread.
#pragma once

#include "spec_driver/json.hpp"
#include "spec_driver/proofs.hpp"
#include "types/rejection.hpp"

#include <optional>

namespace lepton::spec_driver {

struct SignatureRefusal {
    Rejection reason;
    /// What the proof itself was refused for, if it came to that.
    std::optional<aggregation::AggregationError> proof_error;
};

/// Checks "signedBlock" against the registry of "anchorState", as the node does before an import.
/// Throws BadVector when the vector has another shape.
/// Errors: those of verifier::claims_of; INVALID_BLOCK_PROOF
Result<void, SignatureRefusal> run_verify_signatures(const json::object& vector,
                                                     const Proofs& proofs);

}  // namespace lepton::spec_driver
