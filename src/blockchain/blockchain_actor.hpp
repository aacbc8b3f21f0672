// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The shell of the blockchain: mailbox, timers, asks, jobs. Runs on a thread of its own; never
// restarted, because a half-updated fork choice is worse than a restarted process.
#pragma once

#include "actor/context.hpp"
#include "actor/scheduler.hpp"
#include "aggregation/backend.hpp"
#include "blockchain/blockchain.hpp"
#include "blockchain/key_room.hpp"
#include "blockchain/limits.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace lepton::blockchain {

/// What a blockchain actor is made of. The references outlive the actor and the jobs it started.
struct BlockchainParts {
    BlockchainOptions options;
    /// As resume_chain or begin_chain returned it for `storage`.
    consensus::Store store;
    storage::Storage& storage;
    aggregation::AggregationBackend& backend;
    /// Null for a node without validators; options.own_validators are those of it.
    std::shared_ptr<KeyRoom> keys;
    /// For the preparation of keys, minutes of one thread each: not the pool that verifies blocks.
    actor::Offload& background;
    const Clock& clock;
    BlockchainMetrics& metrics;
    network_api::ChainViewSnapshot& view;
    /// Told, once, that disk or journal failed, before the actor ends with that failure: the place
    /// to choose the process's exit code.
    std::function<void(const IoError&)> environment_failed;
};

/// Where messages of the blockchain go.
struct Neighbours {
    // verifier
    actor::Recipient<network_api::OwnBlock> own_block;
    actor::Recipient<network_api::OwnAttestation> own_attestation;
    actor::Recipient<network_api::OwnAggregatedAttestation> own_aggregated_attestation;
    // P2P
    actor::Recipient<network_api::PublishBlock> publish_block;
    actor::Recipient<network_api::PublishAttestation> publish_attestation;
    actor::Recipient<network_api::PublishAggregatedAttestation> publish_aggregated_attestation;
    actor::Recipient<network_api::FetchBlock> fetch_block;
    actor::Recipient<network_api::ReportPeer> report_peer;
};

/// Results of jobs on their way back. Only this folder sends them.
struct AggregateMade {
    JobId id = 0;
    Result<SingleMessageAggregate, aggregation::AggregationError> result;
};
struct BlockProofMade {
    JobId id = 0;
    Result<MultiMessageAggregate, aggregation::AggregationError> result;
};
struct WindowBuilt {
    const crypto::Signer* key = nullptr;
    KeyRoom::Window window;
};

class BlockchainActor {
  public:
    using Ctx = actor::Context<BlockchainActor>;
    struct TickDue {};
    struct WorkDue {};
    struct SignAgain {
        SignJob job;
        unsigned attempt = 0;
    };

    /// What the verifier sends is refused when full: it keeps our own messages and sheds others'.
    using accepts = actor::Accepts<
        actor::On<network_api::NewBlock,
                  kNewBlocksMax,
                  actor::Overflow::reject,
                  actor::Lane::normal,
                  kNewBlockBytesMax>,
        actor::On<network_api::NewAttestation, kNewVotesMax>,
        actor::On<network_api::NewAggregatedAttestation, kNewAggregatesMax>,
        actor::On<network_api::OwnMessageRefused,
                  kValidatorRegistryLimit,
                  actor::Overflow::drop_oldest>,
        actor::On<network_api::SetAggregator, 8, actor::Overflow::reject, actor::Lane::urgent>,
        // Results of our own jobs: bounded by how many there can be.
        actor::On<AggregateMade, kProofResultsMax, actor::Overflow::fatal, actor::Lane::urgent>,
        actor::On<BlockProofMade, kProofResultsMax, actor::Overflow::fatal, actor::Lane::urgent>,
        actor::On<WindowBuilt, 1, actor::Overflow::fatal, actor::Lane::urgent>>;

    BlockchainActor(BlockchainParts parts, Neighbours neighbours);

    void started(Ctx& context);

    void handle(network_api::NewBlock message, Ctx& context);
    void handle(network_api::NewAttestation message, Ctx& context);
    void handle(network_api::NewAggregatedAttestation message, Ctx& context);
    void handle(network_api::OwnMessageRefused message, Ctx& context);
    network_api::AggregatorRole handle(network_api::SetAggregator message, Ctx& context);
    void handle(AggregateMade made, Ctx& context);
    void handle(BlockProofMade made, Ctx& context);
    void handle(WindowBuilt built, Ctx& context);
    void handle(TickDue, Ctx& context);
    void handle(WorkDue, Ctx& context);
    void handle(SignAgain again, Ctx& context);

  private:
    /// What every handler ends with: carries out effects, ends the actor after a failure, goes on
    /// with work that is left.
    void settle(Ctx& context);

    void perform(network_api::OwnBlock message, Ctx& context);
    void perform(network_api::OwnAttestation message, Ctx& context);
    void perform(network_api::OwnAggregatedAttestation message, Ctx& context);
    void perform(network_api::PublishBlock message, Ctx& context);
    void perform(network_api::PublishAttestation message, Ctx& context);
    void perform(network_api::PublishAggregatedAttestation message, Ctx& context);
    void perform(network_api::FetchBlock message, Ctx& context);
    void perform(network_api::ReportPeer message, Ctx& context);
    void perform(SignJob job, Ctx& context);
    void perform(AggregateJob job, Ctx& context);
    void perform(MergeJob job, Ctx& context);

    template <class M>
    void deliver_own(const actor::Recipient<M>& to, M message, Duty duty);
    template <class M>
    void publish(const actor::Recipient<M>& to,
                 M message,
                 network_api::PublishKind kind,
                 Slot slot,
                 const Root& root,
                 Ctx& context);
    void sign(SignJob job, unsigned attempt, Ctx& context);
    void signed_results(JobId id, SignResults results, Ctx& context);
    void prepare_keys(Ctx& context);
    void install_window();

    BlockchainParts parts_;
    Neighbours neighbours_;
    Blockchain blockchain_;
    bool is_signing_ = false;
    bool is_building_window_ = false;
    Time window_begun_{};
    bool is_work_due_ = false;
    /// Built while a signing job was under way.
    std::optional<WindowBuilt> built_window_;
};

}  // namespace lepton::blockchain
