// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A budget per unit of time with room for bursts. Pure; one thread.
#pragma once

#include "base/clock.hpp"

#include <algorithm>

namespace lepton::p2p {

/// Fills with `per_second` up to `burst`; starts full. What is taken may exceed what is there: then
/// the bucket is empty until the debt is paid.
class TokenBucket {
  public:
    TokenBucket(double per_second, double burst, Time now)
        : per_second_(per_second), burst_(burst), level_(burst), at_(now) {}

    void take(double amount, Time now) {
        level_ = level(now) - amount;
        at_ = now;
    }

    /// Returns the first time, `now` or later, at which something may be taken.
    Time ready_at(Time now) const {
        const double missing = -level(now);
        if (missing <= 0) return now;
        return now +
               std::chrono::ceil<Duration>(std::chrono::duration<double>(missing / per_second_));
    }

  private:
    double level(Time now) const {
        const double seconds = std::chrono::duration<double>(now - at_).count();
        return std::min(burst_, level_ + seconds * per_second_);
    }

    double per_second_;
    double burst_;
    double level_;
    Time at_;
};

}  // namespace lepton::p2p
