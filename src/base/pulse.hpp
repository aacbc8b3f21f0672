// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How a thread with a loop of its own shows that it goes on: it beats at least once a second, and a
// watcher on another thread compares the counts. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace lepton {

class Pulse {
  public:
    void beat() { beats_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> beats_{0};
};

}  // namespace lepton
