// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The production schedulers: ThreadPool runs actors (with one worker: an actor's own thread),
// CpuPool runs off-loaded work. Any thread; not destroyed from one of their own threads.
#pragma once

#include "actor/cell.hpp"
#include "actor/scheduler.hpp"
#include "actor/timer_queue.hpp"
#include "base/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lepton::actor {

class ThreadPool final : public Scheduler {
  public:
    /// `workers` threads for actors, called `name`, and one for their timers, `name`-timer. `clock`
    /// must be the machine's monotonic time.
    ThreadPool(std::string name, std::size_t workers, const Clock& clock);
    /// Ends the threads after the turns they are in; later posts do nothing.
    ~ThreadPool() override;

    void post(CellPtr cell) override;
    Time now() const override { return clock_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override;
    void cancel(TimerId timer) override;

  private:
    void work();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    void keep_time();
    void wake_workers();

    const std::string name_;
    const std::size_t workers_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<CellPtr> ready_;
    std::size_t idle_ = 0;
    bool is_watched_ = false;  // an idle worker looks for actors that wait too long
    bool is_stopping_ = false;

    std::mutex timer_mutex_;
    std::condition_variable timer_changed_;
    TimerQueue<std::pair<CellPtr, std::uint64_t>> timers_;
    Time timer_thread_wakes_at_ = Time::max();
    bool is_timer_stopping_ = false;

    std::vector<std::thread> threads_;
    std::thread timer_thread_;
};

class CpuPool final : public Offload {
  public:
    /// `queue_max`: jobs that may wait; more are refused.
    CpuPool(std::string name, std::size_t threads, std::size_t queue_max);
    /// Drops what waits and ends the threads after the jobs they are in.
    ~CpuPool() override;

    bool submit(std::move_only_function<void()>& job) override;

    /// For the watchdog: one entry per thread, pending while it runs a job. `patience`: how long a
    /// job may take; zero: as long as a handler of an actor.
    std::vector<CellProgress> progress(Duration patience = {}) const;

  private:
    struct Worker {
        std::atomic<std::uint64_t> jobs{0};
        std::atomic<bool> is_busy{false};
    };

    void work(Worker& worker);

    const std::string name_;
    const std::size_t queue_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::move_only_function<void()>> jobs_;
    bool is_stopping_ = false;
    std::vector<Worker> workers_;
    std::vector<std::thread> threads_;
};

}  // namespace lepton::actor
