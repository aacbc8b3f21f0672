// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/watchdog.hpp"

#include "actor/exit_reason.hpp"
#include "base/assert.hpp"
#include "base/fault.hpp"
#include "base/log.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace lepton::actor {
namespace {

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Writes straight to stderr: the log may be held by the thread that is stuck, and _Exit flushes
// nothing. Where nobody reads stderr, the line is lost rather than the end.
[[noreturn]] void end_process(const std::string& reason) {
    const std::string line = "watchdog_exit " + reason + "\n";
    ::pollfd to{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&to, 1, 0) == 1) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    }
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
    const auto log_after = [&](const CellProgress& cell) {
        return cell.patience > Duration::zero() ? cell.patience / 2 : limits_.log_after;
    };
    last_look_ = now;
    std::vector<Stall> stalls;
    std::map<std::uint64_t, Seen> seen;
    for (const CellProgress& cell : cells) {
        Seen current{.turns = cell.turns, .stalled = {}};
        const auto before = seen_.find(cell.id);
        if (cell.is_pending && before != seen_.end() && before->second.turns == cell.turns) {
            current.stalled = before->second.stalled + passed;
            if (current.stalled >= log_after(cell)) {
                stalls.push_back({.cell = cell,
                                  .duration = current.stalled,
                                  .is_new = before->second.stalled < log_after(cell)});
            }
        }
        seen.emplace(cell.id, current);
    }
    seen_.swap(seen);
    return stalls;
}

Watchdog::Watchdog(const System& system,
                   const Clock& clock,
                   const WatchdogLimits& limits,
                   Others others)
    : system_(system),
      clock_(clock),
      limits_(limits),
      others_(std::move(others)),
      last_look_(clock.now()),
      thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    stopped_.notify_all();
    thread_.join();
}

Exit Watchdog::wait_exit() const {
    StallDetector detector{limits_};
    for (;;) {
        if (auto exit = system_.wait_exit_for(limits_.interval)) return *exit;
        const CellProgress self{.name = "watchdog",
                                .id = 0,
                                .turns = pulse_.beats(),
                                .is_pending = true,
                                .in_message = "look",
                                .depth = 0,
                                .patience = {}};
        for (const auto& stall : detector.look({self}, clock_.now()))
            if (stall.duration >= limits_.exit_after) end_process(stall.text());
    }
}

std::vector<std::string> Watchdog::stalls() const {
    const std::lock_guard lock(stalls_mutex_);
    std::vector<std::string> out = stalls_;
    const Duration silent = clock_.now() - last_look_;
    if (silent >= limits_.log_after) {
        out.push_back(fmt::format("component=watchdog message=look depth=0 stalled_ms={}",
                                  milliseconds(silent)));
    }
    return out;
}

std::vector<CellProgress> Watchdog::progress() const {
    std::vector<CellProgress> all = system_.progress();
    if (!others_) return all;
    std::uint64_t id = UINT64_MAX;  // far from those of actors
    for (CellProgress& other : others_()) {
        other.id = id--;
        all.push_back(std::move(other));
    }
    return all;
}

void Watchdog::watch() {
    ::pthread_setname_np(::pthread_self(), "watchdog");
    StallDetector detector{limits_};
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, limits_.interval, [&] { return is_stopping_; })) {
        if (LEPTON_FAULT("thread.watchdog")) break;
        look(detector);
    }
    LEPTON_ASSERT(is_stopping_, "thread watchdog ended by itself");
}

void Watchdog::look(StallDetector& detector) {
    pulse_.beat();
    const auto stalls = detector.look(progress(), clock_.now());
    {
        const std::lock_guard lock(stalls_mutex_);
        last_look_ = clock_.now();
        stalls_.clear();
        for (const auto& stall : stalls) stalls_.push_back(stall.text());
    }
    for (const auto& stall : stalls) {
        const Duration patience = stall.cell.patience;
        const bool is_over =
            stall.duration >= (patience > Duration::zero() ? patience : limits_.exit_after);
        if (is_over) end_process(stall.text());
        if (stall.is_new) log::error("actor_stalled {}", stall.text());
    }
    system_.request_pulses();
    const auto due = system_.stop_due();
    if (due && clock_.now() > *due + limits_.stop_grace)
        end_process("component=root message=stop what=\"the ordered stop did not end\"");
}

ExitDeadline::ExitDeadline(Duration limit)
    : thread_([this, limit] {
          std::unique_lock lock(mutex_);
          if (done_.wait_for(lock, limit, [&] { return is_done_; })) return;
          end_process("component=main message=stop what=\"a thread did not end\"");
      }) {}

ExitDeadline::~ExitDeadline() {
    {
        const std::lock_guard lock(mutex_);
        is_done_ = true;
    }
    done_.notify_all();
    thread_.join();
}

}  // namespace lepton::actor
