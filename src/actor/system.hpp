// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A System is the actors of one node under one root supervisor. It creates all mailboxes before
// any actor exists, so that each actor is constructed with its peers; it stops them in order and
// says with which code and for which reason the process is to exit. Any thread, unless said
// otherwise.
//
// Destroy in this order: the System, the CPU pool, the schedulers.
#pragma once

#include "actor/actor_cell.hpp"
#include "actor/context.hpp"
#include "actor/exit_reason.hpp"
#include "actor/ref.hpp"
#include "actor/scheduler.hpp"
#include "actor/snapshot.hpp"
#include "actor/supervisor.hpp"
#include "actor/system_core.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lepton::actor {

struct SystemOptions {
    Scheduler& control;  ///< where supervisors run
    Offload& offload;    ///< for Context::offload
    Random& random;      ///< for restart back-off; used under a lock of the system
    SupervisorSpec root{};
    /// From the beginning of the ordered stop to its end; beyond it the exit code is 72.
    Duration stop_deadline = std::chrono::seconds{10};
};

class System {
  public:
    explicit System(const SystemOptions& options);
    /// Kills what was not stopped.
    ~System();
    System(const System&) = delete;
    System& operator=(const System&) = delete;

    /// Creates the actors `A...` under the root supervisor and starts them in the order given.
    /// `factories`: one per actor, called with the references of all of them at each start of the
    /// actor, on its turn: `[..](const auto& refs) { return A{std::get<1>(refs), ...}; }`.
    /// Returns the references.
    template <class... A, class... F>
    std::tuple<ActorRef<A>...> wire(const ChildSpec (&children)[sizeof...(A)], F... factories) {
        static_assert(sizeof...(A) == sizeof...(F), "wire needs one factory per actor");
        return wire_all(children,
                        std::tuple<F...>{std::move(factories)...},
                        std::type_identity<std::tuple<A...>>{},
                        std::index_sequence_for<A...>{});
    }

    /// Creates one more actor under the root supervisor, last in the order. `factory`: `A()`.
    template <class A, class F>
    ActorRef<A> spawn(const ChildSpec& child, F factory) {
        return std::get<0>(wire<A>(
            {child}, [factory = std::move(factory)](const auto&) mutable { return factory(); }));
    }

    /// Returns whether all actors have started once and the system is not stopping.
    bool is_ready() const { return core_->is_ready; }

    /// Begins the ordered stop, children in reverse order, with exit code 0. Later calls, and calls
    /// while the system stops for another reason, change nothing.
    void shutdown(const std::string& reason = "shutdown");
    /// Begins the ordered stop with another exit code.
    void fail(const Exit& cause) { core_->request_stop(cause); }

    /// Ends all actors at once as a crash does: no stopped() hooks, waiting messages are lost,
    /// their askers are answered `stopped`, those of parked replies `dropped`. Waits for running
    /// handlers. Not from a handler of this system.
    void kill();

    /// Blocks until the system has stopped; returns the exit code and the reason, a line that names
    /// the failed component. After code 72 a handler may be stuck: end the process with _Exit, as
    /// destroying the System would wait for it. Not with the simulator.
    Exit wait_exit() const;
    /// As wait_exit(), but at most for `duration`: nothing while the system runs.
    std::optional<Exit> wait_exit_for(Duration duration) const;
    /// As wait_exit(), without blocking: nothing while the system runs.
    std::optional<Exit> exit() const { return core_->published(); }

    /// Returns the counters of all actors. Cost: one short lock per actor.
    std::vector<CellSnapshot> snapshot() const;

    /// For the watchdog: asks every actor for a sign of life (Cell::request_pulse), so that also
    /// one that has nothing to do shows whether its threads work.
    void request_pulses() const;
    std::vector<CellProgress> progress() const;
    std::optional<Time> stop_due() const;

  private:
    template <class F, class... A, std::size_t... I>
    std::tuple<ActorRef<A>...> wire_all(std::span<const ChildSpec> children,
                                        F factories,
                                        std::type_identity<std::tuple<A...>>,
                                        std::index_sequence<I...>) {
        using Refs = std::tuple<ActorRef<A>...>;
        const auto cells = std::tuple{
            std::make_shared<ActorCell<A>>(core_, children[I].scheduler, children[I].name)...};
        const Refs refs{ActorRef<A>{std::get<I>(cells)}...};
        (bind<A>(*std::get<I>(cells), std::move(std::get<I>(factories)), refs), ...);
        adopt(children, std::array<CellPtr, sizeof...(A)>{std::get<I>(cells)...});
        return refs;
    }

    template <class A, class F, class Refs>
    static void bind(ActorCell<A>& cell, F factory, const Refs& refs) {
        static_assert(std::invocable<F&, const Refs&>,
                      "a factory takes the references of all actors: [](const auto& refs)");
        static_assert(std::same_as<std::invoke_result_t<F&, const Refs&>, A>,
                      "the factory at this position must return its actor");
        cell.bind([factory = std::move(factory), refs]() mutable { return factory(refs); });
    }

    void adopt(std::span<const ChildSpec> children, std::span<const CellPtr> cells);

    const SystemOptions options_;
    const std::shared_ptr<SystemCore> core_;
    const std::shared_ptr<Supervisor> root_;
    mutable std::mutex mutex_;
    std::vector<CellPtr> cells_;  // all that ever were, except closed ones that were spawned
};

}  // namespace lepton::actor
