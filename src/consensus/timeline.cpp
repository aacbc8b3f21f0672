// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/timeline.hpp"

#include "base/assert.hpp"

namespace lepton::consensus {
namespace {

/// Spec: timeline.py `tick_interval`
void tick_interval(Store& store, bool has_proposal) {
    ++store.time;
    switch (phase_of(store.time)) {
        case Phase::propose:
            if (has_proposal) accept_new_attestations(store);
            break;
        case Phase::safe_target:
            update_safe_target(store);
            break;
        case Phase::accept_votes:
            accept_new_attestations(store);
            break;
        case Phase::attest:
        case Phase::aggregate:
            break;
    }
}

}  // namespace

TickSummary on_tick(Store& store, Interval target, bool has_proposal) {
    TickSummary summary;
    if (target <= store.time) return summary;
    const std::uint64_t behind = target - store.time;
    if (behind > kCatchUpIntervalsMax) {
        summary.skipped = behind - kCatchUpIntervalsMax;
        store.time = store.time + summary.skipped;
    }
    while (store.time < target) {
        tick_interval(store, has_proposal && store.time + 1 == target);
        summary.entered.push_back(store.time);
    }
    LEPTON_ASSERT(store.time == target);
    return summary;
}

}  // namespace lepton::consensus
