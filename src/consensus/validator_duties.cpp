// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/validator_duties.hpp"

#include "base/assert.hpp"
#include "consensus/slot.hpp"
#include "consensus/state_transition.hpp"

#include <algorithm>

namespace lepton::consensus {
namespace {

Checkpoint checkpoint_of(const BlockNode& block) {
    return {block.root, block.slot};
}

}  // namespace

bool is_proposer(ValidatorIndex validator_index, Slot slot, std::uint64_t validator_count) {
    const auto proposer = proposer_for_slot(slot, validator_count);
    return slot > Slot{0} && proposer.has_value() && *proposer == validator_index;
}

Checkpoint get_attestation_target(const Store& store) {
    const BlockNode* safe_target = store.blocks.find(store.safe_target);
    LEPTON_ASSERT(safe_target != nullptr);
    const Slot finalized_slot = store.latest_finalized.slot;
    const Slot lower_bound = std::max(safe_target->slot, finalized_slot);

    // The finalized block is an ancestor of the head, so the walks end at it or before.
    const BlockNode* target = &store.head_block();
    const auto step_back = [&] {
        target = store.blocks.find(target->parent_root);
        LEPTON_ASSERT(target != nullptr);
    };
    for (std::uint64_t i = 0; i < kJustificationLookbackSlots && target->slot > lower_bound; ++i) {
        step_back();
    }
    // The state of the head decides which votes count. It may know of less that is final and
    // justified than the store, which saw that in a block beside the head's chain; voters that
    // asked the store would choose other slots than those that never saw the block, for good.
    const Slot finalized_of_head = store.head_block().latest_finalized.slot;
    const Checkpoint& source = store.head_block().latest_justified;
    while (target->slot > finalized_slot &&
           !is_justifiable_after(target->slot, finalized_of_head)) {
        step_back();
    }
    // A block may have justified more since the last safe target: a vote whose target lies behind
    // its source would count for nothing.
    if (target->slot < source.slot) return source;
    return checkpoint_of(*target);
}

AttestationData produce_attestation_data(const Store& store, Slot slot) {
    const BlockNode& head = store.head_block();
    Checkpoint source = head.latest_justified;
    // The state of genesis names no block yet as justified.
    if (source.root.is_zero()) source.root = head.root;
    const Checkpoint target = get_attestation_target(store);
    LEPTON_ASSERT(source.slot <= target.slot);
    return {slot, checkpoint_of(head), target, source};
}

}  // namespace lepton::consensus
