// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What every backend of this process does with a job: hand it to the owner's executor, watch its
// deadline and stop token, complete it exactly once. Any thread; the completions run where the
// executor runs jobs.
#pragma once

#include "aggregation/backend.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace lepton::aggregation {

/// Asked now and then during long work whether to go on; returns the error to end with.
using Interrupt = std::function<std::optional<AggregationError>()>;

class JobRunner {
  public:
    /// `clock` outlives the jobs.
    JobRunner(Executor executor, const Clock& clock)
        : executor_(std::move(executor)), clock_(clock) {}

    /// Completes `job` with what `work(job, interrupt)` returns, with `deadline` or `cancelled`
    /// when it comes too late to be begun, or with `dropped` when the executor destroys it.
    template <class Job, class Work>
    void run(Job job, JobControl control, Completion<Job> completion, Work work) const;

  private:
    template <class Job>
    class Promise;

    Executor executor_;
    const Clock& clock_;
};

// A completion that is called exactly once: with the result, or as dropped on destruction.
template <class Job>
class JobRunner::Promise {
  public:
    using Outcome = Result<typename Job::Output, AggregationError>;

    explicit Promise(Completion<Job> completion) : completion_(std::move(completion)) {}
    Promise(Promise&& other) noexcept : completion_(std::exchange(other.completion_, nullptr)) {}
    Promise& operator=(Promise&&) = delete;
    ~Promise() {
        if (completion_) completion_(std::unexpected(AggregationError::dropped));
    }

    void keep(Outcome outcome) { std::exchange(completion_, nullptr)(std::move(outcome)); }

  private:
    Completion<Job> completion_;
};

template <class Job, class Work>
void JobRunner::run(Job job, JobControl control, Completion<Job> completion, Work work) const {
    executor_([&clock = clock_,
               job = std::move(job),
               control = std::move(control),
               promise = Promise<Job>{std::move(completion)},
               work = std::move(work)]() mutable {
        const Interrupt interrupt = [&]() -> std::optional<AggregationError> {
            if (control.stop.stop_requested()) return AggregationError::cancelled;
            if (clock.now() > control.deadline) return AggregationError::deadline;
            return std::nullopt;
        };
        if (const auto error = interrupt())
            promise.keep(std::unexpected(*error));
        else
            promise.keep(work(job, interrupt));
    });
}

}  // namespace lepton::aggregation
