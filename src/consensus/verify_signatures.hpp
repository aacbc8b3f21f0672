// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the proof of a block must prove. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "types/rejection.hpp"
#include "types/state.hpp"

#include <vector>

namespace lepton::consensus {

/// One signed message of a block's proof and those who must have signed it.
struct ProofComponent {
    /// By ascending validator index.
    std::vector<PublicKey> public_keys;
    Root message;
    Slot slot;

    bool operator==(const ProofComponent&) const = default;
};

/// Returns the components that the proof of `block` must have: one per attestation in the body's
/// order, then the proposer's signature of the block. Whether the proof has exactly these is for
/// the proof system to say (INVALID_BLOCK_PROOF).
/// Spec: signatures.py `verify_signatures`
/// Input:  block_root: hash_tree_root of `block`
/// Errors: TOO_MANY_ATTESTATION_DATA, EMPTY_AGGREGATION_BITS, VALIDATOR_INDEX_OUT_OF_RANGE,
/// PROPOSER_INDEX_OUT_OF_RANGE
Result<std::vector<ProofComponent>, Rejection> proof_components(const Block& block,
                                                                const Root& block_root,
                                                                const Validators& validators);

}  // namespace lepton::consensus
