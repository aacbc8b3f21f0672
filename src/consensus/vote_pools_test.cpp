// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/vote_pools.hpp"

#include "consensus/limits.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

AttestationData data_at(std::uint64_t slot) {
    return {Slot{slot}, {}, {}, {}};
}
Root root(std::uint8_t n) {
    return Root{{n}};
}
AggregationBits bits(std::initializer_list<std::uint64_t> indices) {
    std::vector<ValidatorIndex> list;
    for (const std::uint64_t index : indices) list.emplace_back(index);
    return aggregation_bits(list);
}
SingleMessageAggregate proof(std::initializer_list<std::uint64_t> indices) {
    return {bits(indices), ProofBytes{1}};
}
std::vector<AggregationBits> participants(const AggregatedPayloads& pool, const Root& data_root) {
    std::vector<AggregationBits> sets;
    if (const auto* entry = pool.find(data_root)) {
        for (const auto& held : entry->proofs) sets.push_back(held.participants);
    }
    return sets;
}

TEST(AggregationBits, are_as_long_as_the_highest_index_needs) {
    EXPECT_EQ(bits({2, 0}).size(), 3U);
    EXPECT_EQ(bits({2, 0}).ones(), (std::vector<std::size_t>{0, 2}));
    EXPECT_TRUE(bits({}).empty());
    EXPECT_EQ(count_beyond(bits({0, 1, 70}), bits({1})), 2U);
}

TEST(LatestVotes, a_later_slot_wins_in_any_order) {
    LatestVotes forward(2), backward(2);
    forward.record(bits({0}), data_at(1), root(9));
    forward.record(bits({0}), data_at(2), root(1));
    backward.record(bits({0}), data_at(2), root(1));
    backward.record(bits({0}), data_at(1), root(9));
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(forward.votes()[0], (LatestVotes::Vote{data_at(2), root(1)}));
    EXPECT_EQ(forward.votes()[1], std::nullopt);
}

TEST(LatestVotes, of_one_slot_the_larger_data_root_wins_in_any_order) {
    LatestVotes forward(1), backward(1);
    forward.record(bits({0}), data_at(1), root(4));
    forward.record(bits({0}), data_at(1), root(5));
    backward.record(bits({0}), data_at(1), root(5));
    backward.record(bits({0}), data_at(1), root(4));
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(forward.votes()[0]->data_root, root(5));
}

TEST(LatestVotes, merging_takes_the_later_vote_and_voters_outside_are_ignored) {
    LatestVotes known(2), fresh(2);
    known.record(bits({0, 1}), data_at(5), root(1));
    fresh.record(bits({0}), data_at(4), root(2));
    fresh.record(bits({1, 7}), data_at(6), root(3));
    known.merge(fresh);
    EXPECT_EQ(known.votes()[0]->data_root, root(1));
    EXPECT_EQ(known.votes()[1]->data_root, root(3));
    fresh.clear();
    EXPECT_EQ(fresh, LatestVotes(2));
}

TEST(AggregatedPayloads, proofs_of_a_vote_form_an_antichain) {
    using Added = AggregatedPayloads::Added;
    AggregatedPayloads pool(8);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({0})), Added::stored);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({1, 2})), Added::stored);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({2})), Added::redundant);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({0})), Added::redundant);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({0, 1, 2})), Added::stored);
    EXPECT_EQ(participants(pool, root(1)), std::vector{bits({0, 1, 2})});
    EXPECT_EQ(pool.size(), 1U);
    EXPECT_EQ(pool.evicted(), 0U);
}

TEST(AggregatedPayloads, when_full_the_oldest_slot_leaves_and_then_the_smallest_vote) {
    using Added = AggregatedPayloads::Added;
    AggregatedPayloads pool(3);
    pool.add(data_at(5), root(1), proof({0, 1, 2}));
    pool.add(data_at(4), root(2), proof({0, 1, 2}));
    pool.add(data_at(5), root(3), proof({3}));
    EXPECT_EQ(pool.add(data_at(5), root(4), proof({0, 1})), Added::stored);
    EXPECT_EQ(pool.find(root(2)), nullptr);
    EXPECT_EQ(pool.add(data_at(5), root(5), proof({1, 2})), Added::stored);
    EXPECT_EQ(pool.find(root(3)), nullptr);
    EXPECT_EQ(pool.add(data_at(3), root(6), proof({0, 1, 2, 3})), Added::full);
    EXPECT_EQ(pool.size(), 3U);
    EXPECT_EQ(pool.evicted(), 3U);
}

TEST(AggregatedPayloads, one_vote_cannot_fill_the_pool) {
    using Added = AggregatedPayloads::Added;
    AggregatedPayloads pool(kKnownProofsMax);
    // Pairs of neighbours cover all validators but the last.
    for (std::uint64_t i = 0; i < kProofsPerDataMax; ++i) {
        EXPECT_EQ(pool.add(data_at(1), root(1), proof({i, i + 1})), Added::stored);
    }
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({0, 2})), Added::full);
    EXPECT_EQ(pool.add(data_at(1), root(1), proof({0, 40})), Added::stored);
    EXPECT_EQ(pool.size(), kProofsPerDataMax);
}

TEST(AggregatedPayloads, stale_votes_are_erased_and_taking_empties_it) {
    AggregatedPayloads pool(8);
    pool.add(data_at(1), root(1), proof({0}));
    pool.add(data_at(1), root(1), proof({1}));
    pool.add(data_at(2), root(2), proof({0}));
    EXPECT_EQ(pool.erase_if([](const AttestationData& data) { return data.slot == Slot{1}; }), 2U);
    EXPECT_EQ(pool.take().size(), 1U);
    EXPECT_EQ(pool.size(), 0U);
}

TEST(AttestationSignatures, are_ordered_by_validator_and_replaced_by_the_same_one) {
    AttestationSignatures pool(8);
    pool.add(data_at(1), root(1), ValidatorIndex{2}, Signature{{1}});
    pool.add(data_at(1), root(1), ValidatorIndex{0}, Signature{{2}});
    pool.add(data_at(1), root(1), ValidatorIndex{2}, Signature{{3}});
    const std::map<ValidatorIndex, Signature> expected{{ValidatorIndex{0}, Signature{{2}}},
                                                       {ValidatorIndex{2}, Signature{{3}}}};
    EXPECT_EQ(pool.find(root(1))->signatures, expected);
    EXPECT_EQ(pool.size(), 2U);
    pool.erase(root(1), bits({0, 5}));
    EXPECT_EQ(pool.size(), 1U);
    pool.erase(root(1), bits({2}));
    EXPECT_EQ(pool.find(root(1)), nullptr);
}

TEST(AttestationSignatures, when_full_the_oldest_slot_leaves_and_then_the_smallest_vote) {
    AttestationSignatures pool(4);
    pool.add(data_at(5), root(1), ValidatorIndex{0}, {});
    pool.add(data_at(5), root(1), ValidatorIndex{1}, {});
    pool.add(data_at(4), root(2), ValidatorIndex{0}, {});
    pool.add(data_at(5), root(3), ValidatorIndex{0}, {});
    pool.add(data_at(6), root(4), ValidatorIndex{0}, {});
    EXPECT_EQ(pool.find(root(2)), nullptr);
    pool.add(data_at(6), root(4), ValidatorIndex{1}, {});
    EXPECT_EQ(pool.find(root(3)), nullptr);
    EXPECT_NE(pool.find(root(1)), nullptr);
    EXPECT_EQ(pool.size(), 4U);
    EXPECT_EQ(pool.evicted(), 2U);
}

TEST(AttestationSignatures, one_slot_of_a_full_registry_fits_while_the_last_is_proved) {
    AttestationSignatures pool(kAttestationSignaturesMax);
    for (std::uint64_t slot = 1; slot <= 2; ++slot) {
        for (std::uint64_t i = 0; i < kValidatorRegistryLimit; ++i) {
            pool.add(data_at(slot), root(static_cast<std::uint8_t>(slot)), ValidatorIndex{i}, {});
        }
    }
    EXPECT_EQ(pool.size(), 2 * kValidatorRegistryLimit);
    EXPECT_EQ(pool.evicted(), 0U);
}

}  // namespace
}  // namespace lepton::consensus
