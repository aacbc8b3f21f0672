// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A deterministic scheduler for tests: all actors of all Systems on one thread and in virtual time.
// One message is handled at a time; which actor is next is drawn from a seed; time moves only when
// no actor has anything to do. The same seed gives the same run, which the trace hash shows.
// Everything happens on the thread that calls run_until() and its like.
#pragma once

#include "actor/scheduler.hpp"
#include "actor/timer_queue.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lepton::actor {

struct SimulatorOptions {
    std::uint64_t seed = 1;
    UnixMs unix_ms_at_start = 0;
    /// How long off-loaded work takes, and how much of it may be under way.
    Duration offload_cost = std::chrono::milliseconds{5};
    std::size_t offload_queue_max = 64;
    /// Turns without any progress of virtual time; more are a livelock and end the process.
    std::uint64_t steps_per_instant_max = 10'000'000;
};

class Simulator final : public Scheduler, public Offload {
  public:
    /// Called before each delivery.
    using Trace = std::function<void(std::string_view cell, std::string_view message, Time now)>;

    explicit Simulator(const SimulatorOptions& options);

    // ---- for the test and its simulated world

    /// Virtual time, the same for everything in the simulation.
    const Clock& clock() const { return clock_; }
    /// Steps wall time, as an operator does.
    void step_wall(std::int64_t by_ms) { clock_.step_wall(by_ms); }
    /// The generator of the simulation, for latencies and losses of a simulated network.
    Random& random() { return random_; }

    /// Calls `action` once at `when` (at once, but not within this call, when that is past).
    TimerId at(Time when, std::move_only_function<void()> action);
    TimerId after(Duration delay, std::move_only_function<void()> action) {
        return at(now() + delay, std::move(action));
    }

    /// Does the next single thing; returns false when nothing is left to do.
    bool step();
    /// Lets actors run until none has anything to do, without moving time.
    void run_ready();
    /// Runs everything up to and including `end`, then it is `end`.
    void run_until(Time end);
    void run_for(Duration duration) { run_until(now() + duration); }

    /// FNV-1a over cell name, message type and virtual time of all deliveries so far.
    std::uint64_t trace_hash() const { return hash_; }
    std::uint64_t steps() const { return steps_; }
    void set_trace(Trace trace) { trace_ = std::move(trace); }

    // ---- for actors

    void post(CellPtr cell) override { ready_.push_back(std::move(cell)); }
    Time now() const override { return clock_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override;
    void cancel(TimerId timer) override { timers_.cancel(timer); }
    int quantum() const override { return 1; }
    void on_turn(std::string_view cell, std::string_view message) override;
    bool submit(std::move_only_function<void()>& job) override;

  private:
    using CellTimer = std::pair<CellPtr, std::uint64_t>;
    using Callback = std::move_only_function<void()>;

    void run_one_ready();
    void run_first_timer();

    const SimulatorOptions options_;
    ManualClock clock_;
    SeededRandom random_;
    std::vector<CellPtr> ready_;
    TimerQueue<std::variant<CellTimer, Callback>> timers_;
    std::size_t offloaded_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t steps_this_instant_ = 0;
    std::uint64_t hash_;
    Trace trace_;
};

}  // namespace lepton::actor
