// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#pragma once

#include <mutex>

namespace lepton::actor {

/// A mutex that is held for less than it takes to put a thread to sleep: who finds it locked tries
/// again for some microseconds before it sleeps. Any thread.
class CellMutex {
  public:
    void lock() {
        for (int pauses = kPausesFirst; pauses <= kPausesLast; pauses *= 2) {
            if (mutex_.try_lock()) return;
            for (int i = 0; i < pauses; ++i) pause();
        }
        mutex_.lock();
    }
    void unlock() { mutex_.unlock(); }

  private:
    // Each try takes the cache line from the thread that holds the lock: few tries, far apart. On
    // Zen 4 a pause is some 15 ns.
    static constexpr int kPausesFirst = 64;
    static constexpr int kPausesLast = 256;

    static void pause() {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("isb");
#endif
    }

    std::mutex mutex_;
};

}  // namespace lepton::actor
