// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Builds chains and votes for the tests of this folder: blocks have names, votes name blocks. Test
// code only; one thread.
#pragma once

#include "consensus/block_production.hpp"
#include "consensus/fork_choice.hpp"
#include "types/genesis.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lepton::consensus {

/// A vote whose checkpoints are blocks by name. Target is the head and source is genesis unless
/// said otherwise; the slot is the head's.
struct TestVote {
    std::vector<std::size_t> voters;
    std::string head = "genesis";
    std::string target;
    std::string source = "genesis";
    std::optional<Slot> slot;

    TestVote for_head(std::string name) && {
        head = std::move(name);
        return std::move(*this);
    }
    TestVote with_target(std::string name) && {
        target = std::move(name);
        return std::move(*this);
    }
    TestVote with_source(std::string name) && {
        source = std::move(name);
        return std::move(*this);
    }
    TestVote at(std::uint64_t number) && {
        slot = Slot{number};
        return std::move(*this);
    }
};

inline TestVote vote(std::initializer_list<std::size_t> voters) {
    return {voters, "genesis", {}, "genesis", {}};
}

/// A registry whose keys differ from each other.
inline Validators test_validators(std::size_t count) {
    Validators validators;
    for (std::size_t i = 0; i < count; ++i) {
        Bytes key(52);
        key[0] = static_cast<std::uint8_t>(i);
        key[1] = static_cast<std::uint8_t>(i >> 8);
        Validator& validator = validators.emplace_back();
        validator.attestation_public_key = PublicKey(key);
        key[2] = 1;
        validator.proposal_public_key = PublicKey(key);
        validator.index = ValidatorIndex{i};
    }
    return validators;
}

/// A store with the states of its blocks.
class TestChain {
  public:
    explicit TestChain(std::size_t validator_count = 4)
        : TestChain(genesis_state(1'000, test_validators(validator_count))) {}

    /// Imports a block named `name`; aborts the test program when it is refused.
    void add(const std::string& name,
             const std::string& parent,
             std::uint64_t slot,
             const std::vector<TestVote>& votes = {}) {
        const Block block = make(parent, slot, votes);
        const auto imported = import(name, block);
        LEPTON_ASSERT(imported.has_value(), imported ? "" : to_string(imported.error()));
    }

    /// Returns a block with a right state root that is not imported.
    Block make(const std::string& parent,
               std::uint64_t slot,
               const std::vector<TestVote>& votes = {}) const {
        std::vector<AggregatedAttestation> attestations;
        for (const TestVote& item : votes) attestations.push_back({bits(item), data(item)});
        auto assembled = assemble_block(state(parent),
                                        Slot{slot},
                                        ValidatorIndex{slot % store.validator_count()},
                                        std::move(attestations));
        LEPTON_ASSERT(assembled.has_value());
        return assembled->block;
    }

    /// Imports `block` at its own slot or later.
    Result<void, Rejection> import(const std::string& name, const Block& block) {
        const Root block_root = hash_tree_root(block);
        store.time = std::max(store.time, interval_of(block.slot));
        const auto parent = states_.find(block.parent_root);
        auto post_state =
            on_block(store, block, block_root, parent == states_.end() ? State{} : parent->second);
        if (!post_state) return std::unexpected(post_state.error());
        roots_[name] = block_root;
        states_[block_root] = std::move(*post_state);
        return {};
    }

    /// Hands in an aggregate of the vote as gossip does.
    Result<void, Rejection> gossip(const TestVote& item) {
        const AttestationData attestation = data(item);
        store.time = std::max(store.time, interval_of(attestation.slot));
        return on_gossip_aggregated_attestation(
            store, {attestation, {bits(item), ProofBytes{1}}}, hash_tree_root(attestation));
    }

    /// Hands in the raw signature of each voter, as an aggregator gets them.
    void sign(const TestVote& item) {
        const AttestationData attestation = data(item);
        store.time = std::max(store.time, interval_of(attestation.slot));
        for (const std::size_t voter : item.voters) {
            const SignedAttestation signed_vote{
                ValidatorIndex{voter}, attestation, Signature{{static_cast<std::uint8_t>(voter)}}};
            LEPTON_ASSERT(
                on_gossip_attestation(store, signed_vote, hash_tree_root(attestation), true)
                    .has_value());
        }
    }

    AttestationData data(const TestVote& item) const {
        const Checkpoint head = checkpoint(item.head);
        return {item.slot.value_or(head.slot),
                head,
                checkpoint(item.target.empty() ? item.head : item.target),
                checkpoint(item.source)};
    }

    static AggregationBits bits(const TestVote& item) {
        std::vector<ValidatorIndex> indices;
        for (const std::size_t voter : item.voters) indices.emplace_back(voter);
        return aggregation_bits(indices);
    }

    const Root& root(const std::string& name) const { return roots_.at(name); }
    Checkpoint checkpoint(const std::string& name) const {
        return {root(name), state(name).latest_block_header.slot};
    }
    const State& state(const std::string& name) const { return states_.at(root(name)); }
    const State& head_state() const { return states_.at(store.head); }
    /// The name of `block_root`, or its digits.
    std::string name(const Root& block_root) const {
        for (const auto& [block_name, known] : roots_) {
            if (known == block_root) return block_name;
        }
        return to_hex(block_root);
    }
    std::string head() const { return name(store.head); }

    Store store;

  private:
    explicit TestChain(const State& genesis)
        : store(create_store(genesis, genesis_block(genesis)).value()) {
        roots_["genesis"] = store.head;
        states_[store.head] = genesis;
    }

    static Interval interval_of(Slot slot) { return Interval{slot.value * kIntervalsPerSlot}; }

    std::map<std::string, Root> roots_;
    std::map<Root, State> states_;
};

/// genesis, then b1 … bN at slots 1 … N, each on the one before.
inline TestChain chain_of(std::uint64_t length, std::size_t validator_count = 4) {
    TestChain chain(validator_count);
    std::string parent = "genesis";
    for (std::uint64_t slot = 1; slot <= length; ++slot) {
        std::string name = "b" + std::to_string(slot);
        chain.add(name, parent, slot);
        parent = std::move(name);
    }
    return chain;
}

}  // namespace lepton::consensus
