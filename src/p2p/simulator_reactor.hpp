// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The reactor of a node in the actor simulator: network timers and actors share one virtual time.
// For tests and simulation; one thread.
#pragma once

#include "actor/simulator.hpp"
#include "libp2p/reactor.hpp"

#include <memory>
#include <utility>

namespace lepton::p2p {

class SimulatorReactor final : public libp2p::Reactor {
  public:
    /// `simulator` must outlive the reactor.
    explicit SimulatorReactor(actor::Simulator& simulator) : simulator_(simulator) {}

    const Clock& clock() const override { return simulator_.clock(); }

    libp2p::TimerId after(Duration delay, std::move_only_function<void()> action) override {
        return simulator_.after(
            delay, [alive = std::weak_ptr(is_alive_), action = std::move(action)]() mutable {
                if (!alive.expired()) action();
            });
    }

    void cancel(libp2p::TimerId timer) override { simulator_.cancel(timer); }

  private:
    actor::Simulator& simulator_;
    /// Timers end with the reactor, as with a crashed node.
    std::shared_ptr<const bool> is_alive_ = std::make_shared<const bool>(true);
};

}  // namespace lepton::p2p
