// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// SIGINT and SIGTERM as calls of a function, on a thread of its own.
#pragma once

#include "base/pulse.hpp"

#include <functional>
#include <string_view>
#include <thread>

namespace lepton::node {

class SignalThread {
  public:
    /// Blocks the signals in the calling thread and those it will start (so: before any other
    /// thread exists), ignores SIGPIPE, and calls `on_signal` with the name of each signal that
    /// comes.
    explicit SignalThread(std::function<void(std::string_view name)> on_signal);
    /// Ends the thread; the signals stay blocked.
    ~SignalThread() = default;

    /// Beats as long as the thread goes on.
    const Pulse& pulse() const { return pulse_; }

  private:
    Pulse pulse_;
    std::jthread thread_;
};

}  // namespace lepton::node
