// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The reactor of a node in the actor simulator: network timers and actors share one virtual time.
// For tests and simulation; one thread.
#pragma once

#include "actor/simulator.hpp"
#include "libp2p/reactor.hpp"

#include <utility>

namespace lepton::p2p {

class SimulatorReactor final : public libp2p::Reactor {
  public:
    /// `simulator` must outlive the reactor.
    explicit SimulatorReactor(actor::Simulator& simulator) : simulator_(simulator) {}

    const Clock& clock() const override { return simulator_.clock(); }

    libp2p::TimerId after(Duration delay, std::move_only_function<void()> action) override {
        return simulator_.after(delay, std::move(action));
    }

    void cancel(libp2p::TimerId timer) override { simulator_.cancel(timer); }

  private:
    actor::Simulator& simulator_;
};

}  // namespace lepton::p2p
