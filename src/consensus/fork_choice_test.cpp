// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/fork_choice.hpp"

#include "consensus/test_chain.hpp"
#include "consensus/timeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::consensus {
namespace {

using enum Rejection;

/// The fork of two blocks at slot 2 on b1; returns the names with the larger root last.
std::pair<std::string, std::string> add_fork(TestChain& chain) {
    chain.add("left", "b1", 2);
    chain.add("right", "b1", 3);
    return chain.root("left") < chain.root("right") ? std::pair("left", "right")
                                                    : std::pair("right", "left");
}

// ---- anchor

TEST(CreateStore, anchor_is_head_justified_and_finalized_whatever_its_state_says) {
    const TestChain chain = chain_of(3);
    const auto store = create_store(chain.state("b3"), chain.make("b2", 3)).value();
    const Checkpoint anchor{chain.root("b3"), Slot{3}};
    EXPECT_EQ(store.head, anchor.root);
    EXPECT_EQ(store.safe_target, anchor.root);
    EXPECT_EQ(store.latest_justified, anchor);
    EXPECT_EQ(store.latest_finalized, anchor);
    EXPECT_EQ(store.time, Interval{15});
}

TEST(CreateStore, state_and_block_must_belong_together) {
    const TestChain chain = chain_of(3);
    EXPECT_EQ(create_store(chain.state("b2"), chain.make("b2", 3)).error(),
              ANCHOR_STATE_ROOT_MISMATCH);
}

TEST(CreateStore, a_state_without_validators_begins_no_chain) {
    const State empty = genesis_state(0, {});
    EXPECT_EQ(verify_checkpoint_state(empty).error(), EMPTY_VALIDATOR_REGISTRY);
    EXPECT_EQ(create_store(empty, genesis_block(empty)).error(), EMPTY_VALIDATOR_REGISTRY);
    EXPECT_TRUE(verify_checkpoint_state(chain_of(1).state("b1")));
}

// ---- head

TEST(ForkChoice, head_is_the_tip_of_a_chain_without_votes) {
    EXPECT_EQ(chain_of(3).head(), "b3");
}

TEST(ForkChoice, equal_weight_goes_to_the_larger_root) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    EXPECT_EQ(chain.head(), larger);
    ASSERT_TRUE(chain.gossip(vote({0}).for_head("left")));
    ASSERT_TRUE(chain.gossip(vote({1}).for_head("right")));
    accept_new_attestations(chain.store);
    EXPECT_EQ(chain.head(), larger);
}

TEST(ForkChoice, more_votes_win) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    ASSERT_TRUE(chain.gossip(vote({0}).for_head(smaller)));
    accept_new_attestations(chain.store);
    EXPECT_EQ(chain.head(), smaller);
}

TEST(ForkChoice, gossiped_votes_weigh_only_after_acceptance) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head(smaller)));
    update_head(chain.store);
    EXPECT_EQ(chain.head(), larger);
    accept_new_attestations(chain.store);
    EXPECT_EQ(chain.head(), smaller);
    EXPECT_EQ(chain.store.latest_new_aggregated_payloads.size(), 0U);
    EXPECT_EQ(chain.store.latest_known_aggregated_payloads.size(), 1U);
}

TEST(ForkChoice, votes_in_a_block_weigh_at_once) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    chain.add("carrier", "b1", 5, {vote({0, 1}).for_head(smaller)});
    EXPECT_EQ(chain.head(), smaller);
    const auto weights = compute_block_weights(chain.store);
    EXPECT_EQ(weights.at(chain.store.blocks.index_of(chain.root(smaller))), 2U);
    EXPECT_EQ(weights.at(chain.store.blocks.index_of(chain.root("b1"))), 2U);
    EXPECT_EQ(chain.store.latest_known_aggregated_payloads.size(), 0U);
}

TEST(ForkChoice, only_the_latest_vote_of_a_validator_counts) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    ASSERT_TRUE(chain.gossip(vote({0, 1, 2}).for_head(smaller).at(3)));
    ASSERT_TRUE(chain.gossip(vote({0, 1, 2}).for_head(larger).at(4)));
    accept_new_attestations(chain.store);
    ASSERT_TRUE(chain.gossip(vote({3}).for_head(smaller).at(4)));
    accept_new_attestations(chain.store);
    EXPECT_EQ(chain.head(), larger);
}

TEST(ForkChoice, of_two_votes_in_one_slot_the_larger_data_root_counts_in_any_order) {
    TestChain chain = chain_of(1);
    add_fork(chain);
    TestChain reverse = chain;
    const TestVote left = vote({0}).for_head("left").at(4);
    const TestVote right = vote({0}).for_head("right").at(4);
    for (const auto& item : {left, right}) ASSERT_TRUE(chain.gossip(item));
    for (const auto& item : {right, left}) ASSERT_TRUE(reverse.gossip(item));
    accept_new_attestations(chain.store);
    accept_new_attestations(reverse.store);
    const bool left_is_larger =
        hash_tree_root(chain.data(left)) > hash_tree_root(chain.data(right));
    EXPECT_EQ(chain.head(), left_is_larger ? "left" : "right");
    EXPECT_EQ(reverse.head(), chain.head());
}

TEST(ForkChoice, votes_survive_the_loss_of_their_proofs) {
    TestChain chain = chain_of(1);
    const auto [smaller, larger] = add_fork(chain);
    ASSERT_TRUE(chain.gossip(vote({0}).for_head(smaller)));
    accept_new_attestations(chain.store);
    chain.store.latest_known_aggregated_payloads.take();
    update_head(chain.store);
    EXPECT_EQ(chain.head(), smaller);
}

// ---- justified and finalized

TEST(Checkpoints, justified_advances_with_a_block_of_any_fork_and_never_goes_back) {
    TestChain chain = chain_of(2);
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2")});
    EXPECT_EQ(chain.store.latest_justified, chain.checkpoint("b2"));
    chain.add("fork", "b1", 4, {vote({0, 1, 2}).for_head("b1")});
    EXPECT_EQ(chain.store.latest_justified, chain.checkpoint("b2"));
    EXPECT_EQ(chain.head(), "b3");
}

TEST(Checkpoints, finalized_follows_the_head_and_may_go_back) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2").with_source("b1")});
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("b1"));
    // A fork from genesis that justifies a later slot without finalizing anything.
    chain.add("f4", "genesis", 4);
    chain.add("f5", "f4", 5, {vote({0, 1, 2}).for_head("f4")});
    EXPECT_EQ(chain.store.latest_justified, chain.checkpoint("f4"));
    EXPECT_EQ(chain.head(), "f5");
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("genesis"));
}

TEST(Checkpoints, a_fork_that_finalized_less_than_the_tree_begins_with_goes_back_to_its_beginning) {
    TestChain chain = chain_of(1);
    chain.add("a2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("a3", "a2", 3, {vote({0, 1, 2}).for_head("a2").with_source("b1")});
    prune(chain.store);
    chain.add("a4", "a3", 4, {vote({0, 1, 2}).for_head("a3").with_source("a2")});
    ASSERT_EQ(chain.store.latest_finalized, chain.checkpoint("a2"));
    chain.add("f5", "b1", 5);
    chain.add("f6", "f5", 6, {vote({0, 1, 2}).for_head("f5")});
    EXPECT_EQ(chain.head(), "f6");
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("b1"));
    prune(chain.store);
    EXPECT_EQ(chain.head(), "f6");
}

TEST(Checkpoints, a_state_that_finalizes_before_the_anchor_leaves_it_finalized) {
    const TestChain chain = chain_of(3);
    Store store = create_store(chain.state("b3"), chain.make("b2", 3)).value();
    const Block block = chain.make("b3", 4);
    store.time = Interval{20};
    ASSERT_TRUE(on_block(store, block, hash_tree_root(block), chain.state("b3")));
    EXPECT_EQ(store.latest_finalized, (Checkpoint{chain.root("b3"), Slot{3}}));
}

// ---- blocks

TEST(OnBlock, refuses_by_name_in_order_and_leaves_the_store_alone) {
    TestChain chain = chain_of(2);
    const Store before = chain.store;
    const Block good = chain.make("b2", 3);
    const auto rejection = [&](const Block& block, Interval time) {
        chain.store.time = time;
        const auto result = on_block(chain.store, block, hash_tree_root(block), chain.state("b2"));
        EXPECT_FALSE(result.has_value());
        return result ? Rejection{} : result.error();
    };
    Block block = good;
    block.parent_root = Root{{7}};
    EXPECT_EQ(rejection(block, Interval{15}), UNKNOWN_PARENT_BLOCK);
    block = good;
    block.slot = Slot{kHistoricalRootsLimit + 3};
    EXPECT_EQ(rejection(block, Interval{15}), BLOCK_SLOT_GAP_TOO_LARGE);
    EXPECT_EQ(rejection(good, Interval{9}), BLOCK_TOO_FAR_IN_FUTURE);
    block = good;
    block.body.attestations.resize(9);
    EXPECT_EQ(rejection(block, Interval{15}), DUPLICATE_ATTESTATION_DATA);
    for (std::size_t i = 0; i < 9; ++i) block.body.attestations[i].data.slot = Slot{i};
    EXPECT_EQ(rejection(block, Interval{15}), TOO_MANY_ATTESTATION_DATA);
    block = good;
    block.state_root = Root{};
    EXPECT_EQ(rejection(block, Interval{15}), STATE_ROOT_MISMATCH);
    EXPECT_EQ(chain.store.blocks.nodes().size(), before.blocks.nodes().size());
    EXPECT_EQ(chain.store.head, before.head);
    EXPECT_EQ(chain.store.latest_known_votes, before.latest_known_votes);
    chain.store.time = Interval{10};
    EXPECT_TRUE(on_block(chain.store, good, hash_tree_root(good), chain.state("b2")))
        << "one slot early is fine";
}

// ---- gossip

struct GossipCase {
    Rejection reason;
    AttestationData data;
};

TEST(Gossip, refuses_votes_by_name) {
    TestChain chain = chain_of(4);
    chain.add("fork", "b1", 5);
    chain.store.time = Interval{25};
    const Checkpoint unknown{Root{{9}}, Slot{2}};
    const auto data = [&](auto change) {
        AttestationData changed =
            chain.data(vote({}).for_head("b4").with_target("b3").with_source("b2"));
        change(changed);
        return changed;
    };
    const std::vector<GossipCase> cases{
        {UNKNOWN_SOURCE_BLOCK, data([&](auto& d) { d.source = d.target = d.head = unknown; })},
        {UNKNOWN_TARGET_BLOCK, data([&](auto& d) { d.target = d.head = unknown; })},
        {UNKNOWN_HEAD_BLOCK, data([&](auto& d) { d.head = unknown; })},
        {SOURCE_AFTER_TARGET, data([&](auto& d) { d.source = d.head; })},
        {HEAD_OLDER_THAN_TARGET, data([&](auto& d) { d.head = d.source; })},
        {SOURCE_SLOT_MISMATCH, data([&](auto& d) { d.source.slot = Slot{1}; })},
        {TARGET_SLOT_MISMATCH, data([&](auto& d) { d.target.slot = Slot{4}; })},
        {HEAD_SLOT_MISMATCH, data([&](auto& d) { d.head.slot = Slot{9}; })},
        {SOURCE_NOT_ANCESTOR_OF_TARGET,
         data([&](auto& d) { d.target = d.head = chain.checkpoint("fork"); })},
        {TARGET_NOT_ANCESTOR_OF_HEAD, data([&](auto& d) { d.head = chain.checkpoint("fork"); })},
        {ATTESTATION_SLOT_BEFORE_HEAD, data([&](auto& d) { d.slot = Slot{3}; })},
        {ATTESTATION_TOO_FAR_IN_FUTURE, data([&](auto& d) { d.slot = Slot{6}; })},
        {ATTESTATION_TOO_FAR_IN_FUTURE, data([&](auto& d) { d.slot = Slot{~std::uint64_t{0}}; })},
    };
    for (const auto& [reason, attestation] : cases) {
        const auto result = validate_attestation(chain.store, attestation);
        ASSERT_FALSE(result.has_value()) << to_string(reason);
        EXPECT_EQ(result.error(), reason) << to_string(result.error());
    }
    EXPECT_TRUE(validate_attestation(chain.store, data([](auto&) {})).has_value());
    // One interval of clock skew.
    chain.store.time = Interval{29};
    EXPECT_TRUE(validate_attestation(chain.store, data([](auto& d) { d.slot = Slot{6}; })));
}

TEST(Gossip, refuses_votes_for_a_branch_that_finality_has_left) {
    TestChain chain = chain_of(1);
    chain.add("fork", "genesis", 2);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2").with_source("b1")});
    ASSERT_EQ(chain.store.latest_finalized, chain.checkpoint("b1"));
    EXPECT_EQ(chain.gossip(vote({3}).for_head("fork").at(4)).error(),
              HEAD_NOT_DESCENDANT_OF_FINALIZED);
}

TEST(Gossip, voters_must_be_in_the_registry) {
    TestChain chain = chain_of(1);
    EXPECT_EQ(chain.gossip(vote({4}).for_head("b1")).error(), VALIDATOR_NOT_IN_STATE);
    EXPECT_EQ(chain.gossip(vote({}).for_head("b1")).error(), EMPTY_AGGREGATION_BITS);
    const AttestationData data = chain.data(vote({}).for_head("b1"));
    EXPECT_EQ(on_gossip_attestation(
                  chain.store, {ValidatorIndex{4}, data, {}}, hash_tree_root(data), true)
                  .error(),
              VALIDATOR_NOT_IN_STATE);
}

TEST(Gossip, only_aggregators_keep_signatures) {
    TestChain chain = chain_of(1);
    const AttestationData data = chain.data(vote({}).for_head("b1"));
    const SignedAttestation signed_vote{ValidatorIndex{1}, data, Signature{{1}}};
    ASSERT_TRUE(on_gossip_attestation(chain.store, signed_vote, hash_tree_root(data), false));
    EXPECT_EQ(chain.store.attestation_signatures.size(), 0U);
    ASSERT_TRUE(on_gossip_attestation(chain.store, signed_vote, hash_tree_root(data), true));
    EXPECT_EQ(chain.store.attestation_signatures.size(), 1U);
    EXPECT_EQ(compute_block_weights(chain.store), std::vector<std::uint64_t>(2));
}

// ---- safe target

TEST(SafeTarget, is_the_deepest_block_with_two_thirds_of_new_votes) {
    TestChain chain = chain_of(3);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head("b3")));
    ASSERT_TRUE(chain.gossip(vote({2}).for_head("b2").at(3)));
    update_safe_target(chain.store);
    EXPECT_EQ(chain.name(chain.store.safe_target), "b2");
}

TEST(SafeTarget, ignores_votes_that_were_accepted_before) {
    TestChain chain = chain_of(3);
    ASSERT_TRUE(chain.gossip(vote({0, 1, 2, 3}).for_head("b3")));
    accept_new_attestations(chain.store);
    update_safe_target(chain.store);
    EXPECT_EQ(chain.name(chain.store.safe_target), "genesis");
}

// ---- pruning

/// genesis ── b1 ── b2 ── b3, b1 finalized; the fork on genesis is left behind.
TestChain finalized_chain() {
    TestChain chain = chain_of(1);
    chain.add("fork", "genesis", 2);
    EXPECT_TRUE(chain.gossip(vote({3}).for_head("fork")));
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    EXPECT_TRUE(chain.gossip(vote({3}).for_head("b2")));
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b2").with_source("b1")});
    return chain;
}

TEST(Prune, keeps_the_finalized_block_and_its_descendants) {
    TestChain chain = finalized_chain();
    ASSERT_EQ(chain.store.latest_finalized, chain.checkpoint("b1"));
    EXPECT_EQ(chain.store.blocks.nodes().size(), 5U) << "importing never prunes";
    auto removed = prune(chain.store);
    std::ranges::sort(removed);
    std::vector expected{chain.root("genesis"), chain.root("fork")};
    std::ranges::sort(expected);
    EXPECT_EQ(removed, expected);
    EXPECT_EQ(chain.head(), "b3");
    EXPECT_TRUE(prune(chain.store).empty());
    chain.add("b4", "b3", 4);
    EXPECT_EQ(chain.head(), "b4");
}

TEST(Prune, drops_proofs_of_abandoned_heads_and_keeps_votes) {
    TestChain chain = finalized_chain();
    ASSERT_EQ(chain.store.latest_new_aggregated_payloads.size(), 2U);
    const LatestVotes votes = chain.store.latest_new_votes;
    EXPECT_EQ(prune_stale_attestation_data(chain.store), 1U);
    EXPECT_EQ(chain.store.latest_new_aggregated_payloads.entries().begin()->second.data.head,
              chain.checkpoint("b2"));
    EXPECT_EQ(chain.store.latest_new_votes, votes);
}

TEST(Prune, a_safe_target_on_an_abandoned_fork_moves_to_the_finalized_block) {
    TestChain chain = finalized_chain();
    chain.store.safe_target = chain.root("fork");
    prune(chain.store);
    EXPECT_EQ(chain.store.safe_target, chain.root("b1"));
}

}  // namespace
}  // namespace lepton::consensus
