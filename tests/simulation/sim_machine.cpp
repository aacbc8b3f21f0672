// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_machine.hpp"

#include "actor/cell.hpp"
#include "base/assert.hpp"

#include <algorithm>
#include <optional>

namespace lepton::simulation {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
/// Turns and timers without any progress of time; more are a livelock.
constexpr std::uint64_t kStepsPerInstantMax = 10'000'000;

}  // namespace

// ---- clock

SimMachine::MachineClock::MachineClock(const actor::Simulator& simulator)
    : simulator_(simulator),
      unix_ms_at_zero_(simulator.clock().unix_ms() -
                       static_cast<UnixMs>(simulator.now().time_since_epoch().count() / kMillion)),
      true_(simulator.now()),
      local_(simulator.now()) {}

Time SimMachine::MachineClock::now() const {
    const Duration elapsed = simulator_.now() - true_;
    return local_ + elapsed + elapsed * drift_ppm_ / kMillion;
}

UnixMs SimMachine::MachineClock::unix_ms() const {
    const Duration since_zero = now().time_since_epoch() - corrected_ + offset_;
    return unix_ms_at_zero_ + static_cast<UnixMs>(since_zero.count() / kMillion);
}

void SimMachine::MachineClock::set(std::int64_t drift_ppm, Duration offset) {
    local_ = now();
    true_ = simulator_.now();
    drift_ppm_ = drift_ppm;
    offset_ = offset;
    if (drift_ppm == 0) corrected_ = local_ - true_;
}

Time SimMachine::MachineClock::when(Time local) const {
    if (local <= now()) return simulator_.now();
    const Duration left = local - local_;
    Time result = true_ + left - left * drift_ppm_ / (kMillion + drift_ppm_);
    // Rounding: not before.
    const auto shown = [&] {
        const Duration elapsed = result - true_;
        return local_ + elapsed + elapsed * drift_ppm_ / kMillion;
    };
    while (shown() < local) result += Duration{1};
    return result;
}

// ---- the machine

SimMachine::SimMachine(actor::Simulator& simulator, std::uint64_t seed)
    : simulator_(simulator), random_(seed), clock_(simulator) {}

SimMachine::~SimMachine() {
    simulator_.cancel(armed_);
}

void SimMachine::clear() {
    // What is destroyed here may set timers and submit work, which go too.
    while (timers_.size() > 0) timers_.take_first();
    while (!ready_.empty()) ready_.pop_back();
    work_ = 0;
    free_at_ = {};
    arm();
}

void SimMachine::set_paused(bool is_paused) {
    is_paused_ = is_paused;
    arm();
}

void SimMachine::set_clock(std::int64_t drift_ppm, Duration offset) {
    clock_.set(drift_ppm, offset);
    arm();
}

void SimMachine::set_work(std::uint64_t slow_factor, std::size_t queue_max) {
    slow_factor_ = slow_factor;
    work_max_ = queue_max;
}

void SimMachine::set_stalled(std::set<std::string, std::less<>> actors) {
    stalled_ = std::move(actors);
    arm();
}

void SimMachine::post(actor::CellPtr cell) {
    ready_.push_back(std::move(cell));
    arm();
}

actor::TimerId SimMachine::at(Time when, actor::CellPtr cell, std::uint64_t token) {
    const auto timer = timers_.add(std::max(when, now()), CellTimer{std::move(cell), token});
    arm();
    return timer;
}

libp2p::TimerId SimMachine::after(Duration delay, std::move_only_function<void()> action) {
    const auto timer = timers_.add(now() + std::max(delay, Duration::zero()), std::move(action));
    arm();
    return timer;
}

void SimMachine::cancel(std::uint64_t timer) {
    const auto cancelled = timers_.cancel(timer);
    if (cancelled) arm();
}

void SimMachine::on_turn(std::string_view cell, std::string_view message) {
    simulator_.on_turn(cell, message);
}

bool SimMachine::submit(std::move_only_function<void()>& job) {
    if (work_ >= work_max_) {
        ++refused_work_;
        return false;
    }
    ++work_;
    // Half of the cost to one and a half.
    const auto base = static_cast<std::uint64_t>(kWorkCost.count()) * slow_factor_;
    const Duration cost{static_cast<Duration::rep>(base / 2 + random_.below(base + 1))};
    Time& free_at = *std::ranges::min_element(free_at_);
    free_at = std::max(free_at, now()) + cost;
    timers_.add(free_at, [this, job = std::move(job)]() mutable {
        --work_;
        job();
    });
    arm();
    return true;
}

bool SimMachine::has_turn() const {
    if (stalled_.empty()) return !ready_.empty();
    return std::ranges::any_of(
        ready_, [this](const auto& cell) { return !stalled_.contains(cell->name()); });
}

void SimMachine::arm() {
    std::optional<Time> due;
    if (!is_paused_) {
        if (has_turn()) {
            due = simulator_.now();
        } else if (const auto next = timers_.next_due()) {
            due = clock_.when(*next);
        }
    }
    if (armed_ != 0 && due && armed_for_ == *due) return;
    if (armed_ != 0) simulator_.cancel(std::exchange(armed_, 0));
    if (!due) return;
    armed_for_ = *due;
    armed_ = simulator_.at(*due, [this] { run(); });
}

void SimMachine::run() {
    armed_ = 0;
    if (instant_ != simulator_.now()) steps_this_instant_ = 0;
    instant_ = simulator_.now();
    LEPTON_ASSERT(++steps_this_instant_ <= kStepsPerInstantMax,
                  "the actors of a node keep each other busy without end");
    if (has_turn()) {
        run_turn();
    } else if (const auto next = timers_.next_due(); next && *next <= now()) {
        auto timer = timers_.take_first();
        if (auto* const cell_timer = std::get_if<CellTimer>(&timer)) {
            cell_timer->first->fire(cell_timer->second);
        } else {
            std::get<Callback>(timer)();
        }
    }
    arm();
}

void SimMachine::run_turn() {
    auto drawn = static_cast<std::size_t>(random_.below(ready_.size()));
    while (stalled_.contains(ready_[drawn]->name())) drawn = (drawn + 1) % ready_.size();
    const actor::CellPtr cell = std::exchange(ready_[drawn], std::move(ready_.back()));
    ready_.pop_back();
    cell->run();
}

}  // namespace lepton::simulation
