// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/verify_signatures.hpp"

#include "types/ssz.hpp"

namespace lepton::consensus {

Result<std::vector<ProofComponent>, Rejection> proof_components(const Block& block,
                                                                const Root& block_root,
                                                                const Validators& validators) {
    // Bounds the keys that are copied below, whoever calls first.
    if (block.body.attestations.size() > kMaxAttestationsData) {
        return std::unexpected(Rejection::TOO_MANY_ATTESTATION_DATA);
    }
    std::vector<ProofComponent> components;
    for (const auto& [bits, data] : block.body.attestations) {
        const std::vector<std::size_t> voters = bits.ones();
        if (voters.empty()) return std::unexpected(Rejection::EMPTY_AGGREGATION_BITS);
        if (voters.back() >= validators.size()) {
            return std::unexpected(Rejection::VALIDATOR_INDEX_OUT_OF_RANGE);
        }
        ProofComponent& component =
            components.emplace_back(ProofComponent{{}, hash_tree_root(data), data.slot});
        for (const std::size_t voter : voters) {
            component.public_keys.push_back(validators[voter].attestation_public_key);
        }
    }
    if (block.proposer_index.value >= validators.size()) {
        return std::unexpected(Rejection::PROPOSER_INDEX_OUT_OF_RANGE);
    }
    const auto proposer = static_cast<std::size_t>(block.proposer_index.value);
    components.push_back({{validators[proposer].proposal_public_key}, block_root, block.slot});
    return components;
}

}  // namespace lepton::consensus
