// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The net thread: an io_context with its thread, which is also a scheduler of actors, so that the
// swarm adapter lives on the thread of the sockets. Scheduler functions may be called from any
// thread; start and stop belong to the owner.
#pragma once

#include "actor/scheduler.hpp"
#include "base/clock.hpp"

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace lepton::node {

class EventLoop final : public actor::Scheduler {
  public:
    /// `clock` must be the machine's monotonic time.
    explicit EventLoop(const Clock& clock);
    /// As stop().
    ~EventLoop() override;

    boost::asio::io_context& io_context();

    /// Runs the loop on a thread of its own. `on_failure` is called there, once, when it ends
    /// without stop(): something threw out of it, or it returned.
    void start(std::function<void(std::string what)> on_failure);
    /// Ends the loop after the handler it is in, and joins its thread. What was posted and not run
    /// is dropped.
    void stop();

    void post(actor::CellPtr cell) override;
    Time now() const override { return clock_.now(); }
    actor::TimerId at(Time when, actor::CellPtr cell, std::uint64_t token) override;
    void cancel(actor::TimerId timer) override;

  private:
    struct Loop;

    const Clock& clock_;
    std::unique_ptr<Loop> loop_;
};

}  // namespace lepton::node
