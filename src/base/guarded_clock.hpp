// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Wall time that does not jump. When the system's clock is stepped, nobody can tell whether it was
// wrong before or is wrong now; a step there and back would make a node do duties early or twice.
// So wall time goes on as monotonic time says, and follows the step only when it has lasted. Any
// thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace lepton {

class GuardedClock final : public Clock {
  public:
    /// Less than this is no step: time servers correct that much at once, and a slot has room.
    static constexpr std::int64_t kStepMinMs = 500;
    /// How long a step is not believed: an operator's slip or a failing time server shows within a
    /// minute; after it, being apart from all others would cost more than it saves.
    static constexpr Duration kHold = std::chrono::seconds{60};

    /// `clock` must outlive this one.
    explicit GuardedClock(const Clock& clock);

    Time now() const override { return clock_.now(); }
    /// Returns wall time; a step of it is logged and taken over after kHold only.
    UnixMs unix_ms() const override;

  private:
    struct Sample {
        Time now;
        std::int64_t monotonic_ms = 0;
        std::int64_t offset_ms = 0;  // of wall time to monotonic time
    };
    struct Step {
        Time seen;
        std::int64_t offset_ms = 0;
    };
    Sample sample() const;

    const Clock& clock_;
    mutable std::mutex mutex_;
    mutable std::int64_t offset_ms_;
    mutable std::optional<Step> step_;
};

}  // namespace lepton
