// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A hundred seeds with faults, from LEPTON_FIRST_SEED. Built into two programs, so that two
// processors share two hundred seeds.
#include "base/log.hpp"
#include "fault_run.hpp"

#include <gtest/gtest.h>

namespace lepton::simulation {
namespace {

constexpr std::uint64_t kSeeds = 100;

class FaultSeeds : public testing::Test {
  protected:
    void SetUp() override { log::set_level(log::Level::off); }
};

TEST_F(FaultSeeds, no_oracle_is_broken_and_every_kind_of_fault_happens) {
    FaultCounts counts{};
    for (std::uint64_t seed = LEPTON_FIRST_SEED; seed < LEPTON_FIRST_SEED + kSeeds; ++seed) {
        const FaultRunOptions options{.seed = seed};
        const FaultRunResult result = run_with_faults(options);
        EXPECT_EQ(result.violations, std::vector<std::string>{})
            << "again: ./dev sim --seed " << seed << " --nodes " << options.nodes << " --slots "
            << options.slots;
        for (std::size_t i = 0; i < kFaultKinds; ++i) counts[i] += result.fault_counts[i];
    }
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        const auto kind = static_cast<FaultKind>(i);
        EXPECT_GT(counts[i], 0U) << to_string(kind);
    }
}

TEST_F(FaultSeeds, a_seed_gives_the_same_run_again) {
    for (std::uint64_t seed = LEPTON_FIRST_SEED; seed < LEPTON_FIRST_SEED + 5; ++seed) {
        const FaultRunResult first = run_with_faults({.seed = seed, .slots = 24});
        const FaultRunResult again = run_with_faults({.seed = seed, .slots = 24});
        EXPECT_EQ(first.trace_hash, again.trace_hash) << seed;
        EXPECT_EQ(first.fault_counts, again.fault_counts) << seed;
    }
}

}  // namespace
}  // namespace lepton::simulation
