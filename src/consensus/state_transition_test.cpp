// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/state_transition.hpp"

#include "consensus/justified_slots.hpp"
#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

/// The outcome of applying `block` to `parent`.
Rejection rejection_of(const State& parent, const Block& block) {
    const auto next = state_transition(parent, block);
    EXPECT_FALSE(next.has_value());
    return next ? Rejection{} : next.error();
}

/// A block whose attestations are put in after the state root was computed: only for blocks that
/// are refused before the root is compared.
Block with_attestations(Block block, std::vector<AggregatedAttestation> attestations) {
    block.body.attestations.assign(attestations.begin(), attestations.end());
    return block;
}

TEST(StateTransition, first_block_makes_genesis_justified_and_finalized) {
    const TestChain chain = chain_of(1);
    const State& state = chain.state("b1");
    EXPECT_EQ(state.latest_justified, chain.checkpoint("genesis"));
    EXPECT_EQ(state.latest_finalized, chain.checkpoint("genesis"));
    EXPECT_EQ(state.historical_block_hashes, HistoricalBlockHashes{chain.root("genesis")});
    EXPECT_TRUE(state.latest_block_header.state_root.is_zero());
}

TEST(StateTransition, empty_slots_are_zero_in_the_history) {
    TestChain chain;
    chain.add("b3", "genesis", 3);
    EXPECT_EQ(chain.state("b3").historical_block_hashes,
              (HistoricalBlockHashes{chain.root("genesis"), Root{}, Root{}}));
    EXPECT_EQ(chain.state("b3").justified_slots.size(), 2U);
}

TEST(StateTransition, a_known_parent_root_gives_the_same_state) {
    const TestChain chain = chain_of(2);
    const Block block = chain.make("b2", 4);
    EXPECT_EQ(state_transition(chain.state("b2"), block),
              state_transition(chain.state("b2"), block, hash_tree_root(chain.state("b2"))));
}

TEST(StateTransition, header_checks_come_in_order) {
    const TestChain chain = chain_of(2);
    const State& parent = chain.state("b2");
    const Block good = chain.make("b2", 3);
    Block block = good;
    block.slot = Slot{2};
    EXPECT_EQ(rejection_of(parent, block), Rejection::BLOCK_SLOT_NOT_IN_FUTURE);
    block = good;
    block.proposer_index = ValidatorIndex{0};
    block.parent_root = Root{};
    EXPECT_EQ(rejection_of(parent, block), Rejection::WRONG_PROPOSER);
    block.proposer_index = good.proposer_index;
    EXPECT_EQ(rejection_of(parent, block), Rejection::PARENT_ROOT_MISMATCH);
    block = good;
    block.state_root = Root{};
    EXPECT_EQ(rejection_of(parent, block), Rejection::STATE_ROOT_MISMATCH);
    EXPECT_TRUE(state_transition(parent, good).has_value());
}

TEST(StateTransition, block_must_stand_at_the_state_and_above_the_last_header) {
    const TestChain chain = chain_of(2);
    State state = chain.state("b2");
    EXPECT_EQ(process_block(state, chain.make("b2", 3)).error(), Rejection::BLOCK_SLOT_MISMATCH);
    Block same_slot = chain.make("b1", 2);
    state = chain.state("b2");
    EXPECT_EQ(process_block(state, same_slot).error(), Rejection::BLOCK_OLDER_THAN_LATEST_HEADER);
}

TEST(StateTransition, a_gap_beyond_the_history_is_refused_before_it_is_allocated) {
    const TestChain chain;
    Block block;
    block.slot = Slot{kHistoricalRootsLimit + 1};
    block.proposer_index = ValidatorIndex{block.slot.value % 4};
    block.parent_root = chain.root("genesis");
    EXPECT_EQ(rejection_of(chain.state("genesis"), block), Rejection::BLOCK_SLOT_GAP_TOO_LARGE);
}

TEST(StateTransition, a_state_with_a_made_up_slot_cannot_make_it_allocate) {
    State state = TestChain().state("genesis");
    state.slot = Slot{std::uint64_t{1} << 40};
    state.latest_block_header.slot = state.slot;
    Block block;
    block.slot = state.slot + 1;
    block.proposer_index = ValidatorIndex{block.slot.value % 4};
    State moved = state;
    ASSERT_TRUE(process_slots(moved, block.slot).has_value());
    block.parent_root = hash_tree_root(moved.latest_block_header);
    EXPECT_EQ(rejection_of(state, block), Rejection::BLOCK_SLOT_GAP_TOO_LARGE);
}

TEST(Justification, two_thirds_of_the_votes_justify_the_target) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1}).for_head("b1")});
    EXPECT_EQ(chain.state("b2").latest_justified.slot, Slot{0});
    EXPECT_EQ(chain.state("b2").justifications_roots, JustificationsRoots{chain.root("b1")});

    chain.add("b3", "b2", 3, {vote({2}).for_head("b1")});
    EXPECT_EQ(chain.state("b3").latest_justified, chain.checkpoint("b1"));
    EXPECT_TRUE(chain.state("b3").justifications_roots.empty());
    EXPECT_TRUE(is_slot_justified(chain.state("b3").justified_slots, Slot{0}, Slot{1}).value());
}

TEST(Justification, exactly_two_thirds_are_enough) {
    TestChain chain = chain_of(1, 3);
    chain.add("b2", "b1", 2, {vote({0, 2}).for_head("b1")});
    EXPECT_EQ(chain.state("b2").latest_justified, chain.checkpoint("b1"));
}

TEST(Justification, a_repeated_vote_counts_once) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1}).for_head("b1")});
    chain.add("b3", "b2", 3, {vote({0, 1}).for_head("b1")});
    EXPECT_EQ(chain.state("b3").latest_justified.slot, Slot{0});
}

TEST(Justification, an_earlier_target_does_not_move_it_back) {
    TestChain chain = chain_of(2);
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2"), vote({0, 1, 2}).for_head("b1")});
    EXPECT_EQ(chain.state("b3").latest_justified, chain.checkpoint("b2"));
    EXPECT_TRUE(is_slot_justified(chain.state("b3").justified_slots, Slot{0}, Slot{1}).value());
}

TEST(Justification, pending_votes_are_stored_by_ascending_root) {
    TestChain chain = chain_of(3);
    chain.add("b4",
              "b3",
              4,
              {vote({0}).for_head("b1"), vote({1}).for_head("b2"), vote({2}).for_head("b3")});
    const State& state = chain.state("b4");
    EXPECT_TRUE(std::ranges::is_sorted(state.justifications_roots));
    ASSERT_EQ(state.justifications_roots.size(), 3U);
    ASSERT_EQ(state.justifications_validators.size(), 12U);
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string name = chain.name(state.justifications_roots[i]);
        const std::size_t voter = name == "b1" ? 0 : name == "b2" ? 1 : 2;
        EXPECT_TRUE(state.justifications_validators[i * 4 + voter]) << name;
    }
    EXPECT_EQ(state.justifications_validators.count(), 3U);
}

TEST(Finalization, consecutive_justified_checkpoints_finalize_the_first) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2").with_source("b1")});
    EXPECT_EQ(chain.state("b3").latest_finalized, chain.checkpoint("b1"));
    EXPECT_EQ(chain.state("b3").latest_justified, chain.checkpoint("b2"));
    // One tracked slot is left: slot 2, justified.
    EXPECT_EQ(chain.state("b3").justified_slots.size(), 1U);
    EXPECT_TRUE(chain.state("b3").justified_slots[0]);
}

TEST(Finalization, a_justifiable_slot_between_source_and_target_prevents_it) {
    TestChain chain = chain_of(3);
    chain.add("b4", "b3", 4, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b5", "b4", 5, {vote({0, 1, 2}).for_head("b3").with_source("b1")});
    EXPECT_EQ(chain.state("b5").latest_justified, chain.checkpoint("b3"));
    EXPECT_EQ(chain.state("b5").latest_finalized, chain.checkpoint("genesis"));
}

TEST(Finalization, a_source_before_the_finalized_block_finalizes_nothing) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2").with_source("b1")});
    ASSERT_EQ(chain.state("b3").latest_finalized, chain.checkpoint("b1"));
    chain.add("b4", "b3", 4, {vote({0, 1, 2}).for_head("b3").with_source("genesis")});
    EXPECT_EQ(chain.state("b4").latest_justified, chain.checkpoint("b3"));
    EXPECT_EQ(chain.state("b4").latest_finalized, chain.checkpoint("b1"));
}

TEST(Finalization, drops_pending_votes_of_finalized_targets) {
    TestChain chain = chain_of(2);
    chain.add("b3", "b2", 3, {vote({3}).for_head("b1"), vote({0, 1, 2}).for_head("b2")});
    chain.add("b4", "b3", 4, {vote({0, 1, 2}).for_head("b3").with_source("b2")});
    EXPECT_EQ(chain.state("b4").latest_finalized, chain.checkpoint("b2"));
    EXPECT_TRUE(chain.state("b4").justifications_roots.empty());
}

TEST(Finalization, keeps_pending_votes_of_the_slot_after_the_finalized_one) {
    TestChain chain = chain_of(9);
    // Nine slots after genesis can be justified, seven after b2 cannot: the vote for b9 waits.
    chain.add("b10",
              "b9",
              10,
              {vote({3}).for_head("b9"),
               vote({0, 1, 2}).for_head("b1"),
               vote({0, 1, 2}).for_head("b2").with_source("b1"),
               vote({0, 1, 2}).for_head("b3").with_source("b2"),
               vote({0, 1, 2}).for_head("b8").with_source("b3")});
    ASSERT_EQ(chain.state("b10").latest_finalized, chain.checkpoint("b2"));
    chain.add("b11", "b10", 11);
    chain.add("b12", "b11", 12, {vote({0, 1, 2}).for_head("b11").with_source("b8")});
    EXPECT_EQ(chain.state("b12").latest_finalized, chain.checkpoint("b8"));
    EXPECT_EQ(chain.state("b12").justifications_roots, JustificationsRoots{chain.root("b9")});
}

TEST(Attestations, those_that_cannot_count_are_skipped) {
    TestChain chain = chain_of(2);
    chain.add("fork", "b1", 3);
    chain.add("b4",
              "b2",
              4,
              {vote({0, 1, 2, 3}).for_head("fork"),                         // another chain
               vote({0, 1, 2, 3}).for_head("fork").with_target("b1"),       // only the head is
               vote({0, 1, 2, 3}).for_head("b2").with_source("b1"),         // source not justified
               vote({0, 1, 2, 3}).for_head("b2").with_target("genesis")});  // target justified
    EXPECT_EQ(chain.state("b4").latest_justified, chain.checkpoint("genesis"));
    EXPECT_TRUE(chain.state("b4").justifications_roots.empty());
}

TEST(Attestations, a_slot_that_is_not_tracked_invalidates_the_block) {
    const TestChain chain = chain_of(2);
    AttestationData data = chain.data(vote({0}).for_head("b2"));
    data.target.slot = Slot{3};
    EXPECT_EQ(rejection_of(chain.state("b2"),
                           with_attestations(chain.make("b2", 3), {{AggregationBits(4), data}})),
              Rejection::JUSTIFIED_SLOT_OUT_OF_RANGE);
}

TEST(Attestations, bits_are_checked_when_the_vote_counts) {
    const TestChain chain = chain_of(2);
    const AttestationData counted = chain.data(vote({}).for_head("b1"));
    EXPECT_EQ(rejection_of(chain.state("b2"),
                           with_attestations(chain.make("b2", 3), {{AggregationBits(4), counted}})),
              Rejection::EMPTY_AGGREGATION_BITS);
    AggregationBits outside(5);
    outside.set(4);
    EXPECT_EQ(rejection_of(chain.state("b2"),
                           with_attestations(chain.make("b2", 3), {{outside, counted}})),
              Rejection::VALIDATOR_INDEX_OUT_OF_RANGE);
    // Long bits without a voter outside are fine.
    AggregationBits padded(9);
    padded.set(1);
    State state = chain.state("b2");
    EXPECT_TRUE(assemble_block(state, Slot{3}, ValidatorIndex{3}, {{padded, counted}}).has_value());
}

TEST(Attestations, nine_distinct_votes_are_too_many) {
    const TestChain chain = chain_of(1);
    std::vector<AggregatedAttestation> attestations;
    for (std::uint64_t slot = 0; slot < 9; ++slot) {
        attestations.push_back({AggregationBits(4), chain.data(vote({}).at(slot))});
    }
    EXPECT_EQ(rejection_of(chain.state("b1"), with_attestations(chain.make("b1", 2), attestations)),
              Rejection::TOO_MANY_ATTESTATION_DATA);
}

TEST(MalformedState, is_refused_by_name) {
    const TestChain chain = chain_of(2);
    const auto rejection_after = [&](auto change) {
        State state = chain.state("b2");
        change(state);
        const auto block = assemble_block(state, Slot{3}, ValidatorIndex{3}, {});
        return block ? Rejection{} : block.error();
    };
    EXPECT_EQ(
        rejection_after([](State& s) { s.validators = std::make_shared<const Validators>(); }),
        Rejection::EMPTY_VALIDATOR_REGISTRY);
    EXPECT_EQ(rejection_after([](State& s) { s.justifications_validators.resize(4); }),
              Rejection::JUSTIFICATION_VOTES_LENGTH_MISMATCH);
    EXPECT_EQ(rejection_after([](State& s) {
                  s.justifications_roots = {Root{}};
                  s.justifications_validators.resize(4);
              }),
              Rejection::ZERO_HASH_JUSTIFICATION_ROOT);
}

}  // namespace
}  // namespace lepton::consensus
