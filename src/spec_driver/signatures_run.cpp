// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/signatures_run.hpp"

#include "verifier/tasks.hpp"

namespace lepton::spec_driver {

Result<void, SignatureRefusal> run_verify_signatures(const json::object& vector,
                                                     const Proofs& proofs) {
    const auto state = read_as<State>(at(vector, "anchorState"));
    const auto block = read_as<SignedBlock>(at(vector, "signedBlock"));
    const verifier::BlockTask task{
        .message = block, .root = hash_tree_root(block.block), .origin = {}, .digest = {}};
    auto claims = verifier::claims_of(task, *state.validators);
    if (!claims) return std::unexpected(SignatureRefusal{claims.error(), {}});
    if (auto proven = proofs.check(aggregation::VerifyMultiJob{std::move(*claims), block.proof});
        !proven) {
        return std::unexpected(SignatureRefusal{verifier::wrong_proof(task.kKind), proven.error()});
    }
    return {};
}

}  // namespace lepton::spec_driver
