// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the cells of one System share: the exit that was asked for, ids, jitter, the place for
// off-loaded work. Cells keep it alive; any thread.
#pragma once

#include "actor/exit_reason.hpp"
#include "actor/scheduler.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace lepton::actor {

class SystemCore {
  public:
    SystemCore(Offload& offload, Random& random) : offload_(offload), random_(random) {}

    Offload& offload() { return offload_; }
    std::uint64_t next_id() { return ++last_id_; }
    /// Returns a duration between half of `delay` and `delay`.
    Duration jittered(Duration delay);

    /// Records why the system is to end; the first cause with a non-zero code stays.
    void note(const Exit& cause);
    /// Records `cause` and starts the ordered stop. Later calls only record.
    void request_stop(const Exit& cause);
    /// Sets what request_stop() calls to start the ordered stop; null: nothing any more.
    void on_stop_request(std::function<void()> begin_stop);

    /// Ends the wait: everything has stopped, or it took too long.
    void publish();
    /// Returns what was published; nothing while the system lives.
    std::optional<Exit> published() const;
    /// Blocks until publish().
    Exit wait() const;
    /// As wait(), but at most for `duration`.
    std::optional<Exit> wait_for(Duration duration) const;

    std::atomic<bool> is_ready{false};
    /// When the ordered stop must be over, in clock ticks of the control scheduler; 0: not
    /// stopping.
    std::atomic<Duration::rep> stop_due{0};

  private:
    Offload& offload_;
    Random& random_;
    std::atomic<std::uint64_t> last_id_{0};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::optional<Exit> cause_;
    bool is_published_ = false;
    std::function<void()> begin_stop_;
};

}  // namespace lepton::actor
