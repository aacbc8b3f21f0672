// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Each kind of misbehaviour alone, against four honest nodes with four of five validators. (All at
// a time and with other faults: simulation_test.)
#include "byzantine_guest.hpp"
#include "sim_network_of_nodes.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace lepton::simulation {
namespace {

constexpr std::uint64_t kSlotsOfFault = 16;
constexpr std::uint64_t kSlotsOfPeace = 8;

struct Attack {
    Attack(Misbehaviour what, std::uint64_t seed) {
        const Duration slot = std::chrono::seconds{4};
        FaultPlan plan{.faults = {}, .faults_end = slot * kSlotsOfFault};
        plan.faults.push_back({.kind = FaultKind::byzantine,
                               .begin = slot,
                               .end = plan.faults_end,
                               .node = 0,
                               .other = 0,
                               .intensity = static_cast<std::uint64_t>(what)});
        SimOptions options{.seed = seed};
        options.guests.push_back([this](const GuestSetup& setup) {
            auto made = std::make_unique<ByzantineGuest>(setup);
            guest = made.get();
            return made;
        });
        options.guest_validators = 1;
        options.plan = plan;
        network.emplace(options);
    }

    ByzantineGuest* guest = nullptr;
    std::optional<SimNetworkOfNodes> network;
};

class Byzantine : public testing::TestWithParam<std::size_t> {};

TEST_P(Byzantine, guest_is_survived_and_finality_goes_on) {
    const auto what = static_cast<Misbehaviour>(GetParam());
    for (const std::uint64_t seed : {1U, 2U}) {
        SCOPED_TRACE(fmt::format("seed={}", seed));
        Attack attack(what, seed);
        attack.network->run_to_slot(kSlotsOfFault);
        EXPECT_GT(attack.guest->deeds(what), 0U) << "it did nothing";
        EXPECT_EQ(attack.guest->deeds(what), attack.guest->deeds());
        const std::uint64_t before = attack.network->highest_finalized_slot();
        attack.network->run_to_slot(kSlotsOfFault + kSlotsOfPeace);
        EXPECT_GT(attack.network->finalized_slot(), before) << attack.network->summary();
        EXPECT_EQ(attack.network->violations(), std::vector<std::string>{});
    }
}

INSTANTIATE_TEST_SUITE_P(EachKind,
                         Byzantine,
                         testing::Range<std::size_t>(0, kMisbehaviours),
                         [](const auto& each) {
                             return std::string(to_string(static_cast<Misbehaviour>(each.param)));
                         });

}  // namespace
}  // namespace lepton::simulation
