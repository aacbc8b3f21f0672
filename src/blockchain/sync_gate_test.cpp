// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/sync_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::blockchain {
namespace {

SyncGate& step(SyncGate& gate, std::uint64_t current, std::uint64_t imported) {
    gate.update(Slot{current}, Slot{imported});
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

TEST(SyncGate, duties_go_on_when_nothing_comes_any_more) {
    SyncGate gate(true);
    step(gate, 20, 20);
    for (std::uint64_t slot = 21; slot <= 24; ++slot) {
        EXPECT_TRUE(step(gate, slot, 20).allows_duties()) << slot;
    }
    for (std::uint64_t slot = 25; slot <= 28; ++slot) {
        EXPECT_FALSE(step(gate, slot, 20).allows_duties()) << slot;
    }
    EXPECT_TRUE(step(gate, 29, 20).allows_duties());
    EXPECT_TRUE(gate.is_behind());
    EXPECT_FALSE(step(gate, 29, 25).allows_duties()) << "there is a chain to catch up with";
}

TEST(SyncGate, a_late_joiner_waits_for_peers_before_it_goes_on_alone) {
    SyncGate gate(true);
    EXPECT_FALSE(step(gate, 1'000, 0).allows_duties());
    for (std::uint64_t slot = 1'001; slot <= 1'008; ++slot) {
        EXPECT_FALSE(step(gate, slot, 0).allows_duties()) << slot;
    }
    EXPECT_TRUE(step(gate, 1'009, 0).allows_duties()) << "eight slots and nothing imported";
}

TEST(SyncGate, duties_wait_for_as_long_as_the_chain_is_caught_up_with) {
    SyncGate gate(true);
    step(gate, 1'000, 0);
    std::uint64_t slot = 1'000;
    for (std::uint64_t imported = 100; imported < 1'040; imported += 100) {
        slot += 4;
        EXPECT_FALSE(step(gate, slot, imported).allows_duties()) << slot;
    }
    EXPECT_TRUE(step(gate, slot, slot - 2).allows_duties());
}

TEST(SyncGate, imports_that_bring_it_no_closer_do_not_keep_it_closed) {
    SyncGate gate(true);
    step(gate, 20, 20);
    // A proposer that shows each of its blocks six slots late.
    std::uint64_t closed = 0;
    for (std::uint64_t slot = 21; slot <= 120; ++slot) {
        if (!step(gate, slot, std::max<std::uint64_t>(20, slot - 6)).allows_duties()) ++closed;
    }
    EXPECT_EQ(closed, 4U) << "slots 25 to 28";
    EXPECT_TRUE(gate.is_behind());
}

TEST(SyncGate, after_a_pause_peers_have_time_to_be_found_again) {
    SyncGate gate(true);
    step(gate, 20, 20);
    EXPECT_FALSE(step(gate, 35, 20).allows_duties());
    for (std::uint64_t slot = 36; slot <= 43; ++slot) {
        EXPECT_FALSE(step(gate, slot, 20).allows_duties()) << slot;
    }
    EXPECT_TRUE(step(gate, 44, 20).allows_duties());
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
