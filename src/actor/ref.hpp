// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How one component reaches another: Recipient<M> (one message type, the receiver's type hidden),
// ActorRef<A> (an actor and its messages), Reply<R> (the right and duty to answer an ask). All are
// values that any thread may hold, copy and use. None gives access to the actor's state.
#pragma once

#include "actor/cell.hpp"
#include "actor/message.hpp"
#include "base/assert.hpp"

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace lepton::actor {

/// The outcome of an ask: the answer, or why there is none.
template <class R>
using AskResult = std::expected<R, AskError>;

/// Answers one ask, exactly once. Move-only; destroying it unanswered answers `dropped`.
template <class R>
class [[nodiscard]] Reply {
  public:
    /// `deliver` is called once, by the thread that answers.
    explicit Reply(std::move_only_function<void(AskResult<R>)> deliver)
        : deliver_(std::move(deliver)) {}
    Reply(Reply&& other) noexcept : deliver_(std::exchange(other.deliver_, nullptr)) {}
    Reply& operator=(Reply&& other) noexcept {
        if (this != &other) {
            finish(std::unexpected(AskError::dropped));
            deliver_ = std::exchange(other.deliver_, nullptr);
        }
        return *this;
    }
    ~Reply() { finish(std::unexpected(AskError::dropped)); }

    /// Answers: `std::move(reply)(value)`.
    void operator()(R value) && { finish(std::move(value)); }
    /// Answers with an error of the transport. For the kit and for fakes of it.
    void fail(AskError error) && { finish(std::unexpected(error)); }

  private:
    void finish(AskResult<R> result) {
        if (auto deliver = std::exchange(deliver_, nullptr)) deliver(std::move(result));
    }

    std::move_only_function<void(AskResult<R>)> deliver_;
};

template <class A>
class ActorRef;

namespace detail {

template <class M>
std::size_t bytes_of(const M& message) {
    if constexpr (HasMailboxCost<M>) {
        return mailbox_cost(message);
    } else {
        return 0;
    }
}

// Every eighth message of a thread carries its time of sending.
inline Time sampled_now(const Cell& cell) {
    thread_local unsigned sent = 0;
    return ++sent % 8 == 0 ? cell.scheduler().now() : Time{};
}

template <class A, class M>
struct MessageEnvelope final : Envelope {
    explicit MessageEnvelope(M&& from) : message(std::move(from)) {}
    void deliver(Cell& cell) override {
        Context<A> context{cell};
        static_cast<A*>(cell.actor())->handle(std::move(message), context);
    }
    M message;
};

template <class A, class M>
struct AskEnvelope final : Envelope {
    AskEnvelope(M&& from, Reply<typename M::reply>&& answer)
        : message(std::move(from)), reply(std::move(answer)) {}
    void deliver(Cell& cell) override {
        Context<A> context{cell};
        A& actor = *static_cast<A*>(cell.actor());
        if constexpr (AnswersLater<A, M>) {
            actor.handle(std::move(message), std::move(reply), context);
        } else {
            std::move(reply)(actor.handle(std::move(message), context));
        }
    }
    void answer_stopped() override { std::move(reply).fail(AskError::stopped); }
    M message;
    Reply<typename M::reply> reply;
};

template <class A, class M>
SendResult send_to(Cell& cell, M& message) {
    constexpr std::size_t index = A::accepts::template index<M>;
    auto made = std::make_unique<MessageEnvelope<A, M>>(std::move(message));
    MessageEnvelope<A, M>& typed = *made;
    typed.index = index;
    typed.bytes = bytes_of(typed.message);
    typed.enqueued_at = sampled_now(cell);
    EnvelopePtr envelope = std::move(made);
    const SendResult result = cell.push(envelope);
    if (!result) message = std::move(typed.message);
    return result;
}

template <class A, class M>
void ask_of(Cell& cell, M&& message, Reply<typename M::reply>&& reply) {
    constexpr std::size_t index = A::accepts::template index<M>;
    auto made = std::make_unique<AskEnvelope<A, M>>(std::move(message), std::move(reply));
    AskEnvelope<A, M>& typed = *made;
    typed.index = index;
    typed.bytes = bytes_of(typed.message);
    typed.enqueued_at = sampled_now(cell);
    EnvelopePtr envelope = std::move(made);
    if (const SendResult result = cell.push(envelope); !result) {
        std::move(typed.reply)
            .fail(result.error() == SendError::full ? AskError::full : AskError::stopped);
    }
}

// What a Recipient points to: a cell, or a function of a test or a fake.
template <class M>
struct SendTable {
    SendResult (*send)(void* target, M& message);
    bool is_cell;
};
template <Asks M>
struct SendTable<M> {
    void (*ask)(void* target, M&& message, Reply<typename M::reply>&& reply);
    bool is_cell;
};

template <class A, class M>
inline constexpr SendTable<M> kCellTable = [] {
    if constexpr (Asks<M>) {
        return SendTable<M>{
            [](void* target, M&& message, Reply<typename M::reply>&& reply) {
                ask_of<A, M>(*static_cast<Cell*>(target), std::move(message), std::move(reply));
            },
            true};
    } else {
        return SendTable<M>{[](void* target, M& message) {
                                return send_to<A, M>(*static_cast<Cell*>(target), message);
                            },
                            true};
    }
}();

template <class F, class M>
inline constexpr SendTable<M> kFunctionTable = [] {
    if constexpr (Asks<M>) {
        return SendTable<M>{[](void* target, M&& message, Reply<typename M::reply>&& reply) {
                                F& function = *static_cast<F*>(target);
                                if constexpr (std::invocable<F&, M, Reply<typename M::reply>>) {
                                    function(std::move(message), std::move(reply));
                                } else {
                                    std::move(reply)(function(std::move(message)));
                                }
                            },
                            false};
    } else {
        return SendTable<M>{[](void* target, M& message) -> SendResult {
                                F& function = *static_cast<F*>(target);
                                if constexpr (std::invocable<F&, M>) {
                                    function(std::move(message));
                                    return {};
                                } else {
                                    return function(message);
                                }
                            },
                            false};
    }
}();

// What both kinds of Recipient share. Copied even when moved from, so that none is ever empty.
template <class M>
class RecipientTarget {
  public:
    RecipientTarget(std::shared_ptr<void> target, const SendTable<M>& table)
        : target_(std::move(target)), table_(&table) {}
    RecipientTarget(const RecipientTarget&) = default;
    RecipientTarget& operator=(const RecipientTarget&) = default;

  protected:
    std::shared_ptr<void> target_;
    const SendTable<M>* table_;

  private:
    template <class A>
    friend class lepton::actor::Context;

    // The cell behind it; null for a function.
    Cell* cell() const { return table_->is_cell ? static_cast<Cell*>(target_.get()) : nullptr; }
};

}  // namespace detail

/// Takes messages of type M for an actor whose type stays hidden. It always has a receiver: there
/// is no empty state.
template <class M>
class Recipient : public detail::RecipientTarget<M> {
  public:
    template <class A>
    Recipient(const ActorRef<A>& actor);

    /// Returns a recipient that calls `function` on the sender's thread: for tests and fakes.
    /// `void(M)` accepts every message, `SendResult(M&)` may refuse.
    template <class F>
    static Recipient to(F function) {
        return {std::make_shared<F>(std::move(function)), detail::kFunctionTable<F, M>};
    }

    /// Sends. When it is refused, `message` is as before.
    SendResult send(M&& message) const { return this->table_->send(this->target_.get(), message); }
    SendResult send(M& message) const = delete;  // messages are moved: send(std::move(message))
    /// Sends, and accepts that it may be lost: the counters of the receiver's class are the record.
    void send_or_count(M message) const {
        [[maybe_unused]] const SendResult counted = send(std::move(message));
    }

  private:
    using detail::RecipientTarget<M>::RecipientTarget;
};

/// The same for a message with a reply: it can only be asked (Context::ask from an actor).
template <Asks M>
class Recipient<M> : public detail::RecipientTarget<M> {
  public:
    using R = typename M::reply;

    template <class A>
    Recipient(const ActorRef<A>& actor);

    /// As above; `R(M)` answers at once, `void(M, Reply<R>)` when it likes.
    template <class F>
    static Recipient to(F function) {
        return {std::make_shared<F>(std::move(function)), detail::kFunctionTable<F, M>};
    }

    /// Asks; every outcome goes to `reply`, a refusal at once. Without deadline: actors use
    /// Context::ask.
    void ask(M message, Reply<R> reply) const {
        this->table_->ask(this->target_.get(), std::move(message), std::move(reply));
    }

    /// Asks and waits: for main() and tests. Never on an actor's turn, never with the simulator.
    AskResult<R> ask_blocking(M message, std::chrono::nanoseconds timeout) const {
        LEPTON_ASSERT(current_cell() == nullptr, "a handler may not block");
        struct Shared {
            std::mutex mutex;
            std::condition_variable answered;
            std::optional<AskResult<R>> result;
        };
        const auto shared = std::make_shared<Shared>();
        ask(std::move(message), Reply<R>{[shared](AskResult<R> result) {
                const std::lock_guard lock(shared->mutex);
                shared->result.emplace(std::move(result));
                shared->answered.notify_all();
            }});
        std::unique_lock lock(shared->mutex);
        if (!shared->answered.wait_for(lock, timeout, [&] { return shared->result.has_value(); }))
            return std::unexpected(AskError::timeout);
        return std::move(*shared->result);
    }

  private:
    using detail::RecipientTarget<M>::RecipientTarget;
};

/// Names an actor of type A over all its restarts. Needed where actors are wired; others hold a
/// Recipient, into which it converts.
template <class A>
class ActorRef {
  public:
    explicit ActorRef(CellPtr cell) : cell_(std::move(cell)) {}
    ActorRef(const ActorRef&) = default;
    ActorRef& operator=(const ActorRef&) = default;

    const std::string& name() const { return cell_->name(); }
    std::uint64_t id() const { return cell_->id(); }

    /// Sends. When it is refused, `message` is as before.
    template <class M>
    SendResult send(M&& message) const {
        static_assert(!std::is_lvalue_reference_v<M>,
                      "messages are moved: send(std::move(message))");
        static_assert(Receives<A, M>, "this actor does not accept this message");
        static_assert(!Asks<M>, "a message with a reply cannot be sent, only asked");
        return detail::send_to<A, M>(*cell_, message);
    }
    /// Sends, and accepts that it may be lost: the counters of the class are the record.
    template <class M>
    void send_or_count(M message) const {
        [[maybe_unused]] const SendResult counted = send(std::move(message));
    }

    template <class M>
    Recipient<M> recipient() const {
        static_assert(Receives<A, M>, "this actor does not accept this message");
        return Recipient<M>{*this};
    }

  private:
    template <class M>
    friend class Recipient;
    template <class Other>
    friend class Context;

    Cell* cell() const { return cell_.get(); }

    CellPtr cell_;
};

template <class M>
template <class A>
Recipient<M>::Recipient(const ActorRef<A>& actor)
    : Recipient(actor.cell_, detail::kCellTable<A, M>) {
    static_assert(Receives<A, M>, "this actor does not accept this message");
}

template <Asks M>
template <class A>
Recipient<M>::Recipient(const ActorRef<A>& actor)
    : Recipient(actor.cell_, detail::kCellTable<A, M>) {
    static_assert(Receives<A, M>, "this actor does not accept this message");
}

}  // namespace lepton::actor
