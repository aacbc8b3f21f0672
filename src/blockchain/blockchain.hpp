// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The chain of this node, and the duties of its validators: the only writer of consensus state.
// Messages, time and results of jobs come in as calls; what is to be done by others goes out as
// effects. A plain single-threaded class, so that it can be tested without actors; in the node it
// belongs to the blockchain actor.
//
// By subject: blockchain.cpp time and the calls from outside; import_block.cpp blocks; votes.cpp
// votes; propose.cpp, attest.cpp, aggregate.cpp the duties; publish_view.cpp what others may see.
#pragma once

#include "aggregation/backend.hpp"
#include "base/clock.hpp"
#include "base/recent_set.hpp"
#include "blockchain/block_requests.hpp"
#include "blockchain/blockchain_metrics.hpp"
#include "blockchain/coverage.hpp"
#include "blockchain/effects.hpp"
#include "blockchain/pending_blocks.hpp"
#include "blockchain/pending_votes.hpp"
#include "blockchain/state_cache.hpp"
#include "blockchain/sync_gate.hpp"
#include "blockchain/tick_schedule.hpp"
#include "consensus/block_production.hpp"
#include "consensus/store.hpp"
#include "network_api/chain_view.hpp"
#include "storage/storage.hpp"
#include "types/network_profile.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace lepton::blockchain {

struct BlockchainOptions {
    NetworkProfile profile;
    /// This node's validators, ascending; empty: it only follows.
    std::vector<ValidatorIndex> own_validators;
    bool is_aggregator = false;
    /// False: duties are done however far behind the node is.
    bool is_sync_gate_enabled = true;
    /// Distinct votes in a block of this node; kMaxAttestationsData at most.
    std::size_t attestations_per_block_max = consensus::kProducedAttestationsDefault;
    /// Subnets of votes; only for what is reported about them.
    std::uint64_t attestation_committee_count = 1;
};

class Blockchain {
  public:
    /// Input: store: as open_chain returned it for `storage`; backend: asked for its capabilities
    ///        only; view: receives every change. The references outlive the object.
    Blockchain(BlockchainOptions options,
               consensus::Store store,
               storage::Storage& storage,
               const aggregation::AggregationBackend& backend,
               const Clock& clock,
               BlockchainMetrics& metrics,
               network_api::ChainViewSnapshot& view);

    // ---- time

    /// Does what is due at the wall time that the clock shows. Calling it too often does nothing.
    void tick();
    /// Returns how long to wait before the next call of tick().
    Duration wait() const { return schedule_.wait(clock_.unix_ms()); }

    // ---- verified messages

    void receive(network_api::NewBlock message);
    void receive(network_api::NewAttestation message);
    void receive(network_api::NewAggregatedAttestation message);
    void receive(const network_api::OwnMessageRefused& message);
    network_api::AggregatorRole set_aggregator(bool enabled);

    // ---- what became of effects

    /// The ask for a block was answered.
    void fetched(const Root& root, network_api::FetchStatus status);
    /// A publish command had this outcome; nothing: the outcome was lost.
    void published(network_api::PublishKind kind,
                   Slot slot,
                   const Root& root,
                   const std::optional<network_api::PublishOutcome>& outcome);
    /// Input: results: one per request of the job
    void on_signed(JobId id, SignResults results);
    void on_aggregated(JobId id,
                       Result<SingleMessageAggregate, aggregation::AggregationError> result);
    void on_merged(JobId id, Result<MultiMessageAggregate, aggregation::AggregationError> result);

    // ---- work that is done in small steps, so that ticks stay punctual

    /// Returns whether blocks wait whose parent was imported.
    bool has_work() const { return !ready_parents_.empty(); }
    /// Imports one of them.
    void work();

    /// Returns what is to be done by others since the last call, in order.
    std::vector<Effect> take_effects();

    /// Returns why this node cannot go on, if so: a consensus write or the signing journal failed.
    /// Every call after that does nothing.
    const std::optional<IoError>& failure() const { return failure_; }

  private:
    // ---- blockchain.cpp
    void process(const Tick& tick);
    void expire(const Tick& tick);
    /// What every call ends with: writes changed checkpoints, prunes, asks for blocks, publishes.
    void settle();
    void persist_checkpoints();
    void prune();
    Slot current_slot() const { return consensus::slot_of(store_.time); }
    void fail(IoError error);
    /// Returns the monotonic time at which `interval` ends.
    Time end_of(Interval interval) const;
    Time end_of_slot(Slot slot) const {
        return end_of(consensus::interval_from_slot(slot + 1) - 1);
    }
    template <class E>
    void emit(E effect) {
        effects_.emplace_back(std::move(effect));
    }

    // ---- import_block.cpp
    void import_block(network_api::NewBlock message);
    void park(network_api::NewBlock message);
    void drop(const network_api::NewBlock& message, BlockDropped reason);
    void reject(const network_api::NewBlock& message, Rejection reason);
    void discard_descendants(const Root& root);
    void request_blocks();

    // ---- votes.cpp
    void take_vote(network_api::NewAttestation message);
    void take_vote(network_api::NewAggregatedAttestation message);
    void take_vote(PendingVotes::Vote vote);
    template <class Message>
    void refuse_vote(Message message, Rejection reason);

    // ---- propose.cpp
    struct Proposal {
        /// A vote that the block will carry, and its one proof.
        struct Part {
            consensus::SelectedAttestation selected;
            std::optional<SingleMessageAggregate> proof;
            /// The job that makes it of several.
            JobId job = 0;
        };
        Slot slot;
        ValidatorIndex proposer;
        Time begun;
        std::shared_ptr<const State> parent_state;
        Root parent_state_root;
        std::vector<Part> parts;
        /// Fixed once all parts have their proof; until then the root is zero.
        Block block;
        Root root;
        /// The job it waits for; 0 while it waits for its parts, or for the verifier.
        JobId job = 0;
    };
    void begin_proposal(Slot slot, ValidatorIndex proposer);
    void assemble_if_ready();
    void on_proposal_signed(const Result<Signature, validator::SignFailure>& result);
    /// Takes a proof if the proposal waits for it; returns whether it did.
    bool on_proposal_proof(JobId id,
                           Result<SingleMessageAggregate, aggregation::AggregationError>& result);
    void merge_proofs(
        Result<SingleMessageAggregate, aggregation::AggregationError>& proposer_proof);
    void on_proposal_imported(network_api::NewBlock message);
    void abandon_proposal(DutyMissed reason, std::string_view what);
    PublicKey proposer_key() const;

    // ---- attest.cpp
    struct AttestationDuty {
        AttestationData data;
        Root data_root;
        Time begun;
    };
    struct ProposalDuty {
        Slot slot;
    };
    struct Signing {
        SignJob job;
        std::variant<AttestationDuty, ProposalDuty> duty;
        Time begun;
    };
    void attest(Slot slot, const std::vector<ValidatorIndex>& attesters);
    void enqueue_signing(Signing signing);
    void start_signing();
    void on_votes_signed(const AttestationDuty& duty, const SignJob& job, SignResults results);
    void count_sign_failure(Duty duty, ValidatorIndex index, const validator::SignFailure& failure);

    // ---- aggregate.cpp
    struct Aggregation {
        AttestationData data;
        Root data_root;
        std::size_t participants;
        Time begun;
        Slot slot;
    };
    void aggregate(const Tick& tick);
    aggregation::AggregateJob to_job(const AttestationData& data,
                                     const Root& data_root,
                                     std::vector<SingleMessageAggregate> children) const;
    std::vector<PublicKey> public_keys(const ssz::Bits& participants) const;

    // ---- publish_view.cpp
    struct Position {
        Checkpoint head;
        Checkpoint justified;
        Checkpoint finalized;
    };
    Position position() const;
    /// Logs and counts what changed since `before`.
    void note_changes(const Position& before);
    void publish_view();
    void set_gauges();

    BlockchainOptions options_;
    consensus::Store store_;
    storage::Storage& storage_;
    const aggregation::AggregationBackend& backend_;
    const Clock& clock_;
    BlockchainMetrics& metrics_;
    network_api::ChainViewSnapshot& view_;

    TickSchedule schedule_;
    SyncGate gate_;
    AttestationCoverage coverage_;
    StateCache states_;
    PendingBlocks pending_;
    BlockRequests requests_;
    PendingVotes pending_votes_;
    RecentSet<Root> rejected_{kRejectedBlocksRemembered};
    /// Imported blocks for which others wait; the first one is being worked on.
    std::deque<Root> ready_parents_;

    /// As last written; at first nothing, since the head may be another than the stored one.
    storage::Checkpoints persisted_;
    bool is_storage_pruned_ = true;
    std::optional<Time> last_tick_;
    UnixMs last_tick_unix_ms_ = 0;

    // Duties. That each is done once per slot follows from the schedule: no phase is due twice.
    std::optional<Proposal> proposal_;
    /// The first one is under way if is_signing_.
    std::deque<Signing> signing_;
    bool is_signing_ = false;
    std::map<JobId, Aggregation> aggregations_;
    JobId last_job_ = 0;

    /// The nodes of the view must be made anew.
    bool are_nodes_stale_ = true;
    bool is_view_stale_ = true;
    std::vector<Effect> effects_;
    std::optional<IoError> failure_;
};

}  // namespace lepton::blockchain
