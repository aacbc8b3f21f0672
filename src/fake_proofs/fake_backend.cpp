// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fake_proofs/fake_backend.hpp"

#include "base/assert.hpp"
#include "crypto/sha256.hpp"
#include "types/attestation.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <set>

namespace lepton::fake_proofs {
namespace {

using namespace aggregation;

/// Between two looks at a job's deadline and stop token while time is passed.
constexpr Duration kPauseMax = std::chrono::milliseconds(20);
/// Longer than any job lives.
constexpr double kDelaySecondsMax = 3600;

std::unexpected<AggregationError> because(AggregationError error) {
    return std::unexpected(error);
}

/// Lets `count / rate` seconds pass, or less when the job is given up.
std::optional<AggregationError> pass_time(std::size_t count,
                                          double rate,
                                          const Pause& pause,
                                          const Interrupt& interrupt) {
    if (!std::isfinite(rate) || rate <= 0) return std::nullopt;
    const double seconds = std::min(static_cast<double>(count) / rate, kDelaySecondsMax);
    auto rest = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    while (rest > Duration::zero()) {
        if (const auto error = interrupt()) return error;
        const Duration step = std::min(rest, kPauseMax);
        pause(step);
        rest -= step;
    }
    return std::nullopt;
}

void add_number(crypto::Sha256& hash, std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    hash.update(bytes);
}

/// Adds bytes of any length so that no two lists of them look alike.
void add_bytes(crypto::Sha256& hash, ByteView bytes) {
    add_number(hash, bytes.size());
    hash.update(bytes);
}

/// Returns `size` bytes that look random and follow from `seed`.
ProofBytes stretch(const Bytes32& seed, std::size_t size) {
    Bytes bytes;
    bytes.reserve(size);
    for (std::uint64_t counter = 0; bytes.size() < size; ++counter) {
        crypto::Sha256 hash;
        hash.update(seed);
        add_number(hash, counter);
        const Bytes32 block = hash.finish();
        append(bytes, ByteView{block}.first(std::min(block.size(), size - bytes.size())));
    }
    return ProofBytes(std::move(bytes));
}

Result<SingleMessageAggregate, AggregationError> aggregate(const AggregateJob& job,
                                                           std::size_t proof_size) {
    if (job.children.size() > kChildrenMax) return because(AggregationError::too_large);
    std::set<std::size_t> validators;
    crypto::Sha256 seed;
    seed.update(as_bytes("aggregate"));
    seed.update(job.message.bytes);
    add_number(seed, job.slot.value);
    for (const AggregateJob::Child& child : job.children) {
        for (const std::size_t index : child.aggregate.participants.ones()) {
            validators.insert(index);
        }
        add_bytes(seed, child.aggregate.proof);
    }
    for (const AggregateJob::RawSignature& raw : job.raw_signatures) {
        validators.insert(static_cast<std::size_t>(raw.validator_index.value));
    }
    if (validators.empty()) return because(AggregationError::nothing_to_prove);
    if (*validators.rbegin() >= AggregationBits::kLimit) {
        return because(AggregationError::malformed);
    }
    SingleMessageAggregate result;
    result.participants.resize(*validators.rbegin() + 1);
    for (const std::size_t index : validators) {
        result.participants.set(index);
        add_number(seed, index);
    }
    result.proof = stretch(seed.finish(), proof_size);
    return result;
}

Result<MultiMessageAggregate, AggregationError> merge(const MergeJob& job,
                                                      std::size_t components_max,
                                                      std::size_t proof_size) {
    if (job.parts.empty()) return because(AggregationError::nothing_to_prove);
    if (job.parts.size() > components_max) return because(AggregationError::too_large);
    crypto::Sha256 seed;
    seed.update(as_bytes("merge"));
    for (const MergeJob::Part& part : job.parts) {
        seed.update(part.claim.message.bytes);
        add_number(seed, part.claim.slot.value);
        add_bytes(seed, part.proof);
    }
    return MultiMessageAggregate{stretch(seed.finish(), proof_size)};
}

Result<ProofBytes, AggregationError> split(const SplitJob& job, std::size_t proof_size) {
    if (job.index >= job.claims.size()) return because(AggregationError::unknown_component);
    crypto::Sha256 seed;
    seed.update(as_bytes("split"));
    add_bytes(seed, job.aggregate.proof);
    add_number(seed, job.index);
    return stretch(seed.finish(), proof_size);
}

Result<void, AggregationError> accept(std::span<const Claim> claims,
                                      ByteView proof,
                                      std::size_t proof_size_max) {
    const auto has_no_keys = [](const Claim& claim) { return claim.public_keys.empty(); };
    if (claims.empty() || std::ranges::any_of(claims, has_no_keys)) {
        return because(AggregationError::nothing_to_prove);
    }
    if (proof.size() > proof_size_max) return because(AggregationError::too_large);
    return {};
}

}  // namespace

FakeBackend::FakeBackend(const FakeOptions& options,
                         crypto::SchemeId scheme,
                         const Limits& limits,
                         Executor executor,
                         const Clock& clock,
                         Pause pause)
    : options_(options),
      scheme_(scheme),
      capabilities_{.can_split = true,
                    .children_max = kChildrenMax,
                    .components_max = limits.components_max,
                    .participants_max = AggregationBits::kLimit,
                    .proof_size_max = limits.proof_size_max},
      pause_(std::move(pause)),
      runner_(std::move(executor), clock) {
    LEPTON_ASSERT(options.proof_size <= limits.proof_size_max);
}

void FakeBackend::submit(AggregateJob job,
                         JobControl control,
                         Completion<AggregateJob> completion) {
    const auto work =
        [options = options_, pause = pause_](
            const AggregateJob& todo,
            const Interrupt& interrupt) -> Result<SingleMessageAggregate, AggregationError> {
        // Merging aggregates that exist is counted by them, else the new signatures are the work.
        const std::size_t count =
            todo.raw_signatures.empty() ? todo.children.size() : todo.raw_signatures.size();
        if (const auto error =
                pass_time(count, options.rates.aggregated_signatures, pause, interrupt)) {
            return because(*error);
        }
        return aggregate(todo, options.proof_size);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void FakeBackend::submit(MergeJob job, JobControl control, Completion<MergeJob> completion) {
    const auto work =
        [options = options_, pause = pause_, components_max = capabilities_.components_max](
            const MergeJob& todo,
            const Interrupt& interrupt) -> Result<MultiMessageAggregate, AggregationError> {
        if (const auto error =
                pass_time(todo.parts.size(), options.rates.merged_components, pause, interrupt)) {
            return because(*error);
        }
        return merge(todo, components_max, options.proof_size);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void FakeBackend::submit(SplitJob job, JobControl control, Completion<SplitJob> completion) {
    const auto work = [proof_size = options_.proof_size](const SplitJob& todo, const Interrupt&) {
        return split(todo, proof_size);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void FakeBackend::submit(VerifySingleJob job,
                         JobControl control,
                         Completion<VerifySingleJob> completion) {
    const auto work = [rate = options_.rates.verified_signatures,
                       pause = pause_,
                       proof_size_max = capabilities_.proof_size_max](
                          const VerifySingleJob& todo,
                          const Interrupt& interrupt) -> Result<void, AggregationError> {
        const auto accepted = accept({&todo.claim, 1}, todo.proof, proof_size_max);
        if (!accepted) return accepted;
        if (const auto error = pass_time(todo.claim.public_keys.size(), rate, pause, interrupt)) {
            return because(*error);
        }
        return {};
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

void FakeBackend::submit(VerifyMultiJob job,
                         JobControl control,
                         Completion<VerifyMultiJob> completion) {
    const auto work = [proof_size_max = capabilities_.proof_size_max](const VerifyMultiJob& todo,
                                                                      const Interrupt&) {
        return accept(todo.claims, todo.aggregate.proof, proof_size_max);
    };
    runner_.run(std::move(job), std::move(control), std::move(completion), work);
}

}  // namespace lepton::fake_proofs
