// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The native backend: bundles, worked on by an executor that the owner brings. Any thread; the
// completions run where the executor runs jobs.
#pragma once

#include "aggregation/backend.hpp"
#include "aggregation/bundle/bundle.hpp"
#include "aggregation/job_runner.hpp"

#include <memory>

namespace lepton::aggregation::bundle {

class BundleBackend final : public AggregationBackend {
  public:
    /// `clock` outlives the backend's jobs.
    BundleBackend(const crypto::SignatureScheme& scheme,
                  const Limits& limits,
                  Executor executor,
                  const Clock& clock);

    std::string_view proof_format() const override { return "bundle"; }
    crypto::SchemeId scheme_id() const override { return bundles_.scheme.id(); }
    const Capabilities& capabilities() const override { return capabilities_; }
    std::size_t proof_size(std::size_t participants) const override;
    std::size_t merged_share(std::size_t participants) const override {
        return proof_size(participants);
    }

    void submit(AggregateJob job, JobControl control, Completion<AggregateJob> completion) override;
    void submit(MergeJob job, JobControl control, Completion<MergeJob> completion) override;
    void submit(SplitJob job, JobControl control, Completion<SplitJob> completion) override;
    void submit(VerifySingleJob job,
                JobControl control,
                Completion<VerifySingleJob> completion) override;
    void submit(VerifyMultiJob job,
                JobControl control,
                Completion<VerifyMultiJob> completion) override;

  private:
    Bundles bundles_;
    Capabilities capabilities_;
    JobRunner runner_;
};

/// The MakeBackend of this backend.
std::unique_ptr<AggregationBackend> make_backend(const crypto::SignatureScheme& scheme,
                                                 const Limits& limits,
                                                 Executor executor,
                                                 const Clock& clock);

}  // namespace lepton::aggregation::bundle
