// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/proofs.hpp"

#include <algorithm>

namespace lepton::spec_driver {

using aggregation::AggregationError;

bool is_placeholder(ByteView proof) {
    using std::string_view_literals::operator""sv;
    constexpr std::string_view kBeginning = "\0MOCKED-AGGREGATION-PROOF\0"sv;
    return as_text(proof).starts_with(kBeginning);
}

Proofs::Proofs(const aggregation::MakeBackend& make_backend, const Clock& clock) {
    const aggregation::Limits limits{.proof_size_max = kProofSizeMax,
                                     .components_max = kMaxAttestationsData + 1};
    for (const auto id : {crypto::SchemeId::leansig_prod, crypto::SchemeId::leansig_test}) {
        backends_.push_back(
            make_backend(crypto::signature_scheme(id), limits, [](auto job) { job(); }, clock));
    }
}

Result<void, AggregationError> Proofs::check(aggregation::VerifySingleJob job) const {
    return check(job, job.proof);
}

Result<void, AggregationError> Proofs::check(aggregation::VerifyMultiJob job) const {
    return check(job, job.aggregate.proof);
}

template <class Job>
Result<void, AggregationError> Proofs::check(const Job& job, ByteView proof) const {
    if (is_placeholder(proof)) return {};
    Result<void, AggregationError> verdict = std::unexpected(AggregationError::foreign_proof);
    for (const auto& backend : backends_) {
        backend->submit(job, {}, [&](auto outcome) { verdict = std::move(outcome); });
        if (verdict || verdict.error() != AggregationError::wrong_scheme) break;
    }
    return verdict;
}

}  // namespace lepton::spec_driver
