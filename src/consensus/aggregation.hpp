// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The aggregator's work at phase 2: which proofs and signatures to prove together, and what to do
// with the result. Runs on the store's thread; proving happens elsewhere.
#pragma once

#include "consensus/store.hpp"

#include <functional>
#include <vector>

namespace lepton::consensus {

struct AggregationLimits {
    /// Jobs to return.
    std::size_t jobs_max = 0;
    /// Proofs that may be merged into one.
    std::size_t children_max = kProofsPerDataMax;
    /// Validators that one proof can cover.
    std::size_t participants_max = kValidatorRegistryLimit;
};

/// What to prove for one vote. Self-contained: the prover needs no store.
struct AggregationJob {
    struct RawSignature {
        ValidatorIndex validator_index;
        Signature signature;
    };

    AttestationData data;
    Root data_root;
    /// Proofs to merge.
    std::vector<SingleMessageAggregate> children;
    /// Signatures of validators that no child covers, by ascending index.
    std::vector<RawSignature> raw_signatures;
    /// Who the result will cover.
    AggregationBits participants;
};

/// Returns what is worth proving, the present slot first, then newer before older, then more
/// participants before fewer: when time is short the last ones are dropped. Every vote with new
/// proofs or raw signatures is a candidate; it is skipped without a raw signature or a second proof
/// to merge. Changes nothing.
/// Spec: aggregation.py `aggregate`
std::vector<AggregationJob> select_aggregation_jobs(const Store& store,
                                                    Slot current_slot,
                                                    const AggregationLimits& limits);

/// Puts a proof made by this node among the new ones and drops the signatures and proofs that it
/// covers. Also right for a result that comes late: signatures that arrived meanwhile stay.
/// Spec: aggregation.py `aggregate`
void apply_aggregate(Store& store,
                     const SignedAggregatedAttestation& aggregate,
                     const Root& data_root);

}  // namespace lepton::consensus
