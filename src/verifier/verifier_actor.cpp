// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/verifier_actor.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace lepton::verifier {

VerifierActor::VerifierActor(VerifierParts parts, Outlets outlets)
    : parts_(std::move(parts)),
      verifier_(parts_.validators,
                std::min(parts_.jobs_max, kProofJobsMax - kJobsReservedForOwn),
                std::move(outlets),
                parts_.metrics) {}

void VerifierActor::handle(network_api::OwnBlock message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(network_api::OwnAttestation message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(network_api::OwnAggregatedAttestation message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(network_api::ReceivedBlock message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(network_api::ReceivedAggregatedAttestation message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(network_api::ReceivedAttestation message, Ctx& context) {
    verifier_.receive(std::move(message));
    pump(context);
}

void VerifierActor::handle(ProofChecked checked, Ctx& context) {
    if (checked.epoch != epoch_) {
        // Started before a restart: its place and its peer's budget are gone with that incarnation.
        const Kind kind = std::visit([](const auto& task) { return task.kKind; }, *checked.task);
        parts_.metrics.ignored(kind, Ignored::not_checked).Increment();
        return;
    }
    verifier_.finish(std::move(*checked.task), checked.verdict, checked.took);
    if (!checked.verdict && checked.verdict.error() == aggregation::AggregationError::dropped) {
        // Nothing starts now: whoever had no room for this has none for the next.
        context.key_after("retry", kRetryDelay, Retry{});
        return;
    }
    pump(context);
}

void VerifierActor::handle(Retry, Ctx& context) {
    pump(context);
}

void VerifierActor::handle(GatheringOver, Ctx& context) {
    is_gathering_ = false;
    verifier_.end_gathering();
    pump(context);
}

void VerifierActor::pump(Ctx& context) {
    while (auto work = verifier_.next_work()) {
        if (auto* batch = std::get_if<VoteBatch>(&*work)) {
            start(std::move(*batch), context);
        } else {
            start(std::move(std::get<ProofWork>(*work)), context);
        }
    }
    if (verifier_.retry_own()) context.key_after("retry", kRetryDelay, Retry{});
    if (verifier_.is_gathering() && !is_gathering_) {
        is_gathering_ = true;
        context.key_after("gather", kVoteGatherTime, GatheringOver{});
    }
}

void VerifierActor::start(VoteBatch batch, Ctx& context) {
    // Shared, because the work is destroyed when the pool refuses it, and the votes must not be.
    auto votes = std::make_shared<VoteBatch>(std::move(batch));
    context.offload(
        [votes, validators = parts_.validators, &scheme = parts_.scheme, &clock = parts_.clock](
            std::stop_token) {
            const Time begin = clock.now();
            verify(*votes, scheme, *validators);
            return clock.now() - begin;
        },
        [votes](VerifierActor& self, std::expected<Duration, actor::OffloadError> took, Ctx& then) {
            if (took) {
                self.verifier_.finish(std::move(*votes), *took);
            } else if (took.error().kind == actor::OffloadError::Kind::full) {
                self.verifier_.put_back(std::move(*votes));
                then.key_after("retry", kRetryDelay, Retry{});
                return;
            } else {
                log::error("vote_batch_lost count={} reason={}",
                           votes->tasks.size(),
                           log::quoted(took.error().what));
                self.verifier_.give_up(std::move(*votes));
                // A defect, not a wrong signature: supervision decides how often that may be.
                if (took.error().kind == actor::OffloadError::Kind::failed)
                    then.fail("checking votes: " + took.error().what);
            }
            self.pump(then);
        });
}

void VerifierActor::start(ProofWork work, Ctx& context) {
    const Time begin = parts_.clock.now();
    const aggregation::JobControl control{.deadline = begin + kProofDeadline,
                                          .stop = context.stop_token()};
    auto task = std::make_shared<ProofTask>(std::move(work.task));
    auto done = [task,
                 begin,
                 epoch = epoch_,
                 &clock = parts_.clock,
                 self = actor::Recipient<ProofChecked>{context.self()}](
                    Result<void, aggregation::AggregationError> verdict) {
        self.send_or_count({task, verdict, clock.now() - begin, epoch});
    };
    if (const auto* block = std::get_if<BlockTask>(&*task)) {
        parts_.backend.submit(
            aggregation::VerifyMultiJob{std::move(work.claims), block->message.proof},
            control,
            std::move(done));
    } else {
        const auto& aggregate = std::get<AggregateTask>(*task);
        parts_.backend.submit(aggregation::VerifySingleJob{std::move(work.claims.front()),
                                                           aggregate.message.proof.proof},
                              control,
                              std::move(done));
    }
}

}  // namespace lepton::verifier
