// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/log.hpp"
#include "sim_network_of_nodes.hpp"

#include <gtest/gtest.h>

namespace lepton::simulation {
namespace {

// Without faults a block at slot s finalizes s - 3, so eight slots leave room for a late start.
constexpr std::uint64_t kSlots = 12;
constexpr std::uint64_t kFinalityLagMax = 5;

class Simulation : public testing::Test {
  protected:
    void SetUp() override { log::set_level(log::Level::off); }
};

class SimulationOfSeed : public Simulation, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(SimulationOfSeed, four_nodes_finalize) {
    SimNetworkOfNodes network({.seed = GetParam()});
    network.run_to_slot(kSlots);
    EXPECT_EQ(network.violations(), std::vector<std::string>{});
    EXPECT_GE(network.finalized_slot() + kFinalityLagMax, kSlots) << network.summary();
}

INSTANTIATE_TEST_SUITE_P(Seeds,
                         SimulationOfSeed,
                         testing::Range(std::uint64_t{1}, std::uint64_t{51}));

TEST_F(Simulation, same_seed_gives_the_same_trace_and_another_seed_another) {
    const auto hash_of = [](std::uint64_t seed) {
        SimNetworkOfNodes network({.seed = seed});
        network.run_to_slot(5);
        return network.trace_hash();
    };
    const std::uint64_t first = hash_of(7);
    EXPECT_EQ(first, hash_of(7));
    EXPECT_NE(first, hash_of(8));
}

TEST_F(Simulation, a_crashed_node_resumes_fetches_what_it_missed_and_votes_again) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(seed);
        SimNetworkOfNodes network({.seed = seed});
        network.run_to_slot(8);
        SimNode& victim = network.node(3);
        const Slot head_before = victim.view()->head.slot;
        victim.crash(CrashKind::power);
        network.run_to_slot(16);
        EXPECT_GE(network.finalized_slot() + kFinalityLagMax + 2, 16U) << network.summary();
        ASSERT_TRUE(victim.start());
        network.run_to_slot(17);
        EXPECT_GE(victim.view()->head.slot, head_before);
        network.run_to_slot(26);
        EXPECT_EQ(network.violations(), std::vector<std::string>{});
        EXPECT_GE(network.finalized_slot() + kFinalityLagMax, 26U) << network.summary();
        const std::string metrics = victim.metrics_text();
        EXPECT_EQ(metrics.find("lean_pq_sig_attestation_signatures_total 0\n"), std::string::npos);
    }
}

TEST_F(Simulation, a_restarted_node_shows_what_is_final_before_any_actor_has_run) {
    SimNetworkOfNodes network({.seed = 1, .nodes = 1, .validators_per_node = 3});
    network.run_to_slot(8);
    SimNode& node = network.node(0);
    const Checkpoint finalized = node.view()->latest_finalized;
    ASSERT_GT(finalized.slot, Slot{0});
    node.crash(CrashKind::process);
    ASSERT_TRUE(node.start());
    EXPECT_EQ(node.view()->latest_finalized, finalized);
    EXPECT_NE(node.view()->find(finalized.root), nullptr);
    EXPECT_NE(node.view()->find(node.view()->head.root), nullptr);
}

TEST_F(Simulation, a_node_alone_finalizes) {
    SimNetworkOfNodes network({.seed = 1, .nodes = 1, .validators_per_node = 3});
    network.run_to_slot(kSlots);
    EXPECT_EQ(network.violations(), std::vector<std::string>{});
    EXPECT_GE(network.finalized_slot() + kFinalityLagMax, kSlots) << network.summary();
}

}  // namespace
}  // namespace lepton::simulation
