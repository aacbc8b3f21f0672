// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
#include "actor/thread_pool.hpp"

#include "actor/cell.hpp"
#include "base/assert.hpp"
#include "base/fault.hpp"

#include <pthread.h>

#include <algorithm>
#include <optional>

namespace lepton::actor {
namespace {

constexpr std::size_t kThreadNameMax = 15;  // the kernel's limit
constexpr const char* kTimerSuffix = "-timer";
/// Timers that are fired before a worker is woken for them: the first waits for the last, some
/// 20 us.
constexpr std::size_t kTimersAtOnce = 64;
/// How long an actor that a worker made ready may wait for that worker while another is idle. Much
/// more than a usual turn and than waking a thread (some 50 us), little beside what anybody
/// notices.
constexpr std::chrono::milliseconds kWatchPeriod{1};

/// The pool that the calling thread works for; null in other threads.
thread_local const ThreadPool* pool_of_thread = nullptr;

// A process that lost one of its threads would be half dead: rather all of it.
void assert_stopping(bool is_stopping, const std::string& thread) {
    LEPTON_ASSERT(is_stopping, "thread " + thread + " ended by itself");
}

template <class Body>
std::vector<std::thread> start_threads(const std::string& name, std::size_t count, Body body) {
    LEPTON_ASSERT(count > 0, name);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([body, i] { body(i); });
        pthread_setname_np(threads.back().native_handle(), name.substr(0, kThreadNameMax).c_str());
    }
    return threads;
}

}  // namespace

ThreadPool::ThreadPool(std::string name, std::size_t workers, const Clock& clock)
    : name_(std::move(name)),
      workers_(workers),
      clock_(clock),
      threads_(start_threads(name_, workers, [this](std::size_t) { work(); })),
      timer_thread_([this] { keep_time(); }) {
    const std::string timer_name = (name_ + kTimerSuffix).substr(0, kThreadNameMax);
    pthread_setname_np(timer_thread_.native_handle(), timer_name.c_str());
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    {
        const std::lock_guard lock(timer_mutex_);
        is_timer_stopping_ = true;
    }
    changed_.notify_all();
    timer_changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    timer_thread_.join();
}

void ThreadPool::post(CellPtr cell) {
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        ready_.push_back(std::move(cell));
        const bool is_taken_after_the_turn =
            pool_of_thread == this && ready_.size() == 1 && is_watched_;
        wakes = idle_ > 0 && !is_taken_after_the_turn &&
                std::this_thread::get_id() != timer_thread_.get_id();
    }
    if (wakes) changed_.notify_one();
}

// An actor that a worker makes ready is left to that worker, as long as it is the only one: mostly
// its turn is about to end, and waking another for it costs more than most turns. For the turns
// that last, one idle worker looks now and then while others run.
void ThreadPool::wait_for_work(std::unique_lock<std::mutex>& lock) {
    ++idle_;
    if (!is_watched_ && idle_ < workers_) {
        is_watched_ = true;
        changed_.wait_for(lock, kWatchPeriod);
        is_watched_ = false;
    } else {
        changed_.wait(lock);
    }
    --idle_;
}

void ThreadPool::work() {
    pool_of_thread = this;
    Time now = clock_.now();  // read again only after a wait: from turn to turn it is known
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        if (ready_.empty()) {
            wait_for_work(lock);
            now = clock_.now();
            continue;
        }
        CellPtr cell = std::move(ready_.front());
        ready_.pop_front();
        lock.unlock();
        if (LEPTON_FAULT("thread." + name_)) break;
        now = cell->run(now);
        cell.reset();
        lock.lock();
    }
    assert_stopping(is_stopping_, name_);
}

TimerId ThreadPool::at(Time when, CellPtr cell, std::uint64_t token) {
    TimerId id = 0;
    bool wakes = false;
    {
        const std::lock_guard lock(timer_mutex_);
        id = timers_.add(when, {std::move(cell), token});
        // Deadlines of asks are mostly set and cancelled again while the thread sleeps.
        wakes = when < timer_thread_wakes_at_;
        if (wakes) timer_thread_wakes_at_ = when;
    }
    if (wakes) timer_changed_.notify_one();
    return id;
}

void ThreadPool::cancel(TimerId timer) {
    std::optional<std::pair<CellPtr, std::uint64_t>> cancelled;  // destroyed after the lock
    const std::lock_guard lock(timer_mutex_);
    cancelled = timers_.cancel(timer);
}

// What is due at the same time is fired together and workers are woken afterwards; a worker that
// is woken for each timer takes the processor from this thread each time.
void ThreadPool::keep_time() {
    std::vector<std::pair<CellPtr, std::uint64_t>> fired;
    std::unique_lock lock(timer_mutex_);
    while (!is_timer_stopping_) {
        const Time now = clock_.now();
        std::optional<Time> due = timers_.next_due();
        for (; due && *due <= now && fired.size() < kTimersAtOnce; due = timers_.next_due())
            fired.push_back(timers_.take_first());
        if (!fired.empty()) {
            lock.unlock();
            if (LEPTON_FAULT("thread." + name_ + kTimerSuffix)) break;
            for (const auto& [cell, token] : fired) cell->fire(token);
            fired.clear();
            wake_workers();
            lock.lock();
            continue;
        }
        timer_thread_wakes_at_ = due.value_or(Time::max());
        if (due) {
            timer_changed_.wait_until(lock, *due);
        } else {
            timer_changed_.wait(lock);
        }
    }
    assert_stopping(is_timer_stopping_, name_ + kTimerSuffix);
}

void ThreadPool::wake_workers() {
    std::size_t wanted = 0;
    {
        const std::lock_guard lock(mutex_);
        wanted = std::min(idle_, ready_.size());
    }
    for (; wanted > 0; --wanted) changed_.notify_one();
}

CpuPool::CpuPool(std::string name, std::size_t threads, std::size_t queue_max)
    : name_(std::move(name)),
      queue_max_(queue_max),
      workers_(threads),
      threads_(start_threads(name_, threads, [this](std::size_t i) { work(workers_[i]); })) {}

CpuPool::~CpuPool() {
    std::deque<std::move_only_function<void()>> dropped;
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        dropped.swap(jobs_);
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

bool CpuPool::submit(std::move_only_function<void()>& job) {
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_ || jobs_.size() >= queue_max_) return false;
        if (LEPTON_FAULT_FULL("thread." + name_)) return false;
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

std::vector<CellProgress> CpuPool::progress(Duration patience) const {
    std::vector<CellProgress> out;
    for (const Worker& worker : workers_) {
        out.push_back({.name = name_,
                       .id = 0,
                       .turns = worker.jobs.load(std::memory_order_relaxed),
                       .is_pending = worker.is_busy.load(std::memory_order_relaxed),
                       .in_message = "job",
                       .depth = 0,
                       .patience = patience});
    }
    return out;
}

void CpuPool::work(Worker& worker) {
    std::unique_lock lock(mutex_);
    const auto is_woken = [&] { return is_stopping_ || !jobs_.empty(); };
    for (;;) {
#ifdef LEPTON_FAULTS
        // Also an idle thread comes by, as if it had a job.
        while (!changed_.wait_for(lock, std::chrono::milliseconds{100}, is_woken)) {
            worker.is_busy = true;
            lock.unlock();
            if (LEPTON_FAULT("thread." + name_)) return assert_stopping(is_stopping_, name_);
            lock.lock();
            worker.is_busy = false;
            ++worker.jobs;
        }
#endif
        changed_.wait(lock, is_woken);
        if (is_stopping_) return;
        std::move_only_function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        worker.jobs.fetch_add(1, std::memory_order_relaxed);
        worker.is_busy.store(true, std::memory_order_relaxed);
        job();
        job = nullptr;
        worker.is_busy.store(false, std::memory_order_relaxed);
        lock.lock();
    }
}

}  // namespace lepton::actor
