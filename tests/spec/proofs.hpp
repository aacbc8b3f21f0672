// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The proofs of vectors, worked on by the backend that a node of this program has. One thread.
#pragma once

#include "aggregation/backend.hpp"
#include "base/clock.hpp"
#include "spec/formats.hpp"
#include "verifier/tasks.hpp"

#include <memory>
#include <optional>

namespace lepton::spec {

/// Throws CannotJudge when the proofs of `vector` are placeholders.
void require_real_proofs(const json::object& vector);

/// Returns the attestation keys, one per bit of "aggregationBits".
std::vector<PublicKey> read_keys(const json::value& value);

class ProofBench {
  public:
    explicit ProofBench(const json::object& vector);

    /// Carries `job` out. Throws CannotJudge when the backend does not know the proof's format,
    /// BadVector when the vector asks for something that makes no sense.
    template <class Job>
    Result<typename Job::Output, aggregation::AggregationError> run(Job job) {
        std::optional<Result<typename Job::Output, aggregation::AggregationError>> outcome;
        backend_->submit(std::move(job), {}, [&](auto result) { outcome = std::move(result); });
        if (!*outcome) check(outcome->error());
        return *std::move(outcome);
    }

    /// Returns the verdict of `job`, a check of a proof of votes, with the name that a node gives
    /// it.
    template <class Job>
    Result<void, Rejection> verify(Job job) {
        if (!run(std::move(job))) {
            return std::unexpected(verifier::wrong_proof(verifier::Kind::aggregate));
        }
        return {};
    }

  private:
    static void check(aggregation::AggregationError error);

    ManualClock clock_{0};
    std::unique_ptr<aggregation::AggregationBackend> backend_;
};

}  // namespace lepton::spec
