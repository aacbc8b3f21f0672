// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/aggregation.hpp"

#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

using Indices = std::vector<std::uint64_t>;

constexpr AggregationLimits kLimits{.jobs_max = 10};

Indices raw(const AggregationJob& job) {
    Indices indices;
    for (const auto& signature : job.raw_signatures) {
        indices.push_back(signature.validator_index.value);
    }
    return indices;
}

void apply(TestChain& chain, const AggregationJob& job) {
    apply_aggregate(chain.store, {job.data, {job.participants, ProofBytes{7}}}, job.data_root);
}

TEST(AggregationJobs, raw_signatures_come_by_ascending_index) {
    TestChain chain = chain_of(1);
    chain.sign(vote({3, 0, 2}).for_head("b1"));
    const auto jobs = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(raw(jobs[0]), (Indices{0, 2, 3}));
    EXPECT_TRUE(jobs[0].children.empty());
    EXPECT_EQ(jobs[0].participants, TestChain::bits(vote({0, 2, 3})));
    EXPECT_EQ(jobs[0].data_root, hash_tree_root(jobs[0].data));
}

TEST(AggregationJobs, a_lone_signature_is_aggregated) {
    TestChain chain = chain_of(1);
    chain.sign(vote({1}).for_head("b1"));
    EXPECT_EQ(select_aggregation_jobs(chain.store, Slot{1}, kLimits).size(), 1U);
}

TEST(AggregationJobs, children_come_first_and_signatures_fill_the_rest) {
    TestChain chain = chain_of(1, 8);
    ASSERT_TRUE(chain.gossip(vote({0, 1, 2}).for_head("b1")));
    accept_new_attestations(chain.store);
    ASSERT_TRUE(chain.gossip(vote({2, 3}).for_head("b1")));
    chain.sign(vote({1, 3, 5}).for_head("b1"));
    const auto jobs = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    ASSERT_EQ(jobs.size(), 1U);
    ASSERT_EQ(jobs[0].children.size(), 2U);
    EXPECT_EQ(jobs[0].children[0].participants, TestChain::bits(vote({2, 3}))) << "new pool first";
    EXPECT_EQ(jobs[0].children[1].participants, TestChain::bits(vote({0, 1, 2})));
    EXPECT_EQ(raw(jobs[0]), Indices{5});
    EXPECT_EQ(jobs[0].participants.ones(), (std::vector<std::size_t>{0, 1, 2, 3, 5}));
}

TEST(AggregationJobs, nothing_is_proved_twice) {
    TestChain chain = chain_of(1);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head("b1")));
    EXPECT_TRUE(select_aggregation_jobs(chain.store, Slot{1}, kLimits).empty()) << "a lone proof";
    chain.sign(vote({0, 1}).for_head("b1"));
    EXPECT_TRUE(select_aggregation_jobs(chain.store, Slot{1}, kLimits).empty()) << "all covered";
    accept_new_attestations(chain.store);
    chain.store.attestation_signatures.erase_if([](const AttestationData&) { return true; });
    EXPECT_TRUE(select_aggregation_jobs(chain.store, Slot{1}, kLimits).empty()) << "known only";
}

TEST(AggregationJobs, two_proofs_are_merged_without_signatures) {
    TestChain chain = chain_of(1);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head("b1")));
    ASSERT_TRUE(chain.gossip(vote({1, 2}).for_head("b1")));
    const auto jobs = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].children.size(), 2U);
}

TEST(AggregationJobs, the_present_slot_comes_before_older_and_larger_ones) {
    TestChain chain = chain_of(3, 8);
    chain.sign(vote({0, 1, 2}).for_head("b1"));
    chain.sign(vote({0, 1}).for_head("b2"));
    chain.sign(vote({3, 4, 5}).for_head("b1").at(2));
    chain.sign(vote({6}).for_head("b3"));
    const auto slots_and_sizes = [&](std::size_t jobs_max) {
        std::vector<std::pair<std::uint64_t, std::size_t>> seen;
        for (const auto& job :
             select_aggregation_jobs(chain.store, Slot{3}, {.jobs_max = jobs_max})) {
            seen.emplace_back(job.data.slot.value, job.participants.count());
        }
        return seen;
    };
    using Seen = std::vector<std::pair<std::uint64_t, std::size_t>>;
    EXPECT_EQ(slots_and_sizes(9), (Seen{{3, 1}, {2, 3}, {2, 2}, {1, 3}}));
    EXPECT_EQ(slots_and_sizes(2), (Seen{{3, 1}, {2, 3}}));
}

TEST(AggregationJobs, fan_in_and_participants_are_bounded) {
    TestChain chain = chain_of(1, 16);
    for (std::size_t i = 0; i < 6; ++i) ASSERT_TRUE(chain.gossip(vote({i, i + 6}).for_head("b1")));
    chain.sign(vote({13, 14, 15}).for_head("b1"));
    const auto jobs = select_aggregation_jobs(
        chain.store, Slot{1}, {.jobs_max = 1, .children_max = 3, .participants_max = 8});
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].children.size(), 3U);
    EXPECT_EQ(raw(jobs[0]), (Indices{13, 14}));
    EXPECT_EQ(jobs[0].participants.count(), 8U);
}

TEST(ApplyAggregate, replaces_what_it_covers_and_its_votes_are_new) {
    TestChain chain = chain_of(1);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head("b1")));
    chain.sign(vote({2, 3}).for_head("b1"));
    const auto jobs = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    ASSERT_EQ(jobs.size(), 1U);
    apply(chain, jobs[0]);
    EXPECT_EQ(chain.store.attestation_signatures.size(), 0U);
    const auto* entry = chain.store.latest_new_aggregated_payloads.find(jobs[0].data_root);
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(entry->proofs.size(), 1U);
    EXPECT_EQ(entry->proofs[0].participants, TestChain::bits(vote({0, 1, 2, 3})));
    update_safe_target(chain.store);
    EXPECT_EQ(chain.name(chain.store.safe_target), "b1");
}

TEST(ApplyAggregate, signatures_that_arrived_meanwhile_stay) {
    TestChain chain = chain_of(1);
    chain.sign(vote({0, 1}).for_head("b1"));
    const auto jobs = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    chain.sign(vote({2}).for_head("b1"));
    apply(chain, jobs.at(0));
    EXPECT_EQ(chain.store.attestation_signatures.size(), 1U);
    const auto next = select_aggregation_jobs(chain.store, Slot{1}, kLimits);
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(raw(next[0]), Indices{2});
    EXPECT_EQ(next[0].children.size(), 1U);
}

TEST(ApplyAggregate, keeps_a_lone_proof_of_another_vote) {
    TestChain chain = chain_of(2);
    ASSERT_TRUE(chain.gossip(vote({0, 1}).for_head("b1").at(2)));
    chain.sign(vote({2, 3}).for_head("b2"));
    for (const auto& job : select_aggregation_jobs(chain.store, Slot{2}, kLimits)) {
        apply(chain, job);
    }
    EXPECT_EQ(chain.store.latest_new_aggregated_payloads.size(), 2U);
}

}  // namespace
}  // namespace lepton::consensus
