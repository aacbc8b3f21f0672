// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/simulation/manual_reactor.hpp"

#include <algorithm>

namespace lepton::libp2p {

TimerId ManualReactor::after(Duration delay, std::move_only_function<void()> action) {
    const Time due = clock_.now() + std::max(delay, Duration::zero());
    const TimerId timer = ++last_timer_;
    timers_.emplace(std::pair{due, timer}, std::move(action));
    due_.emplace(timer, due);
    return timer;
}

void ManualReactor::cancel(TimerId timer) {
    const auto found = due_.find(timer);
    if (found == due_.end()) return;
    timers_.erase({found->second, timer});
    due_.erase(found);
}

void ManualReactor::run_until(Time end) {
    while (!timers_.empty() && timers_.begin()->first.first <= end) run_next();
    clock_.advance_to(end);
}

void ManualReactor::run_next() {
    auto next = timers_.extract(timers_.begin());
    clock_.advance_to(next.key().first);
    due_.erase(next.key().second);
    next.mapped()();
}

}  // namespace lepton::libp2p
