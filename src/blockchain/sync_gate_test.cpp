// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/sync_gate.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

// A gate whose network is alive: a block is heard in every slot.
SyncGate& step(SyncGate& gate, std::uint64_t current, std::uint64_t head) {
    gate.saw_block(Slot{current});
    gate.update(Slot{current}, Slot{head});
    return gate;
}

TEST(SyncGate, duties_stop_above_four_slots_of_lag_and_resume_at_two) {
    SyncGate gate(true);
    EXPECT_TRUE(step(gate, 10, 6).allows_duties());
    EXPECT_FALSE(step(gate, 11, 6).allows_duties());
    EXPECT_FALSE(step(gate, 12, 9).allows_duties()) << "3 behind: not yet";
    EXPECT_TRUE(step(gate, 12, 10).allows_duties());
    EXPECT_TRUE(step(gate, 14, 10).allows_duties()) << "4 behind: still";
}

TEST(SyncGate, duties_go_on_when_the_whole_network_stands_still) {
    SyncGate gate(true);
    step(gate, 20, 20);
    for (std::uint64_t slot = 21; slot <= 24; ++slot) {
        gate.update(Slot{slot}, Slot{20});
        EXPECT_TRUE(gate.allows_duties()) << slot;
    }
    for (std::uint64_t slot = 25; slot <= 28; ++slot) {
        gate.update(Slot{slot}, Slot{20});
        EXPECT_FALSE(gate.allows_duties()) << slot;
        EXPECT_FALSE(gate.is_network_stalled());
    }
    gate.update(Slot{29}, Slot{20});
    EXPECT_TRUE(gate.is_network_stalled());
    EXPECT_TRUE(gate.allows_duties());
    EXPECT_TRUE(gate.is_behind());
    gate.saw_block(Slot{29});
    gate.update(Slot{29}, Slot{20});
    EXPECT_FALSE(gate.allows_duties()) << "the network goes on, this node is behind it";
}

TEST(SyncGate, a_late_joiner_waits_for_peers_before_it_believes_in_a_stall) {
    SyncGate gate(true);
    gate.saw_block(Slot{3});
    gate.update(Slot{1'000}, Slot{0});
    EXPECT_FALSE(gate.allows_duties());
    gate.update(Slot{1'008}, Slot{0});
    EXPECT_FALSE(gate.allows_duties());
    gate.update(Slot{1'009}, Slot{0});
    EXPECT_TRUE(gate.allows_duties()) << "nobody was heard for more than eight slots";
}

TEST(SyncGate, a_head_ahead_of_the_clock_is_no_lag) {
    SyncGate gate(true);
    EXPECT_TRUE(step(gate, 10, 11).allows_duties());
    EXPECT_FALSE(gate.is_behind());
}

TEST(SyncGate, a_disabled_gate_only_observes) {
    SyncGate gate(false);
    step(gate, 100, 0);
    EXPECT_TRUE(gate.is_behind());
    EXPECT_TRUE(gate.allows_duties());
}

}  // namespace
}  // namespace lepton::blockchain
