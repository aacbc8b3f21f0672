// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A rate limit: `burst` tokens at once, refilled at a constant rate. A value; one thread.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lepton::libp2p {

class TokenBucket {
  public:
    /// A full bucket. Requires per_second > 0.
    TokenBucket(std::uint64_t per_second, std::uint64_t burst)
        : interval_(Duration{std::chrono::seconds{1}} / static_cast<std::int64_t>(per_second)),
          capacity_(interval_ * static_cast<std::int64_t>(burst)) {}

    /// Takes one token; false, with nothing taken, when there is none.
    bool take(Time now) {
        if (!can_take(now)) return false;
        full_at_ = std::max(full_at_, now) + interval_;
        return true;
    }
    bool can_take(Time now) const { return full_at_ + interval_ <= now + capacity_; }

    /// Puts `tokens` back, up to the capacity.
    void give(std::uint64_t tokens) {
        const auto most = static_cast<std::uint64_t>(capacity_ / interval_);
        full_at_ -= interval_ * static_cast<std::int64_t>(std::min(tokens, most));
    }

    /// Returns when the next token can be taken; past or present: now.
    Time next(Time now) const { return std::max(now, full_at_ + interval_ - capacity_); }
    bool is_full(Time now) const { return full_at_ <= now; }

  private:
    Duration interval_;
    Duration capacity_;
    /// When the bucket will be full again if nothing is taken.
    Time full_at_{Duration::min() / 2};
};

}  // namespace lepton::libp2p
