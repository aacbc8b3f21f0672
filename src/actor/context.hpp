// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What an actor may do on its turn. A Context is valid only during the handler, hook or
// continuation that received it; never keep it. Continuations run later, on the turn of the same
// incarnation, as `then(actor, ..., context)`; `then` may also be a pointer to a member function.
#pragma once

#include "actor/cell.hpp"
#include "actor/message.hpp"
#include "actor/ref.hpp"
#include "actor/source.hpp"
#include "base/clock.hpp"

#include <algorithm>
#include <concepts>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

namespace lepton::actor {

/// Why off-loaded work has no result.
struct OffloadError {
    enum class Kind : std::uint8_t {
        full,     ///< refused: the queue of the CPU pool is full
        dropped,  ///< the CPU pool ended before its turn came
        failed,   ///< it threw
    };
    Kind kind = Kind::dropped;
    std::string what;

    bool operator==(const OffloadError&) const = default;
};

namespace detail {

// Thrown by Context::fail; only the cell catches it.
struct Failure final : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class R>
struct PendingAskFor : PendingAsk {
    virtual void complete(AskResult<R> result) = 0;
    void fail(AskError error) override { complete(std::unexpected(error)); }
};

template <class A, class R, class K>
struct PendingContinuation final : PendingAskFor<R> {
    PendingContinuation(Cell& owner, K continuation) : cell(owner), then(std::move(continuation)) {}
    void complete(AskResult<R> result) override {
        Context<A> context{cell};
        std::invoke(then, *static_cast<A*>(cell.actor()), std::move(result), context);
    }
    Cell& cell;
    K then;
};

// An item of a source, or its end, on its way to incarnation's handler.
template <class A, class T>
struct ItemEnvelope final : Envelope {
    ItemEnvelope(std::expected<T, SourceEnd> from, std::uint64_t of)
        : item(std::move(from)), listener(of) {}
    void deliver(Cell& cell) override;
    std::expected<T, SourceEnd> item;
    std::uint64_t listener;
};

template <class A, class T>
void demand_next(Cell& cell, std::uint64_t listener) {
    const auto source = std::static_pointer_cast<Source<T>>(cell.listener(listener));
    if (!source || !cell.is_running()) return;
    source->next(Demand<T>{[owner = cell.shared_from_this(),
                            incarnation = cell.incarnation(),
                            listener](std::expected<T, SourceEnd> item) {
        auto envelope = std::make_unique<ItemEnvelope<A, T>>(std::move(item), listener);
        envelope->index = owner->source_index();
        owner->push_item(std::move(envelope), incarnation);
    }});
}

template <class A, class T>
void ItemEnvelope<A, T>::deliver(Cell& cell) {
    Context<A> context{cell};
    A& actor = *static_cast<A*>(cell.actor());
    if (item) {
        actor.handle(std::move(*item), context);
        demand_next<A, T>(cell, listener);
    } else {
        cell.remove_listener(listener);
        actor.handle(std::move(item.error()), context);
    }
}

// One piece of off-loaded work. Its outcome is posted once: the result, or why there is none.
template <class A, class T, class F, class K>
class OffloadJob {
  public:
    using Outcome = std::expected<T, OffloadError>;

    OffloadJob(Cell& cell, F work, K then)
        : owner_(cell.shared_from_this()),
          incarnation_(cell.incarnation()),
          stop_(cell.stop_token()),
          work_(std::move(work)),
          then_(std::move(then)) {}
    ~OffloadJob() {
        if (!is_finished_) finish(std::unexpected(OffloadError{unfinished, {}}));
    }
    OffloadJob(const OffloadJob&) = delete;
    OffloadJob& operator=(const OffloadJob&) = delete;

    void run() {
        if (stop_.stop_requested()) return;  // no one waits for it any more
        finish(result());
    }

    OffloadError::Kind unfinished = OffloadError::Kind::dropped;

  private:
    Outcome result() {
        try {
            if constexpr (std::is_void_v<T>) {
                work_(stop_);
                return {};
            } else {
                return work_(stop_);
            }
        } catch (const std::exception& thrown) {
            return std::unexpected(OffloadError{OffloadError::Kind::failed, thrown.what()});
        } catch (...) {
            return std::unexpected(OffloadError{OffloadError::Kind::failed, "unknown exception"});
        }
    }
    void finish(Outcome outcome) {
        is_finished_ = true;
        Cell& cell = *owner_;
        cell.post_to(incarnation_,
                     "offload",
                     [&cell, then = std::move(then_), outcome = std::move(outcome)]() mutable {
                         Context<A> context{cell};
                         std::invoke(
                             then, *static_cast<A*>(cell.actor()), std::move(outcome), context);
                     });
    }

    CellPtr owner_;
    std::uint32_t incarnation_;
    std::stop_token stop_;
    F work_;
    K then_;
    bool is_finished_ = false;
};

}  // namespace detail

template <class A>
class Context {
  public:
    explicit Context(Cell& cell) : cell_(cell) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Returns monotonic time (virtual in the simulator).
    Time now() const { return cell_.scheduler().now(); }
    const std::string& name() const { return cell_.name(); }
    ActorRef<A> self() const { return ActorRef<A>{cell_.shared_from_this()}; }
    /// Returns a token that is signalled when this incarnation ends.
    std::stop_token stop_token() const { return cell_.stop_token(); }

    /// Ends this incarnation after the current handler, as a normal exit. Whether the actor is
    /// started again is up to its supervisor.
    void stop() { cell_.stop_self(); }
    /// Ends this incarnation now, as a failure. Does not return.
    [[noreturn]] void fail(const std::string& why) { throw detail::Failure{why}; }

    // Timers. Messages of timers go straight to handle(), not through a mailbox class, and need not
    // be in `accepts`. All timers end with the incarnation.

    /// Handles `message` once, not before `delay` has passed.
    template <class M>
    void after(Duration delay, M message) {
        static_assert(HandlesPlain<A, M>, "a timer's message needs handle(M, Context&)");
        cell_.add_timer(due(delay), type_name<M>(), deliver_later(std::move(message)));
    }
    /// As after(); replaces the timer that has this key. What was replaced or cancelled is never
    /// handled, even if it was due already.
    template <class M>
    void key_after(const TimerKey& key, Duration delay, M message) {
        static_assert(HandlesPlain<A, M>, "a timer's message needs handle(M, Context&)");
        cell_.set_timer(key, due(delay), type_name<M>(), deliver_later(std::move(message)));
    }
    /// Handles a copy of `message` at now() + period, + 2 period, and so on: late ticks do not
    /// shift later ones, missed ticks are skipped (see missed_ticks). Requires period > 0.
    template <class M>
    void every(const TimerKey& key, Duration period, M message) {
        static_assert(HandlesPlain<A, M>, "a timer's message needs handle(M, Context&)");
        static_assert(std::copyable<M>, "a repeated message must be copyable");
        LEPTON_ASSERT(period > Duration::zero());
        set_tick(cell_, key, now() + period, period, std::move(message));
    }
    /// Forgets the timer with this key, if there is one.
    void cancel(const TimerKey& key) { cell_.cancel_timer(key); }
    /// In the handler of a tick: how many later ticks are over too, and are skipped.
    std::uint64_t missed_ticks() const { return cell_.missed_ticks; }

    /// Asks `to`; `then(actor, AskResult<R>, context)` runs exactly once: with the answer or with
    /// `full`, `stopped`, `dropped`, `timeout`, or `cancelled` when this actor is stopped in order.
    /// Only an incarnation that fails or is killed takes its continuations with it; while ending,
    /// nothing is asked any more.
    template <class M, class K>
    void ask(const Recipient<M>& to, std::type_identity_t<M> message, Duration timeout, K then) {
        static_assert(Asks<M>, "this message has no reply: send it");
        using R = typename M::reply;
        static_assert(std::invocable<K&, A&, AskResult<R>, Context&>,
                      "an ask continues with then(actor, AskResult<R>, context)");
        if (cell_.is_ending()) return;
        auto pending =
            std::make_unique<detail::PendingContinuation<A, R, K>>(cell_, std::move(then));
        pending->message = type_name<M>();
        if (!cell_.can_open_ask()) {
            cell_.count_refused_ask();
            cell_.post_to(cell_.incarnation(), type_name<M>(), [pending = std::move(pending)] {
                pending->fail(AskError::full);
            });
            return;
        }
        const std::uint64_t id = cell_.open_ask(std::move(pending), due(timeout));
        to.ask(
            std::move(message),
            Reply<R>{[owner = cell_.shared_from_this(), id](AskResult<R> result) {
                Cell& cell = *owner;
                cell.post(type_name<M>(), [&cell, id, result = std::move(result)]() mutable {
                    if (const auto open = cell.finish_ask(id))
                        static_cast<detail::PendingAskFor<R>&>(*open).complete(std::move(result));
                });
            }});
    }

    /// Calls `then(actor, const Down&, context)` once, when the current incarnation of `other`
    /// ends; at once when it has ended. (A recipient made from a function never ends.)
    template <class Other, class K>
    void monitor(const Other& other, K then) {
        static_assert(std::invocable<K&, A&, const Down&, Context&>,
                      "a monitor continues with then(actor, const Down&, context)");
        if (!other.cell()) return;
        const auto shared = std::make_shared<K>(std::move(then));
        other.cell()->monitor(
            cell_.id(),
            cell_.incarnation(),
            [owner = cell_.shared_from_this(), incarnation = cell_.incarnation(), shared](
                const Down& down) {
                Cell& cell = *owner;
                cell.post_to(incarnation, "Down", [&cell, shared, down] {
                    Context context{cell};
                    std::invoke(*shared, *static_cast<A*>(cell.actor()), down, context);
                });
            });
    }
    /// Fails this incarnation when the current incarnation of `other` fails.
    template <class Other>
    void link(const Other& other) {
        monitor(other, [](A&, const Down& down, Context& context) {
            if (down.reason.is_failure()) context.fail("linked " + down.reason.text());
        });
    }

    /// Runs `work(std::stop_token)` on the CPU pool and then `then(actor, expected<T,
    /// OffloadError>, context)` on this actor's turn, exactly once while this incarnation lives.
    /// The token is signalled when the incarnation ends. `work` must own what it uses: it may
    /// outlive the actor.
    template <class F, class K>
    void offload(F work, K then) {
        static_assert(std::invocable<F&, std::stop_token>,
                      "off-loaded work takes a std::stop_token");
        using T = std::invoke_result_t<F&, std::stop_token>;
        static_assert(std::invocable<K&, A&, std::expected<T, OffloadError>, Context&>,
                      "off-loaded work continues with then(actor, expected<T, OffloadError>, "
                      "context)");
        if (cell_.is_ending()) return;
        auto job = std::make_unique<detail::OffloadJob<A, T, F, K>>(
            cell_, std::move(work), std::move(then));
        auto& outcome = *job;
        std::move_only_function<void()> run = [job = std::move(job)] { job->run(); };
        if (!cell_.core().offload().submit(run)) outcome.unfinished = OffloadError::Kind::full;
    }

    /// Hands each item of `source`, a Source<T>, to handle(T) and its end to handle(SourceEnd).
    template <class S>
    void listen(std::shared_ptr<S> source) {
        using T = typename S::Item;
        static_assert(HandlesPlain<A, T>, "a listener needs handle(T, Context&)");
        static_assert(HandlesPlain<A, SourceEnd>,
                      "a listener needs handle(SourceEnd, Context&): no source ends silently");
        if (cell_.is_ending()) return;
        detail::demand_next<A, T>(
            cell_, cell_.add_listener(std::shared_ptr<Source<T>>{std::move(source)}));
    }

  private:
    Time due(Duration delay) const { return now() + std::max(delay, Duration::zero()); }

    template <class M>
    Cell::Action deliver_later(M message) {
        return [&cell = cell_, message = std::move(message)]() mutable {
            Context context{cell};
            static_cast<A*>(cell.actor())->handle(std::move(message), context);
        };
    }

    template <class M>
    static void set_tick(Cell& cell, const TimerKey& key, Time at, Duration period, M message) {
        cell.set_timer(key,
                       at,
                       type_name<M>(),
                       [&cell, key, at, period, message = std::move(message)]() mutable {
                           const Duration late = cell.scheduler().now() - at;
                           const auto missed = std::max<Duration::rep>(0, late / period);
                           set_tick(cell, key, at + (missed + 1) * period, period, message);
                           cell.missed_ticks = static_cast<std::uint64_t>(missed);
                           Context context{cell};
                           static_cast<A*>(cell.actor())->handle(std::move(message), context);
                           cell.missed_ticks = 0;
                       });
    }

    Cell& cell_;
};

}  // namespace lepton::actor
