// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/verifier.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace lepton::verifier {
namespace {

using network_api::PublishKind;

constexpr PublishKind publish_kind(Kind kind) {
    switch (kind) {
        case Kind::block:
            return PublishKind::block;
        case Kind::aggregate:
            return PublishKind::aggregated_attestation;
        case Kind::vote:
            break;
    }
    return PublishKind::attestation;
}

constexpr Ignored ignored(Shed shed) {
    return shed == Shed::over_budget ? Ignored::over_budget : Ignored::queue_full;
}

Slot slot_of(const SignedBlock& block) {
    return block.block.slot;
}
template <class Vote>
Slot slot_of(const Vote& vote) {
    return vote.data.slot;
}

}  // namespace

std::size_t Verifier::VoteKeyHash::operator()(const VoteKey& key) const {
    return std::hash<Root>{}(key.data_root) ^
           (key.validator_index.value * std::size_t{0x9e3779b97f4a7c15});
}

Verifier::Verifier(std::shared_ptr<const Validators> validators,
                   std::size_t jobs_max,
                   Outlets outlets,
                   VerifierMetrics& metrics)
    : validators_(std::move(validators)),
      jobs_max_(jobs_max),
      outlets_(std::move(outlets)),
      metrics_(metrics) {
    LEPTON_ASSERT(validators_ != nullptr && jobs_max_ > 0);
}

// ---- in

void Verifier::receive(network_api::ReceivedBlock message) {
    LEPTON_ASSERT(!message.peer.empty(), "only our own messages come without a peer");
    const bool is_answer = message.source == network_api::BlockSource::sync;
    Origin origin{std::move(message.peer), message.gossip_id, false, is_answer};
    // An answer to our own request is wanted even if the block was seen: it may have been dropped
    // after that.
    if (!is_answer && valid_blocks_.contains(message.root)) {
        ignore(origin, Kind::block, Ignored::duplicate);
        return;
    }
    const Digest digest = digest_of(message.block, message.root);
    enqueue(BlockTask{
        std::move(message.block), message.root, std::move(origin), digest, message.source});
}

void Verifier::receive(network_api::ReceivedAttestation message) {
    LEPTON_ASSERT(!message.peer.empty(), "only our own messages come without a peer");
    Origin origin{std::move(message.peer), message.gossip_id};
    if (valid_votes_.contains({message.data_root, message.attestation.validator_index})) {
        ignore(origin, Kind::vote, Ignored::duplicate);
        return;
    }
    const Digest digest = digest_of(message.attestation, message.data_root);
    enqueue(VoteTask{std::move(message.attestation), message.data_root, std::move(origin), digest});
}

void Verifier::receive(network_api::ReceivedAggregatedAttestation message) {
    LEPTON_ASSERT(!message.peer.empty(), "only our own messages come without a peer");
    Origin origin{std::move(message.peer), message.gossip_id};
    const Digest digest = digest_of(message.attestation, message.data_root);
    if (valid_aggregates_.contains(digest)) {
        ignore(origin, Kind::aggregate, Ignored::duplicate);
        return;
    }
    enqueue(AggregateTask{
        std::move(message.attestation), message.data_root, std::move(origin), digest});
}

void Verifier::receive(network_api::OwnBlock message) {
    const Digest digest = digest_of(message.block, message.root);
    enqueue(BlockTask{std::move(message.block),
                      message.root,
                      {.is_own = true},
                      digest,
                      network_api::BlockSource::own});
}

void Verifier::receive(network_api::OwnAttestation message) {
    const Digest digest = digest_of(message.attestation, message.data_root);
    enqueue(VoteTask{std::move(message.attestation), message.data_root, {.is_own = true}, digest});
}

void Verifier::receive(network_api::OwnAggregatedAttestation message) {
    const Digest digest = digest_of(message.attestation, message.data_root);
    enqueue(
        AggregateTask{std::move(message.attestation), message.data_root, {.is_own = true}, digest});
}

template <class Task>
void Verifier::enqueue(Task task) {
    if (invalid_.contains(task.digest)) {
        metrics_.known_invalid.Increment();
        reject(task, wrong_proof(Task::kKind));
        return;
    }
    if constexpr (std::same_as<Task, VoteTask>) {
        if (task.message.validator_index.value >= validators_->size()) {
            reject(task, Rejection::VALIDATOR_NOT_IN_STATE);
            return;
        }
    }
    if (const auto refused = queue_.push(std::move(task))) {
        ignore(refused->task.origin, Task::kKind, ignored(refused->why));
    }
    metrics_.waiting.Set(static_cast<double>(queue_.size()));
}

// ---- work

std::optional<Work> Verifier::next_work() {
    while (under_way_ < jobs_max_ + kJobsReservedForOwn) {
        auto tasks = queue_.take(/*own_only=*/under_way_ >= jobs_max_);
        if (!tasks) return std::nullopt;
        metrics_.waiting.Set(static_cast<double>(queue_.size()));
        if (auto* batch = std::get_if<VoteBatch>(&*tasks)) {
            ++under_way_;
            return std::move(*batch);
        }
        auto& task = std::get<ProofTask>(*tasks);
        auto claims = claims_of(task, *validators_);
        if (claims) {
            ++under_way_;
            return ProofWork{std::move(task), std::move(*claims)};
        }
        std::visit(
            [&](auto& of) {
                queue_.done(of.origin, of.kKind);
                reject(of, claims.error());
            },
            task);
    }
    return std::nullopt;
}

void Verifier::finish(VoteBatch batch, Duration took) {
    LEPTON_ASSERT(batch.tasks.size() == batch.verdicts.size() && under_way_ > 0);
    --under_way_;
    metrics_.vote_seconds.Observe(std::chrono::duration<double>(took).count());
    metrics_.vote_batch_size.Observe(static_cast<double>(batch.tasks.size()));
    for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
        VoteTask& task = batch.tasks[i];
        queue_.done(task.origin, Kind::vote);
        if (batch.verdicts[i]) {
            metrics_.votes_valid.Increment();
            accept(std::move(task));
        } else {
            metrics_.votes_invalid.Increment();
            invalid_.insert(task.digest);
            reject(task, wrong_proof(Kind::vote));
        }
    }
}

void Verifier::finish(ProofTask task,
                      Result<void, aggregation::AggregationError> verdict,
                      Duration took) {
    LEPTON_ASSERT(under_way_ > 0);
    --under_way_;
    if (!verdict && verdict.error() == aggregation::AggregationError::dropped) {
        const unsigned refusals = std::visit([](auto& of) { return ++of.refusals; }, task);
        if (refusals <= kProofRefusalsMax) return queue_.put_back(std::move(task));
    }
    std::visit(
        [&]<class Task>(Task& of) {
            constexpr bool kIsBlock = Task::kKind == Kind::block;
            const double seconds = std::chrono::duration<double>(took).count();
            (kIsBlock ? metrics_.block_seconds : metrics_.aggregate_seconds).Observe(seconds);
            queue_.done(of.origin, Task::kKind);
            if (verdict) {
                (kIsBlock ? metrics_.blocks_valid : metrics_.aggregates_valid).Increment();
                accept(std::move(of));
                return;
            }
            switch (aggregation::fault_of(verdict.error())) {
                case aggregation::Fault::proof:
                    (kIsBlock ? metrics_.blocks_invalid : metrics_.aggregates_invalid).Increment();
                    invalid_.insert(of.digest);
                    reject(of, wrong_proof(Task::kKind));
                    break;
                case aggregation::Fault::foreign:
                    if (of.origin.is_own) {
                        reject(of, Rejection::FOREIGN_PROOF);
                    } else {
                        ignore(of.origin,
                               Task::kKind,
                               Ignored::foreign_proof,
                               Rejection::FOREIGN_PROOF);
                    }
                    break;
                case aggregation::Fault::request:
                    ignore(of.origin, Task::kKind, Ignored::not_checked);
                    break;
            }
        },
        task);
}

void Verifier::put_back(Work work) {
    LEPTON_ASSERT(under_way_ > 0);
    --under_way_;
    if (auto* batch = std::get_if<VoteBatch>(&work)) {
        queue_.put_back(std::move(*batch));
    } else {
        queue_.put_back(std::move(std::get<ProofWork>(work).task));
    }
}

void Verifier::give_up(VoteBatch batch) {
    LEPTON_ASSERT(under_way_ > 0);
    --under_way_;
    for (const VoteTask& task : batch.tasks) {
        queue_.done(task.origin, Kind::vote);
        ignore(task.origin, Kind::vote, Ignored::not_checked);
    }
}

// ---- out

void Verifier::accept(BlockTask task) {
    valid_blocks_.insert(task.root);
    deliver(network_api::NewBlock{network_api::VerifiedBlock(std::move(task.message), task.root),
                                  task.origin.peer,
                                  task.source},
            Kind::block,
            task.origin);
}

void Verifier::accept(AggregateTask task) {
    valid_aggregates_.insert(task.digest);
    deliver(network_api::NewAggregatedAttestation{network_api::VerifiedAggregatedAttestation(
                                                      std::move(task.message), task.root),
                                                  task.origin.peer},
            Kind::aggregate,
            task.origin);
}

void Verifier::accept(VoteTask task) {
    valid_votes_.insert({task.root, task.message.validator_index});
    deliver(
        network_api::NewAttestation{
            network_api::VerifiedAttestation(std::move(task.message), task.root), task.origin.peer},
        Kind::vote,
        task.origin);
}

actor::SendResult Verifier::send(VerifiedMessage& message) {
    return std::visit(
        [&]<class M>(M& of) {
            if constexpr (std::same_as<M, network_api::NewBlock>) {
                return outlets_.new_block.send(std::move(of));
            } else if constexpr (std::same_as<M, network_api::NewAttestation>) {
                return outlets_.new_attestation.send(std::move(of));
            } else {
                return outlets_.new_aggregated_attestation.send(std::move(of));
            }
        },
        message);
}

void Verifier::deliver(VerifiedMessage message, Kind kind, const Origin& origin) {
    // Our own messages keep their order: nothing overtakes one that waits.
    if (origin.is_own && !undelivered_.empty()) {
        keep(std::move(message), kind);
        return;
    }
    if (send(message)) {
        judge(origin, GossipVerdict::accept, std::nullopt);
    } else if (origin.is_own) {
        keep(std::move(message), kind);
    } else {
        ignore(origin, kind, Ignored::blockchain_full);
    }
}

void Verifier::keep(VerifiedMessage message, Kind kind) {
    undelivered_.push_back(std::move(message));
    if (undelivered_.size() <= kOwnUndeliveredMax) return;
    undelivered_.pop_front();
    ignore({.is_own = true}, kind, Ignored::blockchain_full);
}

bool Verifier::retry_own() {
    while (!undelivered_.empty() && send(undelivered_.front())) undelivered_.pop_front();
    return !undelivered_.empty();
}

template <class Task>
void Verifier::reject(const Task& task, Rejection reason) {
    const Origin& origin = task.origin;
    if (origin.is_own) {
        metrics_.own_refused.Increment();
        log::error("own_message_refused kind={} slot={} root={} reason={}",
                   to_string(Task::kKind),
                   slot_of(task.message),
                   task.root,
                   to_string(reason));
        outlets_.own_message_refused.send_or_count(
            {publish_kind(Task::kKind), slot_of(task.message), task.root, reason});
        return;
    }
    log::debug("message_rejected kind={} slot={} root={} peer={} reason={}",
               to_string(Task::kKind),
               slot_of(task.message),
               task.root,
               origin.peer,
               to_string(reason));
    if (origin.gossip_id) {
        judge(origin, rejection_row(reason).verdict, reason);
    } else {
        outlets_.report_peer.send_or_count({origin.peer, reason, task.root});
    }
}

void Verifier::ignore(const Origin& origin,
                      Kind kind,
                      Ignored why,
                      std::optional<Rejection> reason) {
    metrics_.ignored(kind, why).Increment();
    if (origin.is_own) {
        log::error("own_message_lost kind={} reason={}", to_string(kind), to_string(why));
    }
    judge(origin, GossipVerdict::ignore, reason);
}

void Verifier::judge(const Origin& origin, GossipVerdict verdict, std::optional<Rejection> reason) {
    if (!origin.gossip_id) return;
    outlets_.gossip_verdict.send_or_count({*origin.gossip_id, origin.peer, verdict, reason});
}

}  // namespace lepton::verifier
