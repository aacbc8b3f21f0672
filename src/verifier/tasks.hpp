// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Messages on their way through the verifier. Values that move between the verifier and the
// threads that compute.
#pragma once

#include "aggregation/backend.hpp"
#include "crypto/signature_scheme.hpp"
#include "network_api/messages.hpp"
#include "types/state.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace lepton::verifier {

enum class Kind : std::uint8_t { block, aggregate, vote };
inline constexpr std::size_t kKindCount = 3;
std::string_view to_string(Kind kind);
/// Returns what a wrong proof or signature of `kind` is called.
constexpr Rejection wrong_proof(Kind kind) {
    return kind == Kind::block ? Rejection::INVALID_BLOCK_PROOF : Rejection::INVALID_SIGNATURE;
}

/// Where a message came from.
struct Origin {
    network_api::PeerName peer{};
    network_api::GossipId gossip_id{};
    bool is_own = false;
    /// A block that this node asked for: it is not held against its peer's budget.
    bool is_answer = false;
};

/// SHA-256 over everything that was signed and the signatures: names the exact bytes.
using Digest = Root;

struct VoteTask {
    static constexpr Kind kKind = Kind::vote;
    SignedAttestation message;
    Root root;
    Origin origin;
    Digest digest;
};

struct AggregateTask {
    static constexpr Kind kKind = Kind::aggregate;
    SignedAggregatedAttestation message;
    Root root;
    Origin origin;
    Digest digest;
    /// How often the backend had no room for it.
    unsigned refusals = 0;
};

struct BlockTask {
    static constexpr Kind kKind = Kind::block;
    SignedBlock message;
    Root root;
    Origin origin;
    Digest digest;
    network_api::BlockSource source = network_api::BlockSource::gossip;
    /// How often the backend had no room for it.
    unsigned refusals = 0;
};

/// One proof to check.
using ProofTask = std::variant<BlockTask, AggregateTask>;
/// A proof with the statements that it must prove.
struct ProofWork {
    ProofTask task;
    std::vector<aggregation::Claim> claims;
};
/// Votes to check together; `verdicts` has one per task once they are checked.
struct VoteBatch {
    std::vector<VoteTask> tasks;
    std::vector<crypto::VerifyVerdict> verdicts;
};
using Work = std::variant<ProofWork, VoteBatch>;

/// Returns the bytes a task holds.
std::size_t bytes_of(const BlockTask& task);

/// Return the digest of a task's message.
/// Cost: one hash over the proof
Digest digest_of(const SignedBlock& block, const Root& root);
Digest digest_of(const SignedAggregatedAttestation& aggregate, const Root& data_root);
Digest digest_of(const SignedAttestation& vote, const Root& data_root);

/// Returns the statements that the proof of `task` must prove.
/// Errors: those of consensus::proof_components for a block; EMPTY_AGGREGATION_BITS,
///         VALIDATOR_NOT_IN_STATE for an aggregate
/// Cost:   copies the keys of all participants
Result<std::vector<aggregation::Claim>, Rejection> claims_of(const ProofTask& task,
                                                             const Validators& validators);

/// Verifies every signature of `batch` and writes the verdicts.
/// Input: validators: has every validator of the batch
/// Cost:  one call of verify_batch
void verify(VoteBatch& batch, const crypto::SignatureScheme& scheme, const Validators& validators);

}  // namespace lepton::verifier
