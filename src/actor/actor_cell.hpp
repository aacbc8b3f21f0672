// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The cell of an actor of type A: makes its incarnations with a factory and calls its hooks. Used
// only by System.
#pragma once

#include "actor/cell.hpp"
#include "actor/context.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lepton::actor {

template <class A>
class ActorCell final : public Cell {
  public:
    static_assert(Actor<A>,
                  "each message in accepts needs handle(M, Context&) with a fitting result");
    static_assert(std::is_nothrow_destructible_v<A>, "an actor's destructor may not throw");

    ActorCell(std::shared_ptr<SystemCore> core, Scheduler& scheduler, std::string name)
        : Cell(std::move(core), scheduler, std::move(name), A::accepts::specs) {}

    /// Sets how an incarnation is made; called at each start.
    template <class F>
    void bind(F factory) {
        make_ = [factory = std::move(factory)](std::optional<A>& actor) mutable {
            // Converts at the place of construction, so A need not be movable.
            struct Made {
                F& factory;
                operator A() const { return factory(); }
            };
            actor.emplace(Made{factory});
        };
    }

    void* actor() override { return &*actor_; }

  private:
    void begin() override {
        make_(actor_);
        if constexpr (requires { &A::started; }) {
            static_assert(
                requires(A& a, Context<A>& context) { a.started(context); },
                "the hook is void started(Context<A>&)");
            Context<A> context{*this};
            actor_->started(context);
        }
    }
    void call_stopped(const ExitReason& reason) noexcept override {
        if constexpr (requires { &A::stopped; }) {
            static_assert(
                requires(A& a, Context<A>& context) {
                    { a.stopped(reason, context) } noexcept;
                }, "the hook is void stopped(const ExitReason&, Context<A>&) noexcept");
            Context<A> context{*this};
            if (actor_) actor_->stopped(reason, context);
        }
    }
    void destroy_actor() noexcept override { actor_.reset(); }
    void release() noexcept override {
        make_ = nullptr;
        Cell::release();
    }

    std::move_only_function<void(std::optional<A>&)> make_;
    std::optional<A> actor_;
};

}  // namespace lepton::actor
