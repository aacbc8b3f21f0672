// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"

#include <algorithm>
#include <utility>

namespace lepton::aggregation::bundle {

BundleBackend::BundleBackend(const crypto::SignatureScheme& scheme,
                             const Limits& limits,
                             Executor executor,
                             const Clock& clock)
    : bundles_{scheme, limits}, runner_(std::move(executor), clock) {
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

void BundleBackend::submit(AggregateJob job,
                           JobControl control,
                           Completion<AggregateJob> completion) {
    const auto work = [bundles = bundles_](const AggregateJob& todo, const Interrupt&) {
        return aggregate(bundles, todo);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(MergeJob job, JobControl control, Completion<MergeJob> completion) {
    const auto work = [bundles = bundles_](const MergeJob& todo, const Interrupt&) {
        return merge(bundles, todo);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(SplitJob job, JobControl control, Completion<SplitJob> completion) {
    const auto work = [bundles = bundles_](const SplitJob& todo, const Interrupt&) {
        return split(bundles, todo);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(VerifySingleJob job,
                           JobControl control,
                           Completion<VerifySingleJob> completion) {
    const auto work = [bundles = bundles_](const VerifySingleJob& todo,
                                           const Interrupt& interrupt) {
        return verify_single(bundles, todo, interrupt);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void BundleBackend::submit(VerifyMultiJob job,
                           JobControl control,
                           Completion<VerifyMultiJob> completion) {
    const auto work = [bundles = bundles_](const VerifyMultiJob& todo, const Interrupt& interrupt) {
        return verify_multi(bundles, todo, interrupt);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

std::unique_ptr<AggregationBackend> make_backend(const crypto::SignatureScheme& scheme,
                                                 const Limits& limits,
                                                 Executor executor,
                                                 const Clock& clock) {
    return std::make_unique<BundleBackend>(scheme, limits, std::move(executor), clock);
}

}  // namespace lepton::aggregation::bundle
