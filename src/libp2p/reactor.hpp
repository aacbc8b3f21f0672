// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a single-threaded network stack asks of its surroundings: time and timers. Implemented over
// an io_context (asio_reactor.hpp) and by the simulator. Everything in libp2p runs on the reactor's
// one thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <functional>

namespace lepton::libp2p {

/// Names a pending timer; 0 names none.
using TimerId = std::uint64_t;

class Reactor {
  public:
    virtual ~Reactor() = default;

    virtual const Clock& clock() const = 0;

    /// Calls `action` once on the reactor's thread, not before `delay` has passed and never from
    /// within this call.
    virtual TimerId after(Duration delay, std::move_only_function<void()> action) = 0;

    /// Forgets a pending timer: its action will not run. Does nothing for 0 and for timers that
    /// have run.
    virtual void cancel(TimerId timer) = 0;

    /// Calls `action` once, soon, from the reactor's loop: the way out of a callback that must not
    /// re-enter.
    void defer(std::move_only_function<void()> action) {
        after(Duration::zero(), std::move(action));
    }
};

}  // namespace lepton::libp2p
