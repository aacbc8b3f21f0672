// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/proofs.hpp"

#include "aggregation/bundle/bundle_backend.hpp"

namespace lepton::spec {

void require_real_proofs(const json::object& vector) {
    if (proof_setting_of(vector) == ProofSetting::placeholder) {
        throw CannotJudge("its proof is a placeholder, which is never verified");
    }
}

std::vector<PublicKey> read_keys(const json::value& value) {
    std::vector<PublicKey> keys;
    for (const json::value& key : as_array(value)) keys.push_back(read_as<PublicKey>(key));
    return keys;
}

ProofBench::ProofBench(const json::object& vector) {
    const NetworkProfile profile = profile_of(vector);
    backend_ = aggregation::bundle::make_backend(
        scheme_of(vector),
        {.proof_size_max = profile.proof_size_max, .components_max = profile.proof_components_max},
        [](std::move_only_function<void()> task) { task(); },
        clock_);
}

void ProofBench::check(aggregation::AggregationError error) {
    switch (aggregation::fault_of(error)) {
        case aggregation::Fault::proof:
            return;
        case aggregation::Fault::foreign:
            throw CannotJudge("no available prover knows the format of its proof");
        case aggregation::Fault::request:
            throw BadVector(std::string(aggregation::to_string(error)));
    }
}

}  // namespace lepton::spec
