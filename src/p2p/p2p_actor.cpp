// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_actor.hpp"

#include "base/log.hpp"

namespace lepton::p2p {
namespace {

using actor::AskError;
using network_api::PublishOutcome;
using network_api::PublishStatus;

SwarmError no_answer(AskError error) {
    const auto kind = [error] {
        switch (error) {
            case AskError::full:
                return SwarmErrorKind::busy;
            case AskError::timeout:
                return SwarmErrorKind::timeout;
            case AskError::dropped:
                return SwarmErrorKind::disconnected;
            case AskError::stopped:
            case AskError::cancelled:
                return SwarmErrorKind::stopped;
        }
        return SwarmErrorKind::stopped;
    }();
    return {kind, fmt::format("swarm adapter: {}", to_string(error))};
}

SwarmPublish::Result not_published(AskError error) {
    return {error == AskError::full ? PublishStatus::queue_full : PublishStatus::stopped, 0};
}

template <class T>
Result<T, SwarmError> failed(AskError error) {
    return std::unexpected(no_answer(error));
}

// The adapter's Source as the P2P actor listens to it.
class SwarmSource final : public actor::Source<SwarmEvents> {
  public:
    explicit SwarmSource(const actor::Recipient<SwarmNextEvents>& adapter) : adapter_(adapter) {}

    void next(actor::Demand<SwarmEvents> demand) override {
        SwarmNextEvents message{std::move(demand), std::exchange(is_first_, false)};
        const actor::SendResult sent = adapter_.send(std::move(message));
        if (sent) return;
        std::move(message.demand)
            .end({.source = "swarm",
                  .why = std::string{to_string(sent.error())},
                  .is_failure = true});
    }

  private:
    actor::Recipient<SwarmNextEvents> adapter_;
    bool is_first_ = true;
};

}  // namespace

P2pActor::P2pActor(P2pConfig config,
                   VerifierRecipients verifier,
                   SwarmRecipients swarm,
                   const P2pWorld& world)
    : swarm_(std::move(swarm)), p2p_(std::move(config), std::move(verifier), world) {}

void P2pActor::started(Context& context) {
    context.listen(std::static_pointer_cast<actor::Source<SwarmEvents>>(
        std::make_shared<SwarmSource>(swarm_.next_events)));
    flush(context);
}

void P2pActor::stopped(const actor::ExitReason& /*reason*/, Context& /*context*/) noexcept {
    p2p_.stop();
}

// --- messages

template <class M>
void P2pActor::publish(M message, actor::Reply<PublishOutcome> reply, Context& context) {
    p2p_.publish(std::move(message), [reply = std::move(reply)](PublishOutcome outcome) mutable {
        std::move(reply)(outcome);
    });
    flush(context);
}

void P2pActor::handle(network_api::PublishBlock message,
                      actor::Reply<PublishOutcome> reply,
                      Context& context) {
    publish(std::move(message), std::move(reply), context);
}

void P2pActor::handle(network_api::PublishAttestation message,
                      actor::Reply<PublishOutcome> reply,
                      Context& context) {
    publish(std::move(message), std::move(reply), context);
}

void P2pActor::handle(network_api::PublishAggregatedAttestation message,
                      actor::Reply<PublishOutcome> reply,
                      Context& context) {
    publish(std::move(message), std::move(reply), context);
}

void P2pActor::handle(network_api::FetchBlock message,
                      actor::Reply<network_api::FetchOutcome> reply,
                      Context& context) {
    p2p_.fetch(message,
               [reply = std::move(reply)](const network_api::FetchOutcome& outcome) mutable {
                   std::move(reply)(outcome);
               });
    flush(context);
}

void P2pActor::handle(network_api::GossipVerdictMessage message, Context& context) {
    p2p_.on_verdict(message);
    flush(context);
}

void P2pActor::handle(network_api::ReportPeer message, Context& context) {
    p2p_.on_report(message);
    flush(context);
}

void P2pActor::handle(SwarmEvents events, Context& context) {
    p2p_.on_events(std::move(events));
    flush(context);
}

void P2pActor::handle(actor::SourceEnd end, Context& context) {
    if (end.is_failure) context.fail(fmt::format("{} ended: {}", end.source, end.why));
    log::info("swarm_ended why={}", log::quoted(end.why));
    context.stop();
}

void P2pActor::handle(Due /*due*/, Context& context) {
    armed_.reset();
    p2p_.on_time();
    flush(context);
}

// --- commands

void P2pActor::flush(Context& context) {
    for (SwarmCommand& command : p2p_.take_commands()) {
        std::visit([&](auto& one) { execute(std::move(one), context); }, command);
    }
    const auto due = p2p_.next_due();
    if (due == armed_) return;
    armed_ = due;
    if (due) {
        context.key_after("due", *due - context.now(), Due{});
    } else {
        context.cancel("due");
    }
}

template <class M, class ToReply>
void P2pActor::ask(const actor::Recipient<M>& to,
                   Asked<M> asked,
                   Duration timeout,
                   ToReply to_reply,
                   Context& context) {
    using R = typename M::reply;
    context.ask(to,
                std::move(asked.message),
                timeout,
                [then = std::move(asked.then), to_reply](
                    P2pActor& self, actor::AskResult<R> result, Context& then_context) mutable {
                    const bool is_over = !result && result.error() == AskError::stopped;
                    then(result ? *std::move(result) : to_reply(result.error()));
                    // Not to be retried: without its network this actor is of no use.
                    if (is_over) then_context.fail("the swarm adapter has stopped");
                    self.flush(then_context);
                });
}

void P2pActor::execute(Asked<SwarmPublish> asked, Context& context) {
    ask(swarm_.publish, std::move(asked), kPublishTimeout, not_published, context);
}

void P2pActor::execute(Asked<SwarmDial> asked, Context& context) {
    ask(swarm_.dial, std::move(asked), kDialTimeout, failed<void>, context);
}

void P2pActor::execute(Asked<SwarmRequest> asked, Context& context) {
    ask(swarm_.request,
        std::move(asked),
        kRequestTimeout,
        failed<std::vector<ResponseChunk>>,
        context);
}

void P2pActor::execute(Asked<SwarmRespond> asked, Context& context) {
    ask(swarm_.respond, std::move(asked), kRequestTimeout, failed<void>, context);
}

void P2pActor::execute(SwarmVerdict verdict, Context& /*context*/) {
    swarm_.verdict.send_or_count(std::move(verdict));
}

void P2pActor::execute(SwarmDisconnect disconnect, Context& /*context*/) {
    swarm_.disconnect.send_or_count(std::move(disconnect));
}

}  // namespace lepton::p2p
