// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/validator_duties.hpp"

#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

TEST(IsProposer, takes_turns_and_never_at_slot_zero) {
    EXPECT_TRUE(is_proposer(ValidatorIndex{1}, Slot{5}, 4));
    EXPECT_FALSE(is_proposer(ValidatorIndex{2}, Slot{5}, 4));
    EXPECT_FALSE(is_proposer(ValidatorIndex{0}, Slot{0}, 4));
    EXPECT_FALSE(is_proposer(ValidatorIndex{0}, Slot{4}, 0));
}

TEST(AttestationTarget, lies_at_most_three_blocks_behind_the_head) {
    EXPECT_EQ(get_attestation_target(chain_of(2).store).slot, Slot{0});
    const TestChain chain = chain_of(5);
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b2"));
}

TEST(AttestationTarget, does_not_go_behind_the_safe_target) {
    TestChain chain = chain_of(5);
    chain.store.safe_target = chain.root("b4");
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b4"));
}

TEST(AttestationTarget, goes_back_to_a_justifiable_slot) {
    TestChain chain = chain_of(8);
    chain.store.safe_target = chain.root("b8");
    // 8 and 7 are neither square nor pronic.
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b6"));
}

// Two nodes that agree on the head, of which one has seen more finalized beside it, must not vote
// for different targets: no later slot is justifiable after both.
TEST(AttestationTarget, follows_the_state_of_the_head_where_the_store_knows_more_as_final) {
    TestChain chain = chain_of(9);
    chain.store.safe_target = chain.root("b9");
    ASSERT_EQ(get_attestation_target(chain.store), chain.checkpoint("b9"));
    chain.store.latest_finalized = chain.checkpoint("b1");
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b9"));
    // Slot 8, justified beside it, counts only where slot 2 is final.
    chain.store.safe_target = chain.root("b6");
    ASSERT_EQ(get_attestation_target(chain.store), chain.checkpoint("b6"));
    chain.store.latest_justified = chain.checkpoint("b8");
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b6"));
}

TEST(AttestationTarget, is_never_behind_what_the_state_of_the_head_justified) {
    TestChain chain = chain_of(3);
    chain.add("b4", "b3", 4, {vote({0, 1, 2}).for_head("b3")});
    // Three blocks back would be b1, before the justified b3.
    EXPECT_EQ(get_attestation_target(chain.store), chain.checkpoint("b3"));
}

TEST(AttestationData, of_genesis_names_the_genesis_block_as_source) {
    const TestChain chain;
    const Checkpoint genesis = chain.checkpoint("genesis");
    EXPECT_EQ(produce_attestation_data(chain.store, Slot{0}),
              (AttestationData{Slot{0}, genesis, genesis, genesis}));
}

TEST(AttestationData, takes_its_source_from_the_state_of_the_head) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3);
    const AttestationData data = produce_attestation_data(chain.store, Slot{4});
    EXPECT_EQ(data.slot, Slot{4});
    EXPECT_EQ(data.head, chain.checkpoint("b3"));
    EXPECT_EQ(data.source, chain.checkpoint("b1"));

    // The store has seen a later justified block, which the new head's state knows nothing of.
    chain.add("fork", "b1", 4, {vote({0, 1, 2}).for_head("b1")});
    chain.add("f5", "fork", 5);
    chain.store.latest_justified = chain.checkpoint("fork");
    update_head(chain.store);
    ASSERT_EQ(chain.head(), "f5");
    const AttestationData on_fork = produce_attestation_data(chain.store, Slot{6});
    EXPECT_EQ(on_fork.source, chain.checkpoint("b1"));
    EXPECT_EQ(on_fork.target, chain.checkpoint("b1"));
    EXPECT_TRUE(validate_attestation(
        [&] {
            Store later = chain.store;
            later.time = Interval{30};
            return later;
        }(),
        on_fork));
}

}  // namespace
}  // namespace lepton::consensus
