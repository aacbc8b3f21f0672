// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The proofs of vectors. Most vectors are filled without a prover: where a proof belongs they have
// a placeholder, which is taken here as proof of whatever it is to prove. One thread.
#pragma once

#include "aggregation/backend.hpp"

#include <memory>
#include <vector>

namespace lepton::spec_driver {

/// Returns whether `proof` begins as the placeholders of the specification's generator do.
bool is_placeholder(ByteView proof);

class Proofs {
  public:
    /// Proofs that are no placeholders are for `make_backend` to judge. `clock` outlives this.
    Proofs(const aggregation::MakeBackend& make_backend, const Clock& clock);

    /// Checks one proof.
    /// Errors: those of the backend; foreign_proof for a proof that no backend here can read
    Result<void, aggregation::AggregationError> check(aggregation::VerifySingleJob job) const;
    Result<void, aggregation::AggregationError> check(aggregation::VerifyMultiJob job) const;

  private:
    template <class Job>
    Result<void, aggregation::AggregationError> check(const Job& job, ByteView proof) const;

    /// One per signature scheme: a vector's requests do not tell which one they are made for.
    std::vector<std::unique_ptr<aggregation::AggregationBackend>> backends_;
};

}  // namespace lepton::spec_driver
