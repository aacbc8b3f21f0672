// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/simulator.hpp"

#include "actor/cell.hpp"
#include "base/assert.hpp"

#include <algorithm>
#include <optional>

namespace lepton::actor {
namespace {

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

void mix(std::uint64_t& hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
    hash *= kFnvPrime;  // a NUL byte: "ab" + "c" is not "a" + "bc"
}

void mix(std::uint64_t& hash, std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8)
        hash = (hash ^ ((number >> shift) & 0xff)) * kFnvPrime;
}

}  // namespace

Simulator::Simulator(const SimulatorOptions& options)
    : options_(options),
      clock_(options.unix_ms_at_start),
      random_(options.seed),
      hash_(kFnvOffset) {}

TimerId Simulator::at(Time when, std::move_only_function<void()> action) {
    return timers_.add(std::max(when, now()), std::move(action));
}

TimerId Simulator::at(Time when, CellPtr cell, std::uint64_t token) {
    return timers_.add(std::max(when, now()), CellTimer{std::move(cell), token});
}

bool Simulator::submit(std::move_only_function<void()>& job) {
    if (offloaded_ >= options_.offload_queue_max) return false;
    ++offloaded_;
    after(options_.offload_cost, [this, job = std::move(job)]() mutable {
        --offloaded_;
        job();
    });
    return true;
}

void Simulator::on_turn(std::string_view cell, std::string_view message) {
    mix(hash_, cell);
    mix(hash_, message);
    mix(hash_, static_cast<std::uint64_t>(now().time_since_epoch().count()));
    if (trace_) trace_(cell, message, now());
}

bool Simulator::step() {
    if (!ready_.empty()) {
        run_one_ready();
        return true;
    }
    if (timers_.size() == 0) return false;
    run_first_timer();
    return true;
}

void Simulator::run_ready() {
    while (!ready_.empty()) run_one_ready();
}

void Simulator::run_until(Time end) {
    for (;;) {
        run_ready();
        const std::optional<Time> due = timers_.next_due();
        if (!due || *due > end) break;
        run_first_timer();
    }
    clock_.advance_to(end);
}

void Simulator::run_one_ready() {
    LEPTON_ASSERT(current_cell() == nullptr, "a handler may not run the simulation");
    ++steps_;
    LEPTON_ASSERT(++steps_this_instant_ <= options_.steps_per_instant_max,
                  "the simulated actors keep each other busy without end");
    const auto drawn = static_cast<std::size_t>(random_.below(ready_.size()));
    const CellPtr cell = std::exchange(ready_[drawn], std::move(ready_.back()));
    ready_.pop_back();
    cell->run();
}

void Simulator::run_first_timer() {
    const Time due = *timers_.next_due();
    if (due > now()) steps_this_instant_ = 0;
    clock_.advance_to(due);
    auto timer = timers_.take_first();
    if (auto* const cell_timer = std::get_if<CellTimer>(&timer)) {
        cell_timer->first->fire(cell_timer->second);
    } else {
        std::get<Callback>(timer)();
    }
}

}  // namespace lepton::actor
