// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// When to tick: the grid of intervals from genesis, on wall time. Each interval is due at most
// once, never before it begins, whatever the clock does. Plain values; belongs to one thread.
#pragma once

#include "base/clock.hpp"
#include "consensus/slot.hpp"
#include "types/network_profile.hpp"

#include <cstdint>
#include <optional>

namespace lepton::blockchain {

/// A tick that is to be processed now.
struct Tick {
    /// The interval that wall time is in.
    Interval interval;
    /// The phases of its slot that no tick has covered yet: from `first` to the interval's own. A
    /// node that woke up late can still do what is worth doing in this slot.
    consensus::Phase first = consensus::Phase::propose;

    Slot slot() const { return consensus::slot_of(interval); }
    consensus::Phase phase() const { return consensus::phase_of(interval); }
    bool covers(consensus::Phase phase) const { return first <= phase && phase <= this->phase(); }
    bool operator==(const Tick&) const = default;
};

class TickSchedule {
  public:
    /// Units: genesis_time: Unix seconds
    TickSchedule(std::uint64_t genesis_time, const NetworkProfile& profile)
        : genesis_time_(genesis_time), profile_(profile) {}

    /// Returns the tick that is due at wall time `now`, and counts it as done; nothing before
    /// genesis, and nothing while the latest interval that was due has not ended: also when the
    /// clock was set back. The first tick covers its own phase only.
    std::optional<Tick> advance(UnixMs now);

    /// Returns how long to wait before the next call of advance: until the next interval that is
    /// not done begins, but no longer than one interval, so that a step of the clock is noticed.
    /// Never zero.
    Duration wait(UnixMs now) const;

  private:
    std::uint64_t genesis_time_;
    NetworkProfile profile_;
    std::optional<Interval> done_;
};

}  // namespace lepton::blockchain
