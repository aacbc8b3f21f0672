// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/backend.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::aggregation {
namespace {

Claim claim_about(std::uint8_t number) {
    Claim claim;
    claim.message.bytes.fill(number);
    return claim;
}

TEST(ComponentAbout, finds_the_only_claim_about_a_message) {
    const std::vector<Claim> claims{claim_about(1), claim_about(2), claim_about(3), claim_about(2)};
    EXPECT_EQ(component_about(claims, claim_about(1).message), 0u);
    EXPECT_EQ(component_about(claims, claim_about(3).message), 2u);
    EXPECT_EQ(component_about(claims, claim_about(2).message),
              std::unexpected(AggregationError::ambiguous_component));
    EXPECT_EQ(component_about(claims, claim_about(4).message),
              std::unexpected(AggregationError::unknown_component));
    EXPECT_EQ(component_about({}, claim_about(1).message),
              std::unexpected(AggregationError::unknown_component));
}

TEST(AggregationError, every_error_has_a_name_of_its_own) {
    std::vector<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(AggregationError::unsupported); ++i) {
        names.push_back(to_string(static_cast<AggregationError>(i)));
    }
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
    EXPECT_FALSE(std::ranges::binary_search(names, "unknown"));
}

TEST(AggregationError, only_a_wrong_proof_is_held_against_its_sender) {
    EXPECT_EQ(fault_of(AggregationError::invalid_signature), Fault::proof);
    EXPECT_EQ(fault_of(AggregationError::malformed), Fault::proof);
    EXPECT_EQ(fault_of(AggregationError::component_count_mismatch), Fault::proof);
    EXPECT_EQ(fault_of(AggregationError::foreign_proof), Fault::foreign);
    EXPECT_EQ(fault_of(AggregationError::bad_version), Fault::foreign);
    EXPECT_EQ(fault_of(AggregationError::wrong_scheme), Fault::foreign);
    EXPECT_EQ(fault_of(AggregationError::deadline), Fault::request);
    EXPECT_EQ(fault_of(AggregationError::cancelled), Fault::request);
    EXPECT_EQ(fault_of(AggregationError::dropped), Fault::request);
}

}  // namespace
}  // namespace lepton::aggregation
