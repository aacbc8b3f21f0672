// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The seam between actors and threads. A scheduler runs the cells that are posted to it and keeps
// their timers: a thread pool, an io_context, the simulator. Each actor has its own scheduler.
#pragma once

#include "actor/limits.hpp"
#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace lepton::actor {

class Cell;
using CellPtr = std::shared_ptr<Cell>;

/// Names a pending timer of one scheduler; 0 names none.
using TimerId = std::uint64_t;

/// All functions may be called from any thread. A scheduler must outlive every System that uses it
/// and every thread that sends to the System's actors.
class Scheduler {
  public:
    virtual ~Scheduler() = default;

    /// Calls `cell->run()` once, soon, on a thread of this scheduler, not within this call. A cell
    /// is posted again only after that run has begun, so it never runs on two threads.
    virtual void post(CellPtr cell) = 0;

    /// Returns monotonic time (virtual time in the simulator).
    virtual Time now() const = 0;

    /// Calls `cell->fire(token)` once when `when` has come, not within this call.
    virtual TimerId at(Time when, CellPtr cell, std::uint64_t token) = 0;

    /// Forgets a timer. One that fires nevertheless does no harm: its token is known no more.
    virtual void cancel(TimerId timer) = 0;

    /// Returns how many messages one activation may handle.
    virtual int quantum() const { return kQuantum; }

    /// Called before each delivery, on the cell's thread; `message` is static text.
    virtual void on_turn(std::string_view /*cell*/, std::string_view /*message*/) {}
};

/// Where long or blocking work runs instead of in a handler.
class Offload {
  public:
    virtual ~Offload() = default;

    /// Takes `job` and runs it once on another thread; returns false and leaves `job` as it is when
    /// the queue is full. A job that is never run is destroyed. Any thread.
    virtual bool submit(std::move_only_function<void()>& job) = 0;
};

}  // namespace lepton::actor
