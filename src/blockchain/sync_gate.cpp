// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/sync_gate.hpp"

#include <algorithm>

namespace lepton::blockchain {
namespace {

std::uint64_t lag(Slot current, Slot behind) {
    return current > behind ? current - behind : 0;
}

}  // namespace

void SyncGate::saw_block(Slot slot) {
    network_slot_ = std::max(network_slot_, slot);
}

void SyncGate::update(Slot current_slot, Slot imported_slot) {
    if (!has_started_) saw_block(current_slot);
    has_started_ = true;
    const std::uint64_t import_lag = lag(current_slot, imported_slot);
    if (import_lag > kSyncLagMax) is_behind_ = true;
    if (import_lag <= kSyncLagResumed) is_behind_ = false;
    is_network_stalled_ = lag(current_slot, network_slot_) > kNetworkStallSlots;
}

}  // namespace lepton::blockchain
