// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <map>

namespace lepton::aggregation::bundle {
namespace {

// Signatures between two looks at the interrupt: some milliseconds of work.
constexpr std::size_t kSignaturesPerBatch = 32;

using Components = std::vector<Component>;

std::unexpected<AggregationError> because(AggregationError error) {
    return std::unexpected(error);
}

// Compares what a component says about itself with the claim.
Result<void, AggregationError> compare(const Bundles& bundles,
                                       const Component& component,
                                       const Claim& claim) {
    if (component.message != claim.message) return because(AggregationError::message_mismatch);
    if (component.slot != claim.slot) return because(AggregationError::slot_mismatch);
    if (component.count(bundles.scheme.signature_size()) != claim.public_keys.size()) {
        return because(AggregationError::key_count_mismatch);
    }
    return {};
}

// Reads a proof of `claims` and compares every component.
Result<Components, AggregationError> read(const Bundles& bundles,
                                          ByteView proof,
                                          Kind kind,
                                          std::span<const Claim> claims) {
    const auto has_no_keys = [](const Claim& claim) { return claim.public_keys.empty(); };
    if (claims.empty() || std::ranges::any_of(claims, has_no_keys)) {
        return because(AggregationError::nothing_to_prove);
    }
    auto components = decode(proof, kind, bundles.scheme, bundles.limits);
    if (!components) return components;
    if (components->size() != claims.size()) {
        return because(AggregationError::component_count_mismatch);
    }
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const auto compared = compare(bundles, (*components)[i], claims[i]);
        if (!compared) return because(compared.error());
    }
    return components;
}

Result<void, AggregationError> verify_signatures(const Bundles& bundles,
                                                 const Components& components,
                                                 std::span<const Claim> claims,
                                                 const Interrupt& interrupt) {
    const std::size_t size = bundles.scheme.signature_size();
    std::vector<crypto::VerifyJob> jobs;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        for (std::size_t key = 0; key < claims[i].public_keys.size(); ++key) {
            jobs.push_back({claims[i].public_keys[key].bytes(),
                            claims[i].slot.value,
                            claims[i].message.bytes,
                            components[i].signatures.subspan(key * size, size)});
        }
    }
    std::vector<crypto::VerifyVerdict> verdicts(kSignaturesPerBatch);
    for (std::span<const crypto::VerifyJob> rest = jobs; !rest.empty();) {
        if (const auto error = interrupt()) return because(*error);
        const std::size_t count = std::min(kSignaturesPerBatch, rest.size());
        const auto batch = std::span{verdicts}.first(count);
        bundles.scheme.verify_batch(rest.first(count), batch);
        if (!std::ranges::all_of(batch, &crypto::VerifyVerdict::has_value)) {
            return because(AggregationError::invalid_signature);
        }
        rest = rest.subspan(count);
    }
    return {};
}

// Signatures by validator index.
using Signatures = std::map<std::size_t, ByteView>;

// Adds the signatures of `child` of validators that are not there yet.
Result<void, AggregationError> add_child(const Bundles& bundles,
                                         const AggregateJob& job,
                                         const AggregateJob::Child& child,
                                         Signatures& signatures) {
    const auto& [participants, proof] = child.aggregate;
    const Claim claim{child.public_keys, job.message, job.slot};
    const auto components = read(bundles, proof, Kind::single_message, {&claim, 1});
    if (!components) return because(components.error());
    const auto indices = participants.ones();
    if (indices.size() != child.public_keys.size()) {
        return because(AggregationError::key_count_mismatch);
    }
    const std::size_t size = bundles.scheme.signature_size();
    for (std::size_t i = 0; i < indices.size(); ++i) {
        signatures.try_emplace(indices[i], components->front().signatures.subspan(i * size, size));
    }
    return {};
}

ProofBytes to_proof(Bytes bytes) {
    return ProofBytes(std::move(bytes));
}

}  // namespace

Result<SingleMessageAggregate, AggregationError> aggregate(const Bundles& bundles,
                                                           const AggregateJob& job) {
    if (job.children.size() > kChildrenMax) return because(AggregationError::too_large);
    Signatures signatures;
    for (const AggregateJob::Child& child : job.children) {
        const auto added = add_child(bundles, job, child, signatures);
        if (!added) return because(added.error());
    }
    for (const AggregateJob::RawSignature& raw : job.raw_signatures) {
        if (!bundles.scheme.check_signature(raw.signature.bytes)) {
            return because(AggregationError::invalid_signature);
        }
        signatures.try_emplace(raw.validator_index.value, raw.signature.bytes);
    }
    if (signatures.empty()) return because(AggregationError::nothing_to_prove);
    if (signatures.rbegin()->first >= AggregationBits::kLimit) {
        return because(AggregationError::malformed);
    }

    SingleMessageAggregate result;
    result.participants.resize(signatures.rbegin()->first + 1);
    // The size is known before anything is copied.
    const std::size_t bytes = signatures.size() * bundles.scheme.signature_size();
    if (bytes > bundles.limits.proof_size_max) return because(AggregationError::too_large);
    Bytes joined;
    joined.reserve(bytes);
    for (const auto& [index, signature] : signatures) {
        result.participants.set(index);
        append(joined, signature);
    }
    const Component component{job.message, job.slot, joined};
    auto proof = encode(Kind::single_message, {&component, 1}, bundles.scheme, bundles.limits);
    if (!proof) return because(proof.error());
    result.proof = to_proof(*std::move(proof));
    return result;
}

Result<MultiMessageAggregate, AggregationError> merge(const Bundles& bundles, const MergeJob& job) {
    if (job.parts.empty()) return because(AggregationError::nothing_to_prove);
    Components components;
    for (const MergeJob::Part& part : job.parts) {
        const auto read_part = read(bundles, part.proof, Kind::single_message, {&part.claim, 1});
        if (!read_part) return because(read_part.error());
        components.push_back(read_part->front());
    }
    auto proof = encode(Kind::multi_message, components, bundles.scheme, bundles.limits);
    if (!proof) return because(proof.error());
    return MultiMessageAggregate{to_proof(*std::move(proof))};
}

Result<ProofBytes, AggregationError> split(const Bundles& bundles, const SplitJob& job) {
    const auto components = read(bundles, job.aggregate.proof, Kind::multi_message, job.claims);
    if (!components) return because(components.error());
    if (job.index >= components->size()) return because(AggregationError::unknown_component);
    auto proof = encode(Kind::single_message,
                        std::span{*components}.subspan(job.index, 1),
                        bundles.scheme,
                        bundles.limits);
    // It is smaller than the proof it comes from.
    LEPTON_ASSERT(proof.has_value());
    return to_proof(*std::move(proof));
}

Result<void, AggregationError> verify_single(const Bundles& bundles,
                                             const VerifySingleJob& job,
                                             const Interrupt& interrupt) {
    const std::span<const Claim> claims{&job.claim, 1};
    const auto components = read(bundles, job.proof, Kind::single_message, claims);
    if (!components) return because(components.error());
    return verify_signatures(bundles, *components, claims, interrupt);
}

Result<void, AggregationError> verify_multi(const Bundles& bundles,
                                            const VerifyMultiJob& job,
                                            const Interrupt& interrupt) {
    const auto components = read(bundles, job.aggregate.proof, Kind::multi_message, job.claims);
    if (!components) return because(components.error());
    return verify_signatures(bundles, *components, job.claims, interrupt);
}

}  // namespace lepton::aggregation::bundle
