// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Ends a process that is stuck: a handler or a job that never returns, actors that find no thread,
// a thread that stands still, a stop that does not end. A supervisor cannot see these, as nothing
// exits. Has a thread of its own, which the main thread watches in turn.
#pragma once

#include "actor/snapshot.hpp"
#include "actor/system.hpp"
#include "base/clock.hpp"
#include "base/pulse.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lepton::actor {

struct WatchdogLimits {
    Duration interval = std::chrono::seconds{1};     ///< between two looks
    Duration log_after = std::chrono::seconds{5};    ///< a stall is logged, once
    Duration exit_after = std::chrono::seconds{30};  ///< a stall ends the process
    Duration stop_grace = std::chrono::seconds{5};   ///< above the system's stop deadline
};

/// Finds actors that have work but make no progress, by comparing their turn counters.
class StallDetector {
  public:
    struct Stall {
        CellProgress cell;
        Duration duration{};
        bool is_new = false;  ///< crossed log_after just now

        /// Returns `component=.. message=.. depth=.. stalled_ms=..`.
        std::string text() const;
    };

    explicit StallDetector(const WatchdogLimits& limits) : limits_(limits) {}

    /// Returns the actors that have stalled for at least log_after. A pause of the whole process
    /// between two looks counts as at most two intervals.
    std::vector<Stall> look(const std::vector<CellProgress>& cells, Time now);

  private:
    struct Seen {
        std::uint64_t turns = 0;
        Duration stalled{};
    };

    const WatchdogLimits limits_;
    Time last_look_{};
    std::map<std::uint64_t, Seen> seen_;
};

class Watchdog {
  public:
    /// Threads and jobs outside the system, in the same order each time; their ids are ignored.
    using Others = std::function<std::vector<CellProgress>()>;

    /// Watches until it is destroyed; destroy it before `system`. On a stall or an overdue stop the
    /// process ends with _Exit(72) after one line on stderr. `clock` must be the time of the
    /// system's schedulers. `others` is called on the watchdog's thread.
    Watchdog(const System& system,
             const Clock& clock,
             const WatchdogLimits& limits = {},
             Others others = nullptr);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// As System::wait_exit(), and ends the process as above when the watchdog itself stands still.
    Exit wait_exit() const;

    /// Returns what has stalled for at least log_after, as `component=.. message=.. depth=..
    /// stalled_ms=..`; the watchdog itself included. Any thread.
    std::vector<std::string> stalls() const;

  private:
    void watch();
    void look(StallDetector& detector);
    std::vector<CellProgress> progress() const;

    const System& system_;
    const Clock& clock_;
    const WatchdogLimits limits_;
    const Others others_;
    Pulse pulse_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool is_stopping_ = false;
    mutable std::mutex stalls_mutex_;
    std::vector<std::string> stalls_;
    Time last_look_;
    std::thread thread_;
};

/// Ends the process with _Exit(72) and one line on stderr, unless it is destroyed within `limit`:
/// for what comes after a system's ordered stop, when joins of threads are all that is left.
class ExitDeadline {
  public:
    explicit ExitDeadline(Duration limit);
    ~ExitDeadline();
    ExitDeadline(const ExitDeadline&) = delete;
    ExitDeadline& operator=(const ExitDeadline&) = delete;

  private:
    std::mutex mutex_;
    std::condition_variable done_;
    bool is_done_ = false;
    std::thread thread_;
};

}  // namespace lepton::actor
