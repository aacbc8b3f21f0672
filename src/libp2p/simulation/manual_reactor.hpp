// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A reactor whose time moves only when told: tests. Timers run in the order of their time, equal
// times in the order of their setting. One thread.
#pragma once

#include "libp2p/reactor.hpp"

#include <functional>
#include <map>
#include <utility>

namespace lepton::libp2p {

class ManualReactor final : public Reactor {
  public:
    const Clock& clock() const override { return clock_; }
    TimerId after(Duration delay, std::move_only_function<void()> action) override;
    void cancel(TimerId timer) override;

    /// Runs every timer due until `end`, and moves time there.
    void run_until(Time end);
    void run_for(Duration duration) { run_until(clock_.now() + duration); }

    /// Runs timers until `condition` holds or `limit` has passed; returns whether it holds.
    template <class Condition>
    bool run_until(Condition condition, Duration limit) {
        const Time end = clock_.now() + limit;
        while (!condition()) {
            if (timers_.empty() || timers_.begin()->first.first > end) {
                clock_.advance_to(end);
                return condition();
            }
            run_next();
        }
        return true;
    }

    std::size_t pending() const { return timers_.size(); }

  private:
    void run_next();

    ManualClock clock_;
    TimerId last_timer_ = 0;
    std::map<std::pair<Time, TimerId>, std::move_only_function<void()>> timers_;
    std::map<TimerId, Time> due_;
};

}  // namespace lepton::libp2p
