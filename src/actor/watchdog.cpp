// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/watchdog.hpp"

#include "actor/exit_reason.hpp"
#include "base/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace lepton::actor {
namespace {

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Writes straight to stderr: the log may be held by the thread that is stuck, and _Exit flushes
// nothing.
[[noreturn]] void end_process(const std::string& reason) {
    const std::string line = "watchdog_exit " + reason + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    std::_Exit(kExitDeadline);
}

}  // namespace

std::string StallDetector::Stall::text() const {
    return fmt::format("component={} message={} depth={} stalled_ms={}",
                       cell.name,
                       cell.in_message.empty() ? "-" : cell.in_message,
                       cell.depth,
                       milliseconds(duration));
}

std::vector<StallDetector::Stall> StallDetector::look(const std::vector<CellProgress>& cells,
                                                      Time now) {
    const Duration passed = std::min(now - last_look_, 2 * limits_.interval);
    last_look_ = now;
    std::vector<Stall> stalls;
    std::map<std::uint64_t, Seen> seen;
    for (const CellProgress& cell : cells) {
        Seen current{.turns = cell.turns, .stalled = {}};
        const auto before = seen_.find(cell.id);
        if (cell.is_pending && before != seen_.end() && before->second.turns == cell.turns) {
            current.stalled = before->second.stalled + passed;
            if (current.stalled >= limits_.log_after) {
                stalls.push_back({.cell = cell,
                                  .duration = current.stalled,
                                  .is_new = before->second.stalled < limits_.log_after});
            }
        }
        seen.emplace(cell.id, current);
    }
    seen_.swap(seen);
    return stalls;
}

Watchdog::Watchdog(const System& system, const Clock& clock, const WatchdogLimits& limits)
    : system_(system), clock_(clock), limits_(limits), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    stopped_.notify_all();
    thread_.join();
}

void Watchdog::watch() {
    StallDetector detector{limits_};
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, limits_.interval, [&] { return is_stopping_; })) look(detector);
}

void Watchdog::look(StallDetector& detector) const {
    for (const auto& stall : detector.look(system_.progress(), clock_.now())) {
        if (stall.is_new) log::error("actor_stalled {}", stall.text());
        if (stall.duration >= limits_.exit_after) end_process(stall.text());
    }
    const auto due = system_.stop_due();
    if (due && clock_.now() > *due + limits_.stop_grace)
        end_process("component=root message=stop what=\"the ordered stop did not end\"");
}

}  // namespace lepton::actor
