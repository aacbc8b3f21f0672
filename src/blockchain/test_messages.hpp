// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Messages for the tests of this folder: verified without a verifier. Included by tests only.
#pragma once

#include "network_api/messages.hpp"
#include "types/ssz.hpp"

#include <cstdint>
#include <utility>

namespace lepton::network_api {

struct VerifiedForTests {
    static VerifiedBlock block(SignedBlock signed_block) {
        const Root root = hash_tree_root(signed_block.block);
        return {std::move(signed_block), root};
    }
    static VerifiedAttestation attestation(SignedAttestation vote) {
        const Root root = hash_tree_root(vote.data);
        return {std::move(vote), root};
    }
    static VerifiedAggregatedAttestation aggregate(SignedAggregatedAttestation aggregate) {
        const Root root = hash_tree_root(aggregate.data);
        return {std::move(aggregate), root};
    }
};

}  // namespace lepton::network_api

namespace lepton::blockchain::test {

/// A root that no block has: its first byte is `number`.
inline Root root_of(std::uint8_t number) {
    Root root;
    root.bytes[0] = number;
    return root;
}

/// A verified block on `parent`; `variant` makes different blocks of one slot and proposer.
inline network_api::NewBlock block_on(const Root& parent,
                                      std::uint64_t slot,
                                      std::uint64_t variant = 0,
                                      std::size_t proof_size = 0) {
    SignedBlock made;
    made.block.slot = Slot{slot};
    made.block.proposer_index = ValidatorIndex{slot % 4};
    made.block.parent_root = parent;
    for (std::size_t i = 0; i < 8; ++i) {
        made.block.state_root.bytes[i] = static_cast<std::uint8_t>(variant >> (8 * i));
    }
    made.proof.proof.resize(proof_size);
    return {.block = network_api::VerifiedForTests::block(std::move(made)),
            .peer = "peer",
            .source = network_api::BlockSource::gossip};
}

/// A verified vote of `validator` for block `head` at `slot`.
inline network_api::NewAttestation vote_for(const Root& head,
                                            std::uint64_t slot,
                                            std::uint64_t validator = 0) {
    SignedAttestation vote;
    vote.validator_index = ValidatorIndex{validator};
    vote.data.slot = Slot{slot};
    vote.data.head = {head, Slot{slot}};
    return {.attestation = network_api::VerifiedForTests::attestation(std::move(vote)),
            .peer = "peer"};
}

/// A verified aggregate of `validator` alone for block `head` at `slot`.
inline network_api::NewAggregatedAttestation aggregate_for(const Root& head,
                                                           std::uint64_t slot,
                                                           std::uint64_t validator = 0) {
    SignedAggregatedAttestation made;
    made.data.slot = Slot{slot};
    made.data.head = {head, Slot{slot}};
    made.proof.participants.resize(static_cast<std::size_t>(validator) + 1);
    made.proof.participants.set(static_cast<std::size_t>(validator));
    return {.attestation = network_api::VerifiedForTests::aggregate(std::move(made)),
            .peer = "peer"};
}

}  // namespace lepton::blockchain::test
