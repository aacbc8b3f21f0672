// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/sync_gate.hpp"

namespace lepton::blockchain {
namespace {

std::uint64_t lag(Slot current, Slot behind) {
    return current > behind ? current - behind : 0;
}

}  // namespace

void SyncGate::update(Slot current_slot, Slot imported_slot) {
    const std::uint64_t behind = lag(current_slot, imported_slot);
    const bool was_away = !updated_ || lag(current_slot, *updated_) > kSyncLagMax;
    updated_ = current_slot;
    if (behind <= kSyncLagResumed) is_behind_ = false;
    if (was_away || !is_behind_) {
        smallest_lag_ = behind;
        closer_since_ = was_away ? current_slot : imported_slot;
    } else if (behind < smallest_lag_) {
        smallest_lag_ = behind;
        closer_since_ = current_slot;
    }
    if (behind > kSyncLagMax) is_behind_ = true;
    is_catching_up_ = is_behind_ && lag(current_slot, closer_since_) <= kCatchUpSlotsMax;
}

}  // namespace lepton::blockchain
