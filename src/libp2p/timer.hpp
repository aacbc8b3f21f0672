// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A timer that ends with its owner, and a queue of things to do right after the current callback.
// Reactor thread.
#pragma once

#include "libp2p/reactor.hpp"

#include <functional>
#include <utility>
#include <vector>

namespace lepton::libp2p {

/// At most one pending action; destroying the timer cancels it.
class Timer {
  public:
    explicit Timer(Reactor& reactor) : reactor_(reactor) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Replaces the pending action. The action may destroy the timer.
    void set(Duration delay, std::move_only_function<void()> action) {
        cancel();
        id_ = reactor_.after(delay, [this, action = std::move(action)]() mutable {
            id_ = 0;
            action();
        });
    }
    void cancel() { reactor_.cancel(std::exchange(id_, 0)); }
    bool is_set() const { return id_ != 0; }

  private:
    Reactor& reactor_;
    TimerId id_ = 0;
};

/// Runs actions in the order of their adding, from the reactor's loop. What is left when the queue
/// is destroyed does not run. Must not be destroyed from within one of its actions.
class DeferQueue {
  public:
    explicit DeferQueue(Reactor& reactor) : timer_(reactor) {}

    void add(std::move_only_function<void()> action) {
        actions_.push_back(std::move(action));
        if (!timer_.is_set()) timer_.set(Duration::zero(), [this] { run(); });
    }

    /// Runs everything now, and what is added meanwhile.
    void drain() {
        while (!actions_.empty()) run();
    }

    /// True from within an action.
    bool is_running() const { return is_running_; }

  private:
    void run() {
        is_running_ = true;
        auto actions = std::exchange(actions_, {});
        for (auto& action : actions) action();
        actions.clear();
        is_running_ = false;
    }

    bool is_running_ = false;

    std::vector<std::move_only_function<void()>> actions_;
    Timer timer_;
};

}  // namespace lepton::libp2p
