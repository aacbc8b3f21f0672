// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The shell of the verifier: mailbox, CPU pool, proof system. Votes are verified in batches on the
// CPU pool, proofs by the aggregation backend; this actor only hands out work and takes results.
// Runs on the actor pool; may be restarted.
#pragma once

#include "actor/context.hpp"
#include "aggregation/backend.hpp"
#include "base/clock.hpp"
#include "verifier/verifier.hpp"

#include <cstddef>
#include <memory>

namespace lepton::verifier {

/// What a verifier is made of. The references outlive the actor and the work it started.
struct VerifierParts {
    /// The registry, fixed at genesis.
    std::shared_ptr<const Validators> validators;
    const crypto::SignatureScheme& scheme;
    aggregation::AggregationBackend& backend;
    const Clock& clock;
    VerifierMetrics& metrics;
    /// Pieces of work for peers' messages that may be under way: the threads of the CPU pool.
    std::size_t jobs_max = 1;
};

/// A backend's verdict on its way back. Only this folder sends it.
struct ProofChecked {
    std::shared_ptr<ProofTask> task;
    Result<void, aggregation::AggregationError> verdict;
    Duration took{};
    /// Names the incarnation that started the work.
    std::shared_ptr<const int> epoch;
};

class VerifierActor {
  public:
    using Ctx = actor::Context<VerifierActor>;
    struct Retry {};
    struct GatheringOver {};

    /// Peers' classes refuse when full: the P2P actor then ignores the message, with a verdict.
    /// Our own have classes that nobody else can fill, and go first.
    using accepts = actor::Accepts<
        actor::On<network_api::OwnBlock,
                  kOwnBlocksWaitingMax,
                  actor::Overflow::reject,
                  actor::Lane::urgent>,
        actor::On<network_api::OwnAttestation,
                  kValidatorRegistryLimit,
                  actor::Overflow::reject,
                  actor::Lane::urgent>,
        actor::On<network_api::OwnAggregatedAttestation,
                  kAggregatesWaitingMax,
                  actor::Overflow::reject,
                  actor::Lane::urgent>,
        // As many as the jobs there can be; a lost one would stop its place for good.
        actor::On<ProofChecked, kProofJobsMax, actor::Overflow::fatal, actor::Lane::urgent>,
        actor::On<network_api::ReceivedBlock,
                  kBlocksWaitingMax,
                  actor::Overflow::reject,
                  actor::Lane::normal,
                  kBlockBytesWaitingMax>,
        actor::On<network_api::ReceivedAggregatedAttestation, kAggregatesWaitingMax>,
        actor::On<network_api::ReceivedAttestation, kVotesWaitingMax>>;

    VerifierActor(VerifierParts parts, Outlets outlets);

    void handle(network_api::OwnBlock message, Ctx& context);
    void handle(network_api::OwnAttestation message, Ctx& context);
    void handle(network_api::OwnAggregatedAttestation message, Ctx& context);
    void handle(network_api::ReceivedBlock message, Ctx& context);
    void handle(network_api::ReceivedAggregatedAttestation message, Ctx& context);
    void handle(network_api::ReceivedAttestation message, Ctx& context);
    void handle(ProofChecked checked, Ctx& context);
    void handle(Retry, Ctx& context);
    void handle(GatheringOver, Ctx& context);

  private:
    /// Starts what can be started.
    void pump(Ctx& context);
    void start(VoteBatch batch, Ctx& context);
    void start(ProofWork work, Ctx& context);

    VerifierParts parts_;
    Verifier verifier_;
    /// A GatheringOver is on its way.
    bool is_gathering_ = false;
    std::shared_ptr<const int> epoch_ = std::make_shared<const int>();
};

}  // namespace lepton::verifier
