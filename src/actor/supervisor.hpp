// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A supervisor starts its children in order, each after the previous one has started; restarts
// those that end; gives up when they end too often; stops them in reverse order. It is a cell
// itself, so supervisors form a tree. When the root gives up, the process exits.
#pragma once

#include "actor/cell.hpp"
#include "actor/exit_reason.hpp"
#include "base/clock.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::actor {

/// What happens when a child ends although no one stopped it.
enum class Restart : std::uint8_t {
    permanent,  ///< it is restarted
    transient,  ///< it is restarted after a failure
    temporary,  ///< it stays away
    essential,  ///< it is never restarted: its supervisor gives up at once
};

/// Which children are restarted together. The others are stopped first, in reverse order.
enum class Strategy : std::uint8_t {
    one_for_one,   ///< the one that ended
    one_for_all,   ///< all
    rest_for_one,  ///< the one that ended and those declared after it
};

/// What a child does with waiting messages when the system stops.
enum class OnStop : std::uint8_t {
    discard,  ///< counts them as undelivered
    drain,    ///< handles them, until its deadline
};

struct SupervisorSpec {
    std::string name = "root";
    Strategy strategy = Strategy::one_for_one;
    /// It gives up when its children end more often than this within `window`; 0: at once.
    /// Children that fail before all have started once are never restarted.
    unsigned max_restarts = 3;
    Duration window = std::chrono::seconds{5};
    /// Wait before a restart: doubles with each restart in the window; a random part of up to a
    /// half is taken off.
    Duration backoff_min = std::chrono::milliseconds{100};
    Duration backoff_max = std::chrono::seconds{30};
    /// What the supervisor above does when this one gives up.
    Restart restart = Restart::permanent;
};

/// One actor of a system: its name, where it runs, and how it is supervised.
struct ChildSpec {
    std::string name;
    Scheduler& scheduler;
    Restart restart = Restart::permanent;
    OnStop on_stop = OnStop::discard;
    /// A handler that runs longer while the system stops makes the exit code 72.
    Duration stop_deadline = std::chrono::seconds{2};
    /// The supervisor between it and the root; null: the root itself. Children with the same
    /// pointer share one, which stands where its first child is declared.
    const SupervisorSpec* supervisor = nullptr;
};

class Supervisor final : public Cell, public Parent {
  public:
    struct Child {
        CellPtr cell;
        Restart restart = Restart::permanent;
        OnStop on_stop = OnStop::discard;
        Duration stop_deadline{};
    };

    /// `system_stop_deadline`: only for the root. The system's wait ends when the root has ended,
    /// at latest so long after it began to.
    Supervisor(std::shared_ptr<SystemCore> core,
               Scheduler& scheduler,
               SupervisorSpec spec,
               std::optional<Duration> system_stop_deadline = std::nullopt);

    // ---- any thread

    /// Adds children after the present ones and starts them; closes them if it has ended.
    void adopt(const std::vector<Child>& children);
    void child_started(std::uint64_t child) override;
    void child_exited(std::uint64_t child, const ExitReason& reason, bool is_closed) override;

    void* actor() override { return nullptr; }

  private:
    enum class Phase : std::uint8_t {
        idle,      // all children that should be up are up
        starting,  // one after the other, from first_
        stopping,  // those from first_ on, in reverse, to restart them
        waiting,   // back-off before they are started
        ending,    // all of them, in reverse, and then itself
    };
    enum class ChildState : std::uint8_t { down, waiting, starting, up, stopping, gone };
    struct Entry {
        Child child;
        ChildState state = ChildState::down;
        bool is_closed = false;
        std::uint64_t stop_timer = 0;
    };

    void begin() override;
    void on_running() override { advance(); }
    void on_stop(StopMode mode) override;
    void call_stopped(const ExitReason& reason) noexcept override;
    void destroy_actor() noexcept override {}
    void release() noexcept override;

    void advance();
    void start_next();
    void stop_next();
    bool is_settled(const Entry& entry) const;
    void stop_child(Entry& entry, StopMode mode);
    void on_stop_overdue(std::uint64_t child, StopMode mode);
    void on_system_stop_overdue();
    void on_exit(Entry& entry, const ExitReason& reason);
    void restart(Entry& entry, const ExitReason& reason);
    Duration next_backoff();
    void give_up(const ExitReason& reason);
    void begin_ending(const ExitReason& reason);
    void finish();
    Entry* find(std::uint64_t child);
    bool is_root() const { return system_stop_deadline_.has_value(); }

    const SupervisorSpec spec_;
    const std::optional<Duration> system_stop_deadline_;
    std::vector<Entry> children_;
    Phase phase_ = Phase::idle;
    std::size_t first_ = 0;          // of the children that are stopped, awaited or started
    bool has_started_once_ = false;  // before, a failed start is final
    bool is_acknowledged_ = false;   // of this incarnation
    std::deque<Time> restarts_;      // within the window, at most max_restarts + 1
    ExitReason end_reason_;
};

}  // namespace lepton::actor
