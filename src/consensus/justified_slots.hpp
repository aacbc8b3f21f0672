// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The justified-slots bits of a state: bit i stands for slot finalized + 1 + i; slots up to the
// finalized one count as justified. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "ssz/bitlist.hpp"
#include "types/rejection.hpp"
#include "types/state.hpp"

namespace lepton::consensus {

/// Returns whether `slot` is justified.
/// Spec: containers/state.py `is_slot_justified`
/// Errors: JUSTIFIED_SLOT_OUT_OF_RANGE: the slot lies beyond the tracked ones
Result<bool, Rejection> is_slot_justified(const ssz::Bits& justified_slots,
                                          Slot finalized_slot,
                                          Slot slot);

/// Grows `justified_slots` with zeros until `slot` is tracked.
/// Spec: containers/state.py `extend_to_slot`
/// Errors: BLOCK_SLOT_GAP_TOO_LARGE: more bits than the state's limit; nothing was allocated
Result<void, Rejection> extend_to_slot(ssz::Bits& justified_slots, Slot finalized_slot, Slot slot);

}  // namespace lepton::consensus
