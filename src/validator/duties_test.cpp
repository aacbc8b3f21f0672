// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/duties.hpp"

#include <gtest/gtest.h>

namespace lepton::validator {
namespace {

std::vector<ValidatorIndex> indices(std::initializer_list<std::uint64_t> numbers) {
    std::vector<ValidatorIndex> result;
    for (const std::uint64_t number : numbers) result.emplace_back(number);
    return result;
}

std::vector<SubnetId> subnets(std::initializer_list<std::uint64_t> numbers) {
    std::vector<SubnetId> result;
    for (const std::uint64_t number : numbers) result.emplace_back(number);
    return result;
}

TEST(Duties, the_proposer_goes_round_the_registry) {
    const auto own = indices({1, 3});
    for (std::uint64_t slot = 1; slot < 20; ++slot) {
        const Duties duties = duties_of_slot(Slot{slot}, 5, own);
        const std::uint64_t turn = slot % 5;
        const bool is_ours = turn == 1 || turn == 3;
        EXPECT_EQ(duties.proposer, is_ours ? std::optional(ValidatorIndex{turn}) : std::nullopt)
            << slot;
        EXPECT_EQ(duties.attesters, own);
    }
}

TEST(Duties, nobody_proposes_in_slot_0_but_all_vote) {
    const auto own = indices({0, 1});
    EXPECT_EQ(duties_of_slot(Slot{0}, 2, own),
              (Duties{.proposer = std::nullopt, .attesters = own}));
    EXPECT_EQ(duties_of_slot(Slot{2}, 2, own).proposer, ValidatorIndex{0});
}

TEST(Duties, validators_outside_the_registry_do_nothing) {
    EXPECT_EQ(duties_of_slot(Slot{7}, 4, indices({2, 4, 7})).attesters, indices({2}));
    EXPECT_EQ(duties_of_slot(Slot{7}, 0, indices({0})), Duties{});
    EXPECT_EQ(duties_of_slot(Slot{7}, 4, {}), Duties{});
}

TEST(Duties, a_node_joins_the_subnets_of_its_validators) {
    EXPECT_EQ(subnet_of(ValidatorIndex{7}, 4), SubnetId{3});
    EXPECT_EQ(subnets_to_subscribe(indices({0, 5, 4}), 4, false, subnets({2})), subnets({0, 1}));
    EXPECT_EQ(subnets_to_subscribe({}, 4, false, subnets({2})), subnets({}));
}

TEST(Duties, an_aggregator_adds_what_it_was_told_and_has_one_at_least) {
    EXPECT_EQ(subnets_to_subscribe(indices({5}), 4, true, subnets({2, 1, 9})), subnets({1, 2}));
    EXPECT_EQ(subnets_to_subscribe({}, 4, true, {}), subnets({0}));
    EXPECT_EQ(subnets_to_subscribe({}, 1, true, subnets({3})), subnets({0}));
}

}  // namespace
}  // namespace lepton::validator
