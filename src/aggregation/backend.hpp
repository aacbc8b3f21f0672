// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How lepton makes and checks aggregate proofs, whatever the proof system. Two kinds of proofs: a
// single-message proof shows that each key of a set signed one message at one slot; a multi-message
// proof is an ordered list of such components. Every operation is a job: self-contained, with a
// deadline, can be cancelled, and ends in exactly one completion. Any thread.
#pragma once

#include "aggregation/aggregation_error.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "crypto/signature_scheme.hpp"
#include "types/attestation.hpp"
#include "types/keys.hpp"
#include "types/primitives.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace lepton::aggregation {

/// What one component shows: each key signed `message` at `slot`.
struct Claim {
    /// By ascending validator index; never empty in a claim that can be proven.
    std::vector<PublicKey> public_keys;
    Root message;
    Slot slot;

    bool operator==(const Claim&) const = default;
};

/// Makes one single-message proof of signatures and other single-message proofs. All of them were
/// verified before: a backend may take them on trust. A validator that comes more than once counts
/// once.
struct AggregateJob {
    using Output = SingleMessageAggregate;

    struct Child {
        SingleMessageAggregate aggregate;
        /// Of its participants, by ascending validator index.
        std::vector<PublicKey> public_keys;
    };
    struct RawSignature {
        ValidatorIndex validator_index;
        PublicKey public_key;
        Signature signature;
    };

    Root message;
    Slot slot;
    std::vector<Child> children;
    std::vector<RawSignature> raw_signatures;
};

/// Makes one multi-message proof of single-message proofs, in their order.
struct MergeJob {
    using Output = MultiMessageAggregate;

    struct Part {
        Claim claim;
        ProofBytes proof;
    };
    std::vector<Part> parts;
};

/// Makes the single-message proof of one component of a multi-message proof.
struct SplitJob {
    using Output = ProofBytes;

    MultiMessageAggregate aggregate;
    /// Of every component, in order.
    std::vector<Claim> claims;
    /// The component that is wanted.
    std::size_t index = 0;
};

/// Checks that `proof` is a single-message proof of exactly `claim`.
struct VerifySingleJob {
    using Output = void;

    Claim claim;
    ProofBytes proof;
};

/// Checks that `aggregate` is a multi-message proof of exactly `claims`, in order.
struct VerifyMultiJob {
    using Output = void;

    std::vector<Claim> claims;
    MultiMessageAggregate aggregate;
};

/// Hears the result of a job, once, on whatever thread the backend works.
template <class Job>
using Completion = std::move_only_function<void(Result<typename Job::Output, AggregationError>)>;

/// When to give a job up. A result that is ready is delivered even if it is late.
struct JobControl {
    Time deadline = Time::max();
    std::stop_token stop{};
};

/// What a backend can do and how much.
struct Capabilities {
    /// Whether a component can be taken out of a multi-message proof.
    bool can_split = false;
    /// Single-message proofs that one AggregateJob may take, 0 when it takes signatures only.
    std::size_t children_max = 0;
    /// Components of a multi-message proof.
    std::size_t components_max = 0;
    /// Validators of a single-message proof.
    std::size_t participants_max = 0;
    /// Bytes of a proof.
    std::size_t proof_size_max = 0;

    bool operator==(const Capabilities&) const = default;
};

/// Sizes that the network fixes.
struct Limits {
    std::size_t proof_size_max = 0;
    std::size_t components_max = 0;
};

/// Runs a task some time, on some thread, or inline. May destroy it instead; its job then ends as
/// `dropped`.
using Executor = std::function<void(std::move_only_function<void()>)>;

/// A proof system. Owned by whoever wires the node; outlives its jobs' completions.
class AggregationBackend {
  public:
    virtual ~AggregationBackend() = default;

    /// Returns the name of the proof format, as network profiles have it.
    virtual std::string_view proof_format() const = 0;
    /// Returns the signature scheme whose signatures are aggregated.
    virtual crypto::SchemeId scheme_id() const = 0;
    virtual const Capabilities& capabilities() const = 0;

    /// Returns the most bytes that a single-message proof of `participants` validators takes.
    virtual std::size_t proof_size(std::size_t participants) const = 0;

    /// Returns what a component of `participants` validators takes of a merged proof's byte budget:
    /// components whose shares add up to at most proof_size_max can be merged. 0 where a merged
    /// proof has one size whatever it covers.
    virtual std::size_t merged_share(std::size_t participants) const = 0;

    /// Takes the job and returns at once (unless the backend's executor runs jobs in line).
    virtual void submit(AggregateJob job,
                        JobControl control,
                        Completion<AggregateJob> completion) = 0;
    virtual void submit(MergeJob job, JobControl control, Completion<MergeJob> completion) = 0;
    virtual void submit(SplitJob job, JobControl control, Completion<SplitJob> completion) = 0;
    virtual void submit(VerifySingleJob job,
                        JobControl control,
                        Completion<VerifySingleJob> completion) = 0;
    virtual void submit(VerifyMultiJob job,
                        JobControl control,
                        Completion<VerifyMultiJob> completion) = 0;
};

/// Makes the backend of a node; `scheme` and `clock` outlive it.
using MakeBackend = std::function<std::unique_ptr<AggregationBackend>(
    const crypto::SignatureScheme& scheme, const Limits&, Executor, const Clock& clock)>;

/// Returns the number of the only claim about `message`.
/// Errors: unknown_component, ambiguous_component
Result<std::size_t, AggregationError> component_about(std::span<const Claim> claims,
                                                      const Root& message);

}  // namespace lepton::aggregation
