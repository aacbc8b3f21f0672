// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/block_production.hpp"

#include "consensus/proof_selection.hpp"
#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

using Participants = std::vector<std::vector<std::size_t>>;

/// Proofs of 100 bytes and 10 per participant, with room for everything.
ProductionLimits limits() {
    return {.attestations_max = kMaxAttestationsData,
            .proof_bytes_max = kProofSizeMax,
            .proof_size = [](std::size_t participants) { return 100 + 10 * participants; }};
}

void know(TestChain& chain, const TestVote& item) {
    const AttestationData data = chain.data(item);
    const Root data_root = hash_tree_root(data);
    const AggregationBits bits = TestChain::bits(item);
    chain.store.latest_known_votes.record(bits, data, data_root);
    chain.store.latest_known_aggregated_payloads.add(data, data_root, {bits, ProofBytes{1}});
}

std::vector<SelectedAttestation> select(const TestChain& chain,
                                        std::uint64_t slot,
                                        const ProductionLimits& with = limits()) {
    return select_attestations(chain.store, chain.head_state(), Slot{slot}, with);
}

std::vector<std::string> targets(const TestChain& chain,
                                 const std::vector<SelectedAttestation>& selected) {
    std::vector<std::string> names;
    for (const auto& item : selected) names.push_back(chain.name(item.data.target.root));
    return names;
}

Participants participants(const std::vector<SingleMessageAggregate>& proofs) {
    Participants sets;
    for (const auto& proof : proofs) sets.push_back(proof.participants.ones());
    return sets;
}

/// Builds the block of the selection and imports it.
void propose(TestChain& chain, const std::string& name, std::uint64_t slot) {
    std::vector<AggregatedAttestation> attestations;
    for (const auto& item : select(chain, slot)) attestations.push_back(item.attestation());
    const auto assembled = assemble_block(chain.head_state(),
                                          Slot{slot},
                                          ValidatorIndex{slot % chain.store.validator_count()},
                                          std::move(attestations));
    ASSERT_TRUE(assembled.has_value());
    ASSERT_TRUE(chain.import(name, assembled->block).has_value());
    EXPECT_EQ(chain.state(name), assembled->post_state);
}

TEST(SelectAttestations, nothing_known_gives_an_empty_block) {
    TestChain chain = chain_of(2);
    EXPECT_TRUE(select(chain, 3).empty());
    propose(chain, "b3", 3);
    EXPECT_EQ(chain.head(), "b3");
}

TEST(SelectAttestations, finalizing_votes_come_before_justifying_before_the_rest) {
    TestChain chain = chain_of(1, 8);
    chain.add("b2", "b1", 2, {vote({0, 1, 2, 3, 4, 5}).for_head("b1")});
    chain.add("b3", "b2", 3);
    chain.add("b4", "b3", 4);
    know(chain, vote({0, 1, 2, 3, 4}).for_head("b4").with_source("b1"));
    know(chain, vote({0, 1, 2, 3, 4, 5, 6, 7}).for_head("b3").with_source("genesis"));
    know(chain, vote({0, 1, 2, 3, 4, 5}).for_head("b2").with_source("b1"));
    EXPECT_EQ(targets(chain, select(chain, 5)), (std::vector<std::string>{"b2", "b3", "b4"}));
    propose(chain, "b5", 5);
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("b1"));
    EXPECT_EQ(chain.store.latest_justified, chain.checkpoint("b3"));
}

TEST(SelectAttestations, a_vote_may_unlock_another_in_the_same_block) {
    TestChain chain = chain_of(4);
    know(chain, vote({1, 2, 3}).for_head("b4").with_source("b3"));
    know(chain, vote({0, 1, 2}).for_head("b3"));
    EXPECT_EQ(targets(chain, select(chain, 5)), (std::vector<std::string>{"b3", "b4"}));
    propose(chain, "b5", 5);
    EXPECT_EQ(chain.store.latest_justified, chain.checkpoint("b4"));
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("b3"));
}

TEST(SelectAttestations, finality_inside_the_block_unlocks_the_next_vote) {
    TestChain chain = chain_of(1);
    chain.add("b2", "b1", 2, {vote({0, 1, 2}).for_head("b1")});
    chain.add("b3", "b2", 3);
    // Once b1 is final, justified slots are counted from there.
    know(chain, vote({0, 1, 2}).for_head("b2").with_source("b1"));
    know(chain, vote({0, 1, 2}).for_head("b3").with_source("b2"));
    EXPECT_EQ(targets(chain, select(chain, 4)), (std::vector<std::string>{"b2", "b3"}));
    propose(chain, "b4", 4);
    EXPECT_EQ(chain.store.latest_finalized, chain.checkpoint("b2"));
}

TEST(SelectAttestations, of_votes_that_reach_nothing_the_most_new_voters_come_first) {
    TestChain chain = chain_of(3, 16);
    chain.add("b4", "b3", 4, {vote({0, 1, 2, 3, 4, 5}).for_head("b1")});
    know(chain, vote({0, 1, 2, 3, 4, 5, 6}).for_head("b1"));  // one new voter
    know(chain, vote({7, 8}).for_head("b2"));
    know(chain, vote({9, 10, 11}).for_head("b3"));
    EXPECT_EQ(targets(chain, select(chain, 5)), (std::vector<std::string>{"b3", "b2", "b1"}));
}

TEST(SelectAttestations, votes_that_add_nobody_or_cannot_count_are_left_out) {
    TestChain chain = chain_of(3);
    chain.add("b4", "b3", 4, {vote({0, 1}).for_head("b2")});
    chain.add("fork", "b1", 5);
    know(chain, vote({0}).for_head("b2").at(3));                         // has voted
    know(chain, vote({3}).for_head("fork"));                             // another chain
    know(chain, vote({3}).for_head("b3").with_source("b1"));             // source not justified
    know(chain, vote({3}).for_head("b3").with_target("genesis").at(4));  // counts as genesis vote
    chain.store.head = chain.root("b4");
    const auto selected = select(chain, 6);
    EXPECT_EQ(targets(chain, selected), std::vector<std::string>{"genesis"});
}

TEST(SelectAttestations, proofs_are_picked_by_what_they_add) {
    TestChain chain = chain_of(1, 16);
    chain.add("b2", "b1", 2, {vote({0, 1, 2, 3, 4, 5}).for_head("b1")});
    // The large committee is in the chain already; the small one would starve behind it.
    know(chain, vote({0, 1, 2, 3, 4, 5}).for_head("b1").at(1));
    know(chain, vote({6, 7}).for_head("b1").at(1));
    know(chain, vote({7, 8, 9}).for_head("b1").at(1));
    const auto selected = select(chain, 3);
    ASSERT_EQ(selected.size(), 1U);
    EXPECT_EQ(participants(selected[0].proofs), (Participants{{7, 8, 9}, {6, 7}}));
    EXPECT_EQ(selected[0].participants.ones(), (std::vector<std::size_t>{6, 7, 8, 9}));
}

TEST(SelectAttestations, a_large_proof_that_adds_little_comes_after_a_small_one_that_adds_more) {
    TestChain chain = chain_of(1, 16);
    chain.add("b2", "b1", 2, {vote({0, 1, 2, 3, 4, 5}).for_head("b1")});
    know(chain, vote({0, 1, 2, 3, 4, 6}).for_head("b1").at(1));
    know(chain, vote({7, 8}).for_head("b1").at(1));
    const auto selected = select(chain, 3);
    ASSERT_EQ(selected.size(), 1U);
    EXPECT_EQ(participants(selected[0].proofs), (Participants{{7, 8}, {0, 1, 2, 3, 4, 6}}));
}

TEST(SelectAttestations, respects_the_number_of_votes_and_of_proofs) {
    TestChain chain = chain_of(5, 16);
    for (std::size_t i = 1; i <= 5; ++i) {
        know(chain, vote({i, i + 1}).for_head("b" + std::to_string(i)));
        know(chain, vote({i, i + 2}).for_head("b" + std::to_string(i)));
    }
    ProductionLimits narrow = limits();
    EXPECT_EQ(select(chain, 6, narrow).size(), 5U);
    narrow.attestations_max = ProductionLimits{}.attestations_max;
    EXPECT_EQ(select(chain, 6, narrow).size(), 3U);
    narrow.attestations_max = 1;
    narrow.proofs_per_attestation_max = 1;
    const auto selected = select(chain, 6, narrow);
    ASSERT_EQ(selected.size(), 1U);
    EXPECT_EQ(selected[0].proofs.size(), 1U);
}

TEST(SelectAttestations, never_exceeds_the_protocol_limit) {
    TestChain chain = chain_of(1, 64);
    for (std::size_t i = 0; i < 12; ++i) {
        chain.store.time = Interval{5 * (i + 2)};
        know(chain, vote({i}).for_head("b1").at(i + 1));
    }
    ProductionLimits wide = limits();
    wide.attestations_max = 100;
    EXPECT_EQ(select(chain, 20, wide).size(), kMaxAttestationsData);
}

TEST(SelectAttestations, keeps_the_block_proof_within_its_bytes) {
    TestChain chain = chain_of(2, 16);
    know(chain, vote({0, 1, 2, 3, 4}).for_head("b1"));
    know(chain, vote({5, 6}).for_head("b1"));
    know(chain, vote({0, 1}).for_head("b2"));
    ProductionLimits tight = limits();
    // The proposer takes 110 bytes, five voters 150, seven 170, two 120.
    tight.proof_bytes_max = 110 + 169;
    auto selected = select(chain, 3, tight);
    ASSERT_EQ(selected.size(), 1U);
    EXPECT_EQ(participants(selected[0].proofs), (Participants{{0, 1, 2, 3, 4}}));
    tight.proof_bytes_max = 110 + 170 + 120;
    selected = select(chain, 3, tight);
    ASSERT_EQ(selected.size(), 2U);
    EXPECT_EQ(participants(selected[0].proofs), (Participants{{0, 1, 2, 3, 4}, {5, 6}}));
    EXPECT_EQ(participants(selected[1].proofs), (Participants{{0, 1}}));
    tight.proof_bytes_max = 110 + 119;
    EXPECT_TRUE(select(chain, 3, tight).empty());
}

TEST(SelectAttestations, a_justified_block_that_the_head_does_not_know_does_not_stop_it) {
    TestChain chain = chain_of(2);
    chain.add("b3", "b2", 3, {vote({0, 1, 2}).for_head("b1")});
    chain.store.latest_justified = chain.checkpoint("b2");
    know(chain, vote({0, 1}).for_head("b3").with_source("b1"));
    EXPECT_EQ(targets(chain, select(chain, 4)), std::vector<std::string>{"b3"});
    propose(chain, "b4", 4);
    EXPECT_EQ(chain.head(), "b4");
}

TEST(SelectAttestations, a_gap_that_no_block_may_have_gives_nothing) {
    TestChain chain = chain_of(1);
    know(chain, vote({0}).for_head("b1"));
    EXPECT_TRUE(select(chain, kHistoricalRootsLimit + 2).empty());
    EXPECT_TRUE(select(chain, 1).empty());
}

TEST(AssembleBlock, refuses_another_proposer_and_a_past_slot) {
    const TestChain chain = chain_of(2);
    EXPECT_EQ(assemble_block(chain.state("b2"), Slot{3}, ValidatorIndex{0}, {}).error(),
              Rejection::WRONG_PROPOSER);
    EXPECT_EQ(assemble_block(chain.state("b2"), Slot{2}, ValidatorIndex{2}, {}).error(),
              Rejection::BLOCK_SLOT_NOT_IN_FUTURE);
}

TEST(ProofSelection, prefers_the_priority_pool_and_breaks_ties_by_encoding) {
    const auto proof = [](std::initializer_list<std::size_t> voters, std::uint8_t byte) {
        return SingleMessageAggregate{TestChain::bits(vote(voters)), ProofBytes{byte}};
    };
    const CoverageLimits all{.proofs_max = 9, .fits = [](std::size_t) { return true; }};
    const std::vector priority{proof({0}, 1)};
    const std::vector fallback{proof({0, 1, 2}, 1), proof({3, 4, 5}, 1), proof({3, 4, 5}, 2)};
    const Coverage coverage = select_proofs_for_coverage(priority, fallback, {}, all);
    EXPECT_EQ(coverage.proofs, (std::vector{&priority[0], &fallback[2], &fallback[0]}));
    EXPECT_EQ(coverage.participants.count(), 6U);
}

}  // namespace
}  // namespace lepton::consensus
