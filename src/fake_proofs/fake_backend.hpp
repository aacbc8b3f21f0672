// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A proof system without proofs, for test networks in which every client has one: same inputs, same
// bytes; whatever is not too large passes. Who took part is what the participants field says. Any
// thread; the completions run where the executor runs jobs.
#pragma once

#include "aggregation/job_runner.hpp"
#include "base/clock.hpp"

#include <cstddef>
#include <functional>

namespace lepton::fake_proofs {

/// Bytes of a proof unless asked otherwise: about the size of a real one of few validators.
inline constexpr std::size_t kProofSize = 32 * 1024;
/// Most proofs that one aggregation takes: as with other backends, more would add little.
inline constexpr std::size_t kChildrenMax = 16;

/// What the work of a real prover would take, per second; 0 or less, or not finite: no time at all.
struct Rates {
    double aggregated_signatures = 0;
    double verified_signatures = 0;
    double merged_components = 0;
};

struct FakeOptions {
    /// At most the network's limit.
    std::size_t proof_size = kProofSize;
    Rates rates;
};

/// Lets time pass on the thread that calls it.
using Pause = std::function<void(Duration)>;

class FakeBackend final : public aggregation::AggregationBackend {
  public:
    /// `clock` outlives the backend's jobs. `pause` is used for `options.rates` only, in pieces
    /// short enough that a cancelled job ends soon.
    FakeBackend(const FakeOptions& options,
                crypto::SchemeId scheme,
                const aggregation::Limits& limits,
                aggregation::Executor executor,
                const Clock& clock,
                Pause pause);

    std::string_view proof_format() const override { return "fake"; }
    crypto::SchemeId scheme_id() const override { return scheme_; }
    const aggregation::Capabilities& capabilities() const override { return capabilities_; }
    std::size_t proof_size(std::size_t) const override { return options_.proof_size; }
    std::size_t merged_share(std::size_t) const override { return 0; }

    /// Errors: nothing_to_prove, malformed (a validator beyond the registry's limit), too_large
    ///         (more than kChildrenMax children)
    void submit(aggregation::AggregateJob job,
                aggregation::JobControl control,
                aggregation::Completion<aggregation::AggregateJob> completion) override;
    /// Errors: nothing_to_prove, too_large
    void submit(aggregation::MergeJob job,
                aggregation::JobControl control,
                aggregation::Completion<aggregation::MergeJob> completion) override;
    /// Errors: unknown_component
    void submit(aggregation::SplitJob job,
                aggregation::JobControl control,
                aggregation::Completion<aggregation::SplitJob> completion) override;
    /// Errors: nothing_to_prove, too_large
    void submit(aggregation::VerifySingleJob job,
                aggregation::JobControl control,
                aggregation::Completion<aggregation::VerifySingleJob> completion) override;
    void submit(aggregation::VerifyMultiJob job,
                aggregation::JobControl control,
                aggregation::Completion<aggregation::VerifyMultiJob> completion) override;

  private:
    FakeOptions options_;
    crypto::SchemeId scheme_;
    aggregation::Capabilities capabilities_;
    Pause pause_;
    aggregation::JobRunner runner_;
};

}  // namespace lepton::fake_proofs
