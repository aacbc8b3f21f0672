// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"

#include <algorithm>
#include <utility>

namespace lepton::aggregation::bundle {
namespace {

// A completion that is called exactly once: with the result, or as dropped on destruction.
template <class Job>
class Promise {
  public:
    using Outcome = Result<typename Job::Output, AggregationError>;

    explicit Promise(Completion<Job> completion) : completion_(std::move(completion)) {}
    Promise(Promise&& other) noexcept : completion_(std::exchange(other.completion_, nullptr)) {}
    Promise& operator=(Promise&&) = delete;
    ~Promise() {
        if (completion_) completion_(std::unexpected(AggregationError::dropped));
    }

    void keep(Outcome outcome) { std::exchange(completion_, nullptr)(std::move(outcome)); }

  private:
    Completion<Job> completion_;
};

}  // namespace

BundleBackend::BundleBackend(const crypto::SignatureScheme& scheme,
                             const Limits& limits,
                             Executor executor,
                             const Clock& clock)
    : bundles_{scheme, limits}, executor_(std::move(executor)), clock_(clock) {
    const std::size_t room = limits.proof_size_max - std::min(limits.proof_size_max, proof_size(0));
    capabilities_ = {.can_split = true,
                     .children_max = kChildrenMax,
                     .components_max = limits.components_max,
                     .participants_max = room / scheme.signature_size(),
                     .proof_size_max = limits.proof_size_max};
}

std::size_t BundleBackend::proof_size(std::size_t participants) const {
    return kHeaderSize + kComponentHeaderSize + participants * bundles_.scheme.signature_size();
}

template <class Job, class Work>
void BundleBackend::run(Job job, JobControl control, Completion<Job> completion, Work work) {
    executor_([bundles = bundles_,
               &clock = clock_,
               job = std::move(job),
               control = std::move(control),
               promise = Promise<Job>{std::move(completion)},
               work]() mutable {
        const Interrupt interrupt = [&]() -> std::optional<AggregationError> {
            if (control.stop.stop_requested()) return AggregationError::cancelled;
            if (clock.now() > control.deadline) return AggregationError::deadline;
            return std::nullopt;
        };
        if (const auto error = interrupt())
            promise.keep(std::unexpected(*error));
        else
            promise.keep(work(bundles, job, interrupt));
    });
}

void BundleBackend::submit(AggregateJob job,
                           JobControl control,
                           Completion<AggregateJob> completion) {
    const auto work = [](const Bundles& bundles, const AggregateJob& todo, const Interrupt&) {
        return aggregate(bundles, todo);
    };
    run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(MergeJob job, JobControl control, Completion<MergeJob> completion) {
    const auto work = [](const Bundles& bundles, const MergeJob& todo, const Interrupt&) {
        return merge(bundles, todo);
    };
    run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(SplitJob job, JobControl control, Completion<SplitJob> completion) {
    const auto work = [](const Bundles& bundles, const SplitJob& todo, const Interrupt&) {
        return split(bundles, todo);
    };
    run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(VerifySingleJob job,
                           JobControl control,
                           Completion<VerifySingleJob> completion) {
    run(std::move(job), std::move(control), std::move(completion), verify_single);
}

void BundleBackend::submit(VerifyMultiJob job,
                           JobControl control,
                           Completion<VerifyMultiJob> completion) {
    run(std::move(job), std::move(control), std::move(completion), verify_multi);
}

}  // namespace lepton::aggregation::bundle
