// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Between what peers sent and what the blockchain believes: the only maker of Verified<T>. Takes
// messages, says what to compute next, and turns the results into verdicts for the P2P actor and
// verified messages for the blockchain actor. Computes no cryptography itself. A plain class;
// belongs to the verifier actor.
#pragma once

#include "actor/ref.hpp"
#include "aggregation/aggregation_error.hpp"
#include "base/clock.hpp"
#include "base/recent_set.hpp"
#include "network_api/messages.hpp"
#include "types/state.hpp"
#include "verifier/limits.hpp"
#include "verifier/verifier_metrics.hpp"
#include "verifier/work_queue.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace lepton::verifier {

/// Where verdicts and verified messages go.
struct Outlets {
    actor::Recipient<network_api::NewBlock> new_block;
    actor::Recipient<network_api::NewAttestation> new_attestation;
    actor::Recipient<network_api::NewAggregatedAttestation> new_aggregated_attestation;
    actor::Recipient<network_api::OwnMessageRefused> own_message_refused;
    actor::Recipient<network_api::GossipVerdictMessage> gossip_verdict;
    actor::Recipient<network_api::ReportPeer> report_peer;
};

class Verifier {
  public:
    /// Input: validators: the registry, fixed at genesis; jobs_max: pieces of work for peers'
    ///        messages that may be under way at once; metrics: outlives the verifier
    Verifier(std::shared_ptr<const Validators> validators,
             std::size_t jobs_max,
             Outlets outlets,
             VerifierMetrics& metrics);

    // ---- messages in; each leads to one verdict, sooner or later

    void receive(network_api::ReceivedBlock message);
    void receive(network_api::ReceivedAttestation message);
    void receive(network_api::ReceivedAggregatedAttestation message);
    void receive(network_api::OwnBlock message);
    void receive(network_api::OwnAttestation message);
    void receive(network_api::OwnAggregatedAttestation message);

    // ---- work out; each piece comes back by exactly one of finish, put_back and give_up

    /// Returns the work to start now; nothing when enough is under way or nothing waits, or only
    /// votes that wait for more of them.
    std::optional<Work> next_work();
    /// Whether votes wait for more of them, to be verified together: for kVoteGatherTime at most,
    /// which the caller measures.
    bool is_gathering() const { return queue_.is_gathering(); }
    /// The votes that wait are to be verified as they are.
    void end_gathering() { queue_.end_gathering(); }
    /// Takes the verdicts of a batch of votes.
    void finish(VoteBatch batch, Duration took);
    /// Takes the verdict on a proof. With `dropped` it was never looked at: it waits in front of
    /// the others, but not forever.
    void finish(ProofTask task, Result<void, aggregation::AggregationError> verdict, Duration took);
    /// There was no room to start it: it waits in front of the others.
    void put_back(Work work);
    /// Votes were taken up and will never be checked. (A proof that was given up comes to finish
    /// with the reason.)
    void give_up(VoteBatch batch);

    /// Tries again to hand over our own messages that the blockchain actor had no room for.
    /// Returns whether some are left.
    bool retry_own();

    /// Pieces of work under way.
    std::size_t under_way() const { return under_way_; }
    std::size_t waiting() const { return queue_.size(); }

  private:
    using VerifiedMessage = std::variant<network_api::NewBlock,
                                         network_api::NewAttestation,
                                         network_api::NewAggregatedAttestation>;

    template <class Task>
    void enqueue(Task task);
    void accept(BlockTask task);
    void accept(AggregateTask task);
    void accept(VoteTask task);
    void deliver(VerifiedMessage message, Kind kind, const Origin& origin);
    void keep(VerifiedMessage message, Kind kind);
    actor::SendResult send(VerifiedMessage& message);
    template <class Task>
    void reject(const Task& task, Rejection reason);
    void ignore(const Origin& origin,
                Kind kind,
                Ignored why,
                std::optional<Rejection> reason = std::nullopt);
    void judge(const Origin& origin, GossipVerdict verdict, std::optional<Rejection> reason);

    /// A vote of one validator, whatever its signature.
    struct VoteKey {
        Root data_root;
        ValidatorIndex validator_index;
        bool operator==(const VoteKey&) const = default;
    };
    struct VoteKeyHash {
        std::size_t operator()(const VoteKey& key) const;
    };

    std::shared_ptr<const Validators> validators_;
    std::size_t jobs_max_;
    Outlets outlets_;
    VerifierMetrics& metrics_;

    WorkQueue queue_;
    std::size_t under_way_ = 0;
    RecentSet<Digest> invalid_{kInvalidRemembered};
    RecentSet<VoteKey, VoteKeyHash> valid_votes_{kValidVotesRemembered};
    RecentSet<Digest> valid_aggregates_{kValidProofsRemembered};
    RecentSet<Root> valid_blocks_{kValidProofsRemembered};
    /// Our own messages that the blockchain actor had no room for; oldest first.
    std::deque<VerifiedMessage> undelivered_;
};

}  // namespace lepton::verifier
