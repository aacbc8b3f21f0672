// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/guarded_clock.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace lepton {
namespace {

// Both times are read as one; when the process is stopped in between, they are read again.
constexpr Duration kReadMax = std::chrono::milliseconds{20};
constexpr int kReadsMax = 10;

}  // namespace

GuardedClock::GuardedClock(const Clock& clock) : clock_(clock), offset_ms_(sample().offset_ms) {}

GuardedClock::Sample GuardedClock::sample() const {
    Sample out;
    for (int i = 0; i < kReadsMax; ++i) {
        const Time before = clock_.now();
        const auto wall = static_cast<std::int64_t>(clock_.unix_ms());
        out.now = clock_.now();
        const auto since =
            std::chrono::floor<std::chrono::milliseconds>(out.now.time_since_epoch());
        out.monotonic_ms = since.count();
        out.offset_ms = wall - out.monotonic_ms;
        if (out.now - before < kReadMax) break;
    }
    return out;
}

UnixMs GuardedClock::unix_ms() const {
    const std::lock_guard lock(mutex_);
    const Sample sampled = sample();
    if (std::abs(sampled.offset_ms - offset_ms_) < kStepMinMs) {
        if (step_) log::warn("clock_step_over");
        step_.reset();
        offset_ms_ = sampled.offset_ms;
    } else if (!step_ || std::abs(sampled.offset_ms - step_->offset_ms) >= kStepMinMs) {
        step_ = Step{sampled.now, sampled.offset_ms};
        log::error("clock_step by_ms={} believed_in_s={}",
                   sampled.offset_ms - offset_ms_,
                   std::chrono::duration_cast<std::chrono::seconds>(kHold).count());
    } else if (sampled.now - step_->seen >= kHold) {
        log::error("clock_step_taken by_ms={}", sampled.offset_ms - offset_ms_);
        step_.reset();
        offset_ms_ = sampled.offset_ms;
    }
    return static_cast<UnixMs>(sampled.monotonic_ms + offset_ms_);
}

}  // namespace lepton
