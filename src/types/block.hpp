// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Blocks. Spec: containers/block.py. Values; any thread.
#pragma once

#include "types/attestation.hpp"

#include <tuple>

namespace lepton {

struct BlockBody {
    ssz::List<AggregatedAttestation, kValidatorRegistryLimit> attestations;

    static constexpr auto kSszFields = std::tuple(&BlockBody::attestations);
    bool operator==(const BlockBody&) const = default;
};

struct BlockHeader {
    Slot slot;
    ValidatorIndex proposer_index;
    Root parent_root;
    Root state_root;
    Root body_root;

    static constexpr auto kSszFields = std::tuple(&BlockHeader::slot,
                                                  &BlockHeader::proposer_index,
                                                  &BlockHeader::parent_root,
                                                  &BlockHeader::state_root,
                                                  &BlockHeader::body_root);
    bool operator==(const BlockHeader&) const = default;
};

/// Its hash_tree_root equals that of its header: the block root.
struct Block {
    Slot slot;
    ValidatorIndex proposer_index;
    Root parent_root;
    Root state_root;
    BlockBody body;

    static constexpr auto kSszFields = std::tuple(&Block::slot,
                                                  &Block::proposer_index,
                                                  &Block::parent_root,
                                                  &Block::state_root,
                                                  &Block::body);
    bool operator==(const Block&) const = default;
};

/// A block with the proof of its attestations and of its proposer.
struct SignedBlock {
    Block block;
    MultiMessageAggregate proof;

    static constexpr auto kSszFields = std::tuple(&SignedBlock::block, &SignedBlock::proof);
    bool operator==(const SignedBlock&) const = default;
};

}  // namespace lepton
