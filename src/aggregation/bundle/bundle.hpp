// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What can be done with bundles, as pure functions: the proof of a statement is the list of the
// signatures, so joining and taking apart are exact, and verifying checks each signature. Any
// thread.
#pragma once

#include "aggregation/backend.hpp"
#include "aggregation/bundle/bundle_format.hpp"
#include "aggregation/job_runner.hpp"

#include <optional>

namespace lepton::aggregation::bundle {

/// Most children of one aggregation. They overlap in practice, so more would add little.
inline constexpr std::size_t kChildrenMax = 16;

/// What all operations share. Cheap to copy.
struct Bundles {
    const crypto::SignatureScheme& scheme;
    Limits limits;
};

/// The Interrupt of a caller who waits: always goes on.
inline std::optional<AggregationError> never() {
    return std::nullopt;
}

/// Returns the proof for the union of children and raw signatures. Where a validator comes more
/// than once, the first child that has it wins, then the first raw signature. The participants'
/// list ends at the highest validator. Errors: nothing_to_prove, those of decode for a child,
/// message_mismatch, slot_mismatch,
///         key_count_mismatch (a child's proof and its participants or keys), invalid_signature (a
///         raw one has not the scheme's form), malformed (validator index beyond the registry
///         limit), too_large (also more than kChildrenMax children)
/// Cost:   copies; no signature is verified
Result<SingleMessageAggregate, AggregationError> aggregate(const Bundles& bundles,
                                                           const AggregateJob& job);

/// Returns the proof of all parts, in order.
/// Errors: nothing_to_prove, those of decode and of the comparison with its claim for a part,
///         too_large
/// Cost:   copies
Result<MultiMessageAggregate, AggregationError> merge(const Bundles& bundles, const MergeJob& job);

/// Returns the single-message proof of component `index`: the very bytes that were merged.
/// Errors: unknown_component, those of decode, component_count_mismatch, those of the comparison
///         with the claims
/// Cost:   copies
Result<ProofBytes, AggregationError> split(const Bundles& bundles, const SplitJob& job);

/// Checks a single-message proof against its claim, every signature included.
/// Errors: nothing_to_prove, those of decode, key_count_mismatch, message_mismatch, slot_mismatch,
///         invalid_signature, what `interrupt` returns
/// Cost:   one signature verification per participant
Result<void, AggregationError> verify_single(const Bundles& bundles,
                                             const VerifySingleJob& job,
                                             const Interrupt& interrupt = never);

/// Checks a multi-message proof against its claims, every signature included.
/// Errors: as verify_single, and component_count_mismatch
/// Cost:   one signature verification per participant of each component
Result<void, AggregationError> verify_multi(const Bundles& bundles,
                                            const VerifyMultiJob& job,
                                            const Interrupt& interrupt = never);

}  // namespace lepton::aggregation::bundle
