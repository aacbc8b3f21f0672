// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/tasks.hpp"

#include "base/assert.hpp"
#include "base/fault.hpp"
#include "consensus/verify_signatures.hpp"
#include "crypto/sha256.hpp"
#include "types/ssz.hpp"

#include <array>
#include <utility>

namespace lepton::verifier {
namespace {

// The kind and the signed root in front keep digests of different messages apart.
crypto::Sha256 begin(Kind kind, const Root& root) {
    crypto::Sha256 hash;
    hash.update(std::array{static_cast<std::uint8_t>(kind)});
    hash.update(root.bytes);
    return hash;
}

using Claims = Result<std::vector<aggregation::Claim>, Rejection>;

Claims claims_of(const BlockTask& task, const Validators& validators) {
    auto components = consensus::proof_components(task.message.block, task.root, validators);
    if (!components) return std::unexpected(components.error());
    std::vector<aggregation::Claim> claims;
    for (auto& [public_keys, message, slot] : *components) {
        claims.push_back({std::move(public_keys), message, slot});
    }
    return claims;
}

Claims claims_of(const AggregateTask& task, const Validators& validators) {
    const std::vector<std::size_t> participants = task.message.proof.participants.ones();
    if (participants.empty()) return std::unexpected(Rejection::EMPTY_AGGREGATION_BITS);
    if (participants.back() >= validators.size()) {
        return std::unexpected(Rejection::VALIDATOR_NOT_IN_STATE);
    }
    aggregation::Claim claim{{}, task.root, task.message.data.slot};
    for (const std::size_t participant : participants) {
        claim.public_keys.push_back(validators[participant].attestation_public_key);
    }
    return std::vector{std::move(claim)};
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::block:
            return "block";
        case Kind::aggregate:
            return "aggregate";
        case Kind::vote:
            return "vote";
    }
    LEPTON_ASSERT(false);
}

std::size_t bytes_of(const BlockTask& task) {
    return ssz::Codec<SignedBlock>::encoded_size(task.message);
}

Digest digest_of(const SignedBlock& block, const Root& root) {
    crypto::Sha256 hash = begin(Kind::block, root);
    hash.update(block.proof.proof);
    return Digest{hash.finish()};
}

Digest digest_of(const SignedAggregatedAttestation& aggregate, const Root& data_root) {
    crypto::Sha256 hash = begin(Kind::aggregate, data_root);
    hash.update(ssz::encode(aggregate.proof));
    return Digest{hash.finish()};
}

Digest digest_of(const SignedAttestation& vote, const Root& data_root) {
    crypto::Sha256 hash = begin(Kind::vote, data_root);
    hash.update(ssz::encode(vote.validator_index));
    hash.update(vote.signature.bytes);
    return Digest{hash.finish()};
}

Claims claims_of(const ProofTask& task, const Validators& validators) {
    return std::visit([&](const auto& of) { return claims_of(of, validators); }, task);
}

void verify(VoteBatch& batch, const crypto::SignatureScheme& scheme, const Validators& validators) {
    std::vector<crypto::VerifyJob> jobs;
    jobs.reserve(batch.tasks.size());
    for (const VoteTask& task : batch.tasks) {
        const auto index = static_cast<std::size_t>(task.message.validator_index.value);
        LEPTON_ASSERT(index < validators.size());
        jobs.push_back({.public_key = validators[index].attestation_public_key.bytes(),
                        .slot = task.message.data.slot.value,
                        .message = task.root.bytes,
                        .signature = task.message.signature.bytes});
    }
    static_cast<void>(LEPTON_FAULT("job.votes"));
    batch.verdicts.assign(jobs.size(), std::unexpected(crypto::SignatureError::not_checked));
    scheme.verify_batch(jobs, batch.verdicts);
}

}  // namespace lepton::verifier
