// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The reactor of a running node: timers on an Asio io_context that the node owns and runs on its
// network thread. Every call on that thread.
#pragma once

#include "base/clock.hpp"
#include "libp2p/reactor.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace lepton::libp2p {

class AsioReactor final : public Reactor {
  public:
    /// Both must outlive this object. `clock` must run like the machine's monotonic clock.
    AsioReactor(boost::asio::io_context& context, const Clock& clock);
    /// Forgets every pending timer.
    ~AsioReactor() override;

    const Clock& clock() const override;
    TimerId after(Duration delay, std::move_only_function<void()> action) override;
    void cancel(TimerId timer) override;

  private:
    class Timers;
    std::shared_ptr<Timers> timers_;
};

}  // namespace lepton::libp2p
