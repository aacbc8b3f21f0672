// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Time as an injected dependency. Slots follow wall time (Unix milliseconds), timers follow
// monotonic time. Nothing in lepton outside this file reads a clock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lepton {

using Duration = std::chrono::nanoseconds;
/// A point of monotonic time. Its epoch is the clock's own; only differences mean something.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Milliseconds since the Unix epoch.
using UnixMs = std::uint64_t;

/// Both kinds of time. Implementations may be called from any thread.
class Clock {
  public:
    virtual ~Clock() = default;

    /// Returns monotonic time; never goes back.
    virtual Time now() const = 0;

    /// Returns wall time in Unix milliseconds; may step when the system's clock is set.
    virtual UnixMs unix_ms() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
  public:
    Time now() const override;
    UnixMs unix_ms() const override;
};

/// A clock that moves only when told: tests and simulation. `offset` separates wall time from
/// monotonic time.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(UnixMs unix_ms_at_start = 0) : unix_ms_at_start_(unix_ms_at_start) {}

    Time now() const override { return Time{Duration{elapsed_ns_.load()}}; }
    UnixMs unix_ms() const override {
        return unix_ms_at_start_.load() + static_cast<UnixMs>(elapsed_ns_.load() / 1'000'000);
    }

    /// Moves both kinds of time forward.
    void advance(Duration by) { elapsed_ns_ += by.count(); }
    /// Moves both kinds of time forward to the monotonic point `to`; does nothing when it is past.
    void advance_to(Time to);
    /// Steps wall time only, as an operator or time server does.
    void step_wall(std::int64_t by_ms) { unix_ms_at_start_ += static_cast<UnixMs>(by_ms); }

  private:
    std::atomic<UnixMs> unix_ms_at_start_;
    std::atomic<std::int64_t> elapsed_ns_{0};
};

}  // namespace lepton
