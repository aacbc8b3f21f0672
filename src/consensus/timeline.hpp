// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The passing of time: what a store does at each interval of a slot. Runs on the store's thread.
#pragma once

#include "consensus/fork_choice.hpp"
#include "consensus/slot.hpp"

#include <vector>

namespace lepton::consensus {

struct TickSummary {
    /// Intervals that were skipped because the store was far behind.
    std::uint64_t skipped = 0;
    /// Intervals that were entered, in order, the last one being the store's time. The caller does
    /// its own duties of each phase (phase_of), such as starting aggregation.
    std::vector<Interval> entered;
};

/// Moves the store's time to `target`, one interval at a time, and acts at each: 0 accepts new
/// votes if a proposal is due, 3 updates the safe target, 4 accepts new votes. Does nothing when
/// `target` is not in the future.
/// Spec: timeline.py `on_tick`; aggregation (phase 2) is the caller's
/// Input:  has_proposal: a validator of this node proposes at `target`
/// Cost:   at most kCatchUpIntervalsMax intervals; what lies further back is skipped
TickSummary on_tick(Store& store, Interval target, bool has_proposal);

}  // namespace lepton::consensus
