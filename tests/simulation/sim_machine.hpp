// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The machine one simulated node runs on: its clocks, its processors and its timers, over the
// simulator's time. A machine can stand still, tell a wrong time, be slow and have no room; it
// outlives the processes on it. One thread.
//
// Timers are kept by the machine's own monotonic time and follow it when it drifts. One thing
// happens at a time: a timer, or a turn of one actor, drawn among those that have something to do.
// Off-loaded work runs on kProcessors, each piece at the cost that is set.
#pragma once

#include "actor/scheduler.hpp"
#include "actor/simulator.hpp"
#include "actor/timer_queue.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "libp2p/reactor.hpp"

#include <array>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lepton::simulation {

class SimMachine final : public actor::Scheduler, public actor::Offload, public libp2p::Reactor {
  public:
    static constexpr std::size_t kProcessors = 2;
    static constexpr Duration kWorkCost = std::chrono::milliseconds{5};
    static constexpr std::size_t kWorkQueueMax = 256;

    SimMachine(actor::Simulator& simulator, std::uint64_t seed);
    ~SimMachine() override;
    SimMachine(const SimMachine&) = delete;
    SimMachine& operator=(const SimMachine&) = delete;

    /// The process on it is gone: forgets its timers, turns and work.
    void clear();

    // ---- faults

    void set_paused(bool is_paused);
    /// `drift_ppm`: how much too fast both clocks run; `offset`: how much wall time is ahead, apart
    /// from what drift has added. A drift of 0 also corrects what earlier drift has added.
    void set_clock(std::int64_t drift_ppm, Duration offset);
    /// How much longer off-loaded work takes, and how many pieces may wait or run.
    void set_work(std::uint64_t slow_factor, std::size_t queue_max);
    /// Actors called so get no turn.
    void set_stalled(std::set<std::string, std::less<>> actors);

    /// Whether the actor called so gets turns: everything that is due has been done.
    bool has_turns(std::string_view actor) const {
        return !is_paused_ && !stalled_.contains(actor);
    }

    /// Work that was refused because the queue was full, so far.
    std::uint64_t refused_work() const { return refused_work_; }

    // ---- actor::Scheduler, libp2p::Reactor

    void post(actor::CellPtr cell) override;
    Time now() const override { return clock_.now(); }
    actor::TimerId at(Time when, actor::CellPtr cell, std::uint64_t token) override;
    void cancel(std::uint64_t timer) override;
    int quantum() const override { return 1; }
    void on_turn(std::string_view cell, std::string_view message) override;

    const Clock& clock() const override { return clock_; }
    libp2p::TimerId after(Duration delay, std::move_only_function<void()> action) override;

    // ---- actor::Offload

    bool submit(std::move_only_function<void()>& job) override;

  private:
    class MachineClock final : public Clock {
      public:
        explicit MachineClock(const actor::Simulator& simulator);
        Time now() const override;
        UnixMs unix_ms() const override;
        void set(std::int64_t drift_ppm, Duration offset);
        /// Returns when this clock will show `local`, in the simulator's time.
        Time when(Time local) const;

      private:
        const actor::Simulator& simulator_;
        UnixMs unix_ms_at_zero_;
        // now = local_ + (simulator's now - true_) * (1 + drift)
        Time true_;
        Time local_;
        std::int64_t drift_ppm_ = 0;
        Duration offset_{};
        /// Of `now` over the simulator's, when wall time was last corrected.
        Duration corrected_{};
    };

    using CellTimer = std::pair<actor::CellPtr, std::uint64_t>;
    using Callback = std::move_only_function<void()>;

    bool has_turn() const;
    /// Sees to it that the simulator calls run() when the next thing is due.
    void arm();
    void run();
    void run_turn();

    actor::Simulator& simulator_;
    SeededRandom random_;
    MachineClock clock_;
    actor::TimerQueue<std::variant<CellTimer, Callback>> timers_;
    std::vector<actor::CellPtr> ready_;
    std::array<Time, kProcessors> free_at_{};
    std::size_t work_ = 0;
    std::uint64_t refused_work_ = 0;
    std::uint64_t slow_factor_ = 1;
    std::size_t work_max_ = kWorkQueueMax;
    std::set<std::string, std::less<>> stalled_;
    bool is_paused_ = false;
    /// The simulator's timer for run(), and when it is due.
    actor::TimerId armed_ = 0;
    Time armed_for_{};
    std::uint64_t steps_this_instant_ = 0;
    Time instant_{};
};

}  // namespace lepton::simulation
