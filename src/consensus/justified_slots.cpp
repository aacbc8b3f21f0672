// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/justified_slots.hpp"

#include "consensus/slot.hpp"

namespace lepton::consensus {

Result<bool, Rejection> is_slot_justified(const ssz::Bits& justified_slots,
                                          Slot finalized_slot,
                                          Slot slot) {
    const auto index = justified_index_after(slot, finalized_slot);
    if (!index) return true;
    if (*index >= justified_slots.size()) {
        return std::unexpected(Rejection::JUSTIFIED_SLOT_OUT_OF_RANGE);
    }
    return justified_slots[static_cast<std::size_t>(*index)];
}

Result<void, Rejection> extend_to_slot(ssz::Bits& justified_slots, Slot finalized_slot, Slot slot) {
    const auto index = justified_index_after(slot, finalized_slot);
    if (!index || *index < justified_slots.size()) return {};
    if (*index >= JustifiedSlots::kLimit) {
        return std::unexpected(Rejection::BLOCK_SLOT_GAP_TOO_LARGE);
    }
    justified_slots.resize(static_cast<std::size_t>(*index) + 1);
    return {};
}

}  // namespace lepton::consensus
