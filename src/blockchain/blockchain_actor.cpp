// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/blockchain_actor.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <utility>

namespace lepton::blockchain {

using network_api::PublishKind;

BlockchainActor::BlockchainActor(BlockchainParts parts, Neighbours neighbours)
    : parts_(std::move(parts)),
      neighbours_(std::move(neighbours)),
      blockchain_(parts_.options,
                  std::move(parts_.store),
                  parts_.storage,
                  parts_.backend,
                  parts_.clock,
                  parts_.metrics,
                  parts_.view) {
    LEPTON_ASSERT(parts_.options.own_validators.empty() || parts_.keys != nullptr);
}

void BlockchainActor::started(Ctx& context) {
    handle(TickDue{}, context);
}

// ---- in

void BlockchainActor::handle(network_api::NewBlock message, Ctx& context) {
    blockchain_.receive(std::move(message));
    settle(context);
}

void BlockchainActor::handle(network_api::NewAttestation message, Ctx& context) {
    blockchain_.receive(std::move(message));
    settle(context);
}

void BlockchainActor::handle(network_api::NewAggregatedAttestation message, Ctx& context) {
    blockchain_.receive(std::move(message));
    settle(context);
}

void BlockchainActor::handle(network_api::OwnMessageRefused message, Ctx& context) {
    blockchain_.receive(message);
    settle(context);
}

network_api::AggregatorRole BlockchainActor::handle(network_api::SetAggregator message,
                                                    Ctx& context) {
    const network_api::AggregatorRole role = blockchain_.set_aggregator(message.enabled);
    settle(context);
    return role;
}

void BlockchainActor::handle(AggregateMade made, Ctx& context) {
    blockchain_.on_aggregated(made.id, std::move(made.result));
    settle(context);
}

void BlockchainActor::handle(BlockProofMade made, Ctx& context) {
    blockchain_.on_merged(made.id, std::move(made.result));
    settle(context);
}

void BlockchainActor::handle(TickDue, Ctx& context) {
    blockchain_.tick();
    context.key_after("tick", blockchain_.wait(), TickDue{});
    settle(context);
    prepare_keys(context);
}

void BlockchainActor::handle(WorkDue, Ctx& context) {
    is_work_due_ = false;
    blockchain_.work();
    settle(context);
}

// ---- out

void BlockchainActor::settle(Ctx& context) {
    for (Effect& effect : blockchain_.take_effects()) {
        std::visit([&](auto& what) { perform(std::move(what), context); }, effect);
    }
    if (const auto& failure = blockchain_.failure()) {
        parts_.environment_failed(*failure);
        context.fail(failure->what);
    }
    if (blockchain_.has_work() && !is_work_due_) {
        is_work_due_ = true;
        // One block per turn: a tick that is due meanwhile comes between two of them.
        context.after(Duration::zero(), WorkDue{});
    }
}

template <class M>
void BlockchainActor::deliver_own(const actor::Recipient<M>& to, M message, Duty duty) {
    if (const auto sent = to.send(std::move(message)); !sent) {
        parts_.metrics.missed(duty, DutyMissed::busy).Increment();
        log::error("own_message_not_taken duty={} reason={}",
                   to_string(duty),
                   actor::to_string(sent.error()));
    }
}

void BlockchainActor::perform(network_api::OwnBlock message, Ctx&) {
    deliver_own(neighbours_.own_block, std::move(message), Duty::propose);
}

void BlockchainActor::perform(network_api::OwnAttestation message, Ctx&) {
    deliver_own(neighbours_.own_attestation, std::move(message), Duty::attest);
}

void BlockchainActor::perform(network_api::OwnAggregatedAttestation message, Ctx&) {
    deliver_own(neighbours_.own_aggregated_attestation, std::move(message), Duty::aggregate);
}

template <class M>
void BlockchainActor::publish(const actor::Recipient<M>& to,
                              M message,
                              PublishKind kind,
                              Slot slot,
                              const Root& root,
                              Ctx& context) {
    context.ask(to,
                std::move(message),
                kPublishTimeout,
                [kind, slot, root](BlockchainActor& self,
                                   actor::AskResult<network_api::PublishOutcome> outcome,
                                   Ctx& then) {
                    std::optional<network_api::PublishOutcome> known;
                    if (outcome) known = *std::move(outcome);
                    self.blockchain_.published(kind, slot, root, known);
                    self.settle(then);
                });
}

void BlockchainActor::perform(network_api::PublishBlock message, Ctx& context) {
    const Slot slot = message.block->block.slot;
    const Root root = message.root;
    publish(neighbours_.publish_block, std::move(message), PublishKind::block, slot, root, context);
}

void BlockchainActor::perform(network_api::PublishAttestation message, Ctx& context) {
    const Slot slot = message.attestation.data.slot;
    const Root root = message.data_root;
    publish(neighbours_.publish_attestation,
            std::move(message),
            PublishKind::attestation,
            slot,
            root,
            context);
}

void BlockchainActor::perform(network_api::PublishAggregatedAttestation message, Ctx& context) {
    const Slot slot = message.attestation.data.slot;
    const Root root = message.data_root;
    publish(neighbours_.publish_aggregated_attestation,
            std::move(message),
            PublishKind::aggregated_attestation,
            slot,
            root,
            context);
}

void BlockchainActor::perform(network_api::FetchBlock message, Ctx& context) {
    const Root root = message.root;
    context.ask(neighbours_.fetch_block,
                std::move(message),
                kFetchTimeout,
                [root](BlockchainActor& self,
                       const actor::AskResult<network_api::FetchOutcome>& outcome,
                       Ctx& then) {
                    // No answer is an attempt that failed: it is repeated later.
                    self.blockchain_.fetched(
                        root, outcome ? outcome->status : network_api::FetchStatus::gave_up);
                    self.settle(then);
                });
}

void BlockchainActor::perform(network_api::ReportPeer message, Ctx&) {
    neighbours_.report_peer.send_or_count(std::move(message));
}

void BlockchainActor::perform(AggregateJob job, Ctx& context) {
    parts_.backend.submit(
        std::move(job.job),
        {.deadline = job.deadline, .stop = context.stop_token()},
        [id = job.id, self = actor::Recipient<AggregateMade>{context.self()}](
            Result<SingleMessageAggregate, aggregation::AggregationError> result) {
            self.send_or_count({id, std::move(result)});
        });
}

void BlockchainActor::perform(MergeJob job, Ctx& context) {
    parts_.backend.submit(std::move(job.job),
                          {.deadline = job.deadline, .stop = context.stop_token()},
                          [id = job.id, self = actor::Recipient<BlockProofMade>{context.self()}](
                              Result<MultiMessageAggregate, aggregation::AggregationError> result) {
                              self.send_or_count({id, std::move(result)});
                          });
}

// ---- keys

void BlockchainActor::perform(SignJob job, Ctx& context) {
    LEPTON_ASSERT(!is_signing_);
    is_signing_ = true;
    sign(std::move(job), 0, context);
}

void BlockchainActor::handle(SignAgain again, Ctx& context) {
    sign(std::move(again.job), again.attempt, context);
}

void BlockchainActor::sign(SignJob job, unsigned attempt, Ctx& context) {
    context.offload(
        [keys = parts_.keys, requests = job.requests](std::stop_token) {
            return keys->sign(requests);
        },
        [job, attempt](BlockchainActor& self,
                       std::expected<SignResults, actor::OffloadError> results,
                       Ctx& then) {
            if (results) return self.signed_results(job.id, *std::move(results), then);
            // Nobody knows what is half done in the key room.
            if (results.error().kind == actor::OffloadError::Kind::failed)
                then.fail("signing: " + results.error().what);
            const bool is_full = results.error().kind == actor::OffloadError::Kind::full;
            if (is_full && attempt < kSignRetriesMax) {
                then.after(kSignRetryDelay, SignAgain{job, attempt + 1});
                return;
            }
            const validator::SignFailure failure{
                .kind = validator::SignFailureKind::signing_failed,
                .what = is_full ? "the CPU pool is full" : results.error().what};
            self.signed_results(
                job.id, SignResults(job.requests.size(), std::unexpected(failure)), then);
        });
}

void BlockchainActor::signed_results(JobId id, SignResults results, Ctx& context) {
    is_signing_ = false;
    install_window();
    blockchain_.on_signed(id, std::move(results));
    settle(context);
}

void BlockchainActor::prepare_keys(Ctx& context) {
    if (parts_.keys == nullptr) return;
    const Slot now = parts_.view.get()->current_slot;
    parts_.metrics.keys_not_ready.Set(static_cast<double>(parts_.keys->not_ready(now)));
    if (is_building_window_) return;
    const auto next = parts_.keys->next_preparation(now);
    if (!next) return;
    std::move_only_function<void()> job = [next = *next,
                                           keys = parts_.keys,
                                           stop = context.stop_token(),
                                           self = actor::Recipient<WindowBuilt>{context.self()}] {
        if (stop.stop_requested()) return;
        self.send_or_count({next.key, KeyRoom::build(next, stop)});
    };
    is_building_window_ = parts_.background.submit(job);
    parts_.metrics.key_windows_building.Set(is_building_window_ ? 1 : 0);
    if (!is_building_window_) return;
    window_begun_ = context.now();
    log::info("key_preparing public_key={} slot={} is_late={}",
              short_hex(next->key->public_key()),
              next->slot,
              next->slot == now);
}

void BlockchainActor::handle(WindowBuilt built, Ctx& context) {
    built_window_ = std::move(built);
    parts_.metrics.key_window_seconds.Observe(
        std::chrono::duration<double>(context.now() - window_begun_).count());
    if (!is_signing_) install_window();
    prepare_keys(context);
}

void BlockchainActor::install_window() {
    if (!built_window_) return;
    parts_.keys->install(*built_window_->key, std::move(built_window_->window));
    built_window_.reset();
    is_building_window_ = false;
    parts_.metrics.key_windows_building.Set(0);
}

}  // namespace lepton::blockchain
