// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Pending timers in the order in which they are due; equal times in the order of setting. Not safe
// for concurrent use: the schedulers guard it.
#pragma once

#include "actor/scheduler.hpp"

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace lepton::actor {

template <class Payload>
class TimerQueue {
  public:
    /// Adds a timer and returns its name, never 0 and never used twice.
    TimerId add(Time due, Payload payload) {
        const TimerId id = ++last_id_;
        due_.emplace(id, due);
        pending_.emplace(std::pair{due, id}, std::move(payload));
        return id;
    }

    /// Removes a timer and returns its payload; nothing when it is not pending.
    std::optional<Payload> cancel(TimerId id) {
        const auto due = due_.find(id);
        if (due == due_.end()) return std::nullopt;
        auto node = pending_.extract(std::pair{due->second, id});
        due_.erase(due);
        return std::move(node.mapped());
    }

    /// Returns when the first timer is due; nothing when there is none.
    std::optional<Time> next_due() const {
        if (pending_.empty()) return std::nullopt;
        return pending_.begin()->first.first;
    }

    /// Removes the first timer and returns its payload. Requires one.
    Payload take_first() {
        auto node = pending_.extract(pending_.begin());
        due_.erase(node.key().second);
        return std::move(node.mapped());
    }

    std::size_t size() const { return pending_.size(); }

  private:
    std::map<std::pair<Time, TimerId>, Payload> pending_;
    std::unordered_map<TimerId, Time> due_;
    TimerId last_id_ = 0;
};

}  // namespace lepton::actor
