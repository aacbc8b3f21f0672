// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Blocks and states for the tests of this folder: right in shape and size, wrong in content. Tests
// only.
#pragma once

#include "base/random.hpp"
#include "storage/storage.hpp"
#include "types/genesis.hpp"
#include "types/ssz.hpp"

#include <cstdint>
#include <string>

namespace lepton::storage {

/// A block with the state after it.
struct TestBlock {
    Root root;
    SignedBlock block;
    State state;

    ImportedBlock imported() const { return {root, block, state}; }
    Checkpoint point() const { return {root, block.block.slot}; }
};

inline Identity test_identity() {
    return {.network_profile = "leanspec-test", .genesis_time = 1770407233, .registry_root = {}};
}

inline TestBlock test_genesis(std::uint64_t validator_count = 4) {
    Validators validators;
    for (std::uint64_t i = 0; i < validator_count; ++i) {
        const Bytes key(52, static_cast<std::uint8_t>(i + 1));
        validators.push_back({PublicKey(key), PublicKey(key), ValidatorIndex{i}});
    }
    TestBlock genesis;
    genesis.state = genesis_state(1770407233, std::move(validators));
    genesis.block.block = genesis_block(genesis.state);
    genesis.root = hash_tree_root(genesis.block.block);
    return genesis;
}

/// Returns a child of `parent`. `variant` makes siblings differ. The history grows as in the real
/// transition; votes of pending justifications come, change and go.
inline TestBlock test_child(const TestBlock& parent, Slot slot, std::uint64_t variant = 0) {
    TestBlock child;
    SeededRandom random(slot.value * 1000 + variant);
    State& state = child.state;
    state = parent.state;
    state.slot = slot;
    state.historical_block_hashes.push_back(parent.root);
    state.historical_block_hashes.resize(slot.value);
    state.justified_slots.resize(slot.value);
    const std::size_t validator_count = state.validators->size();
    if (slot.value % 5 == 0) {
        Root root;
        random.fill(root.bytes);
        const std::size_t place = random.below(state.justifications_roots.size() + 1);
        state.justifications_roots.insert(
            state.justifications_roots.begin() + static_cast<std::ptrdiff_t>(place), root);
        state.justifications_validators.resize(state.justifications_validators.size() +
                                               validator_count);
    }
    if (!state.justifications_validators.empty()) {
        state.justifications_validators.set(random.below(state.justifications_validators.size()));
    }
    if (state.justifications_roots.size() > 20) {
        state.justifications_roots.clear();
        state.justifications_validators.resize(0);
    }
    state.latest_justified = {parent.root, parent.block.block.slot};

    Block& block = child.block.block;
    block.slot = slot;
    block.proposer_index = ValidatorIndex{slot.value % validator_count};
    block.parent_root = parent.root;
    random.fill(block.state_root.bytes);
    child.block.proof.proof.resize(100 + random.below(100));
    random.fill(child.block.proof.proof);
    state.latest_block_header = {.slot = slot,
                                 .proposer_index = block.proposer_index,
                                 .parent_root = parent.root,
                                 .state_root = {},
                                 .body_root = hash_tree_root(block.body)};
    child.root = hash_tree_root(block);
    return child;
}

/// The checkpoints of a store whose head is `head`.
inline Checkpoints points_at(const TestBlock& head, const Checkpoint& justified) {
    return {.head = head.point(),
            .latest_justified = justified,
            .latest_finalized = justified,
            .safe_target = head.point()};
}

inline ImportBatch import_as_head(const TestBlock& block, const Checkpoint& justified) {
    return {.block = block.imported(), .checkpoints = points_at(block, justified)};
}

}  // namespace lepton::storage
