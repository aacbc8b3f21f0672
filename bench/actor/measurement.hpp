// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What both programs of this benchmark share: the work, and how it is measured and printed. One
// process makes one measurement, so that its peak memory is its own. Used on the main thread,
// except Signal and spin().
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lepton::bench {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

inline constexpr std::size_t kWorkers = 2;
inline constexpr std::uint64_t kMessages = 2'000'000;
inline constexpr std::uint64_t kSenders = 4;             // of many to one
inline constexpr std::uint64_t kMessagesPerTurn = 1000;  // of a sending actor
inline constexpr std::uint64_t kRoundTrips = 300'000;
inline constexpr std::uint64_t kAsks = 300'000;
inline constexpr std::chrono::seconds kAskTimeout{10};

// Timers: kTimers one-shot ones of kTimerActors actors, due evenly from 1 s to 2 s after the start.
inline constexpr std::uint64_t kTimers = 100'000;
inline constexpr std::uint64_t kTimerActors = 8;

// Overload: twice as many messages as the actor can handle, and ticks that are to come in between.
inline constexpr std::chrono::microseconds kHandlerTime{20};
inline constexpr std::uint64_t kFloodPerMs = 100;
inline constexpr std::chrono::milliseconds kTickPeriod{10};
inline constexpr std::uint64_t kTicks = 300;
/// A tick that has not been handled this long after the last was due is missing. More than another
/// program keeps the processor, far less than a backlog of half of the flood takes.
inline constexpr std::chrono::milliseconds kTickGrace{500};

/// A message of that many bytes.
template <std::size_t Bytes>
struct MessageOf {
    std::array<std::uint64_t, Bytes / 8> words{};
};
/// What all measurements send.
using Payload = MessageOf<32>;
/// What overload sends too: the size of a signed vote, of which a network sends most.
using Vote = MessageOf<2'672>;

/// Is set once, by any thread; the main thread waits for it.
class Signal {
  public:
    void set() {
        const std::lock_guard lock(mutex_);
        is_set_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_set_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

/// Works until `duration` has passed.
inline void spin(SteadyClock::duration duration) {
    const Time end = SteadyClock::now() + duration;
    while (SteadyClock::now() < end) {
    }
}

/// Calls `send` kFloodPerMs times in each millisecond from `start` until the last tick is due;
/// returns how often.
template <class Send>
std::uint64_t flood(Time start, Send send) {
    const Time end = start + kTicks * kTickPeriod;
    std::uint64_t sent = 0;
    for (Time next = start; next < end; next += std::chrono::milliseconds{1}) {
        std::this_thread::sleep_until(next);
        for (std::uint64_t i = 0; i < kFloodPerMs; ++i, ++sent) send();
    }
    return sent;
}

/// The ticks an overloaded actor has handled.
class Ticks {
  public:
    /// Notes that the tick that was due at `due` is handled now; returns when the next is due, or
    /// nothing after the last. Any thread.
    std::optional<Time> handled(Time due) {
        const std::lock_guard lock(mutex_);
        lateness_.push_back(SteadyClock::now() - due);
        return lateness_.size() < kTicks ? std::optional{due + kTickPeriod} : std::nullopt;
    }
    /// Waits until all ticks are over; returns how late the handled ones were.
    std::vector<SteadyClock::duration> wait(Time start) {
        std::this_thread::sleep_until(start + kTicks * kTickPeriod + kTickGrace);
        const std::lock_guard lock(mutex_);
        return lateness_;
    }

  private:
    std::mutex mutex_;
    std::vector<SteadyClock::duration> lateness_;
};

/// When timer `i` of kTimers is due, in an order that is not that of setting.
inline Time timer_due(Time start, std::uint64_t i) {
    constexpr std::uint64_t kStride = 61'803;  // has no divisor in common with kTimers
    return start + std::chrono::seconds{1} +
           std::chrono::microseconds{(i * kStride % kTimers) * 1'000'000 / kTimers};
}

/// Times one run and prints it as a line of JSON.
class Measurement {
  public:
    Measurement()
        : kib_before_(memory_kib("VmRSS:")),
          started_(SteadyClock::now()),
          cpu_started_(cpu_seconds()) {}

    Time started() const { return started_; }

    /// Prints seconds, CPU seconds, peak memory and how much of it came during the run; for timers
    /// also how many there were and how late.
    void print(std::uint64_t operations, std::vector<SteadyClock::duration> lateness = {}) const {
        const std::chrono::duration<double> elapsed = SteadyClock::now() - started_;
        std::printf("{\"operations\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, ",
                    static_cast<unsigned long long>(operations),
                    elapsed.count(),
                    cpu_seconds() - cpu_started_);
        if (!lateness.empty()) {
            std::ranges::sort(lateness);
            const auto late_us = [&](std::size_t percent) {
                const std::size_t at = (lateness.size() - 1) * percent / 100;
                return std::chrono::duration<double, std::micro>(lateness[at]).count();
            };
            std::printf(
                "\"timers\": %zu, \"late_us_p50\": %.1f, \"late_us_p99\": %.1f, \"late_us_max\": "
                "%.1f, ",
                lateness.size(),
                late_us(50),
                late_us(99),
                late_us(100));
        }
        const std::uint64_t peak = memory_kib("VmHWM:");
        std::printf("\"peak_kib\": %llu, \"growth_kib\": %llu}\n",
                    static_cast<unsigned long long>(peak),
                    static_cast<unsigned long long>(peak - kib_before_));
        std::fflush(stdout);
    }

  private:
    static double cpu_seconds() {
        std::timespec spent{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
        return static_cast<double>(spent.tv_sec) + 1e-9 * static_cast<double>(spent.tv_nsec);
    }
    // Not from getrusage(): its maximum includes the process that started this one.
    static std::uint64_t memory_kib(const std::string& which) {
        std::ifstream status("/proc/self/status");
        std::string word;
        while (status >> word && word != which) {
        }
        std::uint64_t kib = 0;
        status >> kib;
        return kib;
    }

    std::uint64_t kib_before_;
    Time started_;
    double cpu_started_;
};

}  // namespace lepton::bench
