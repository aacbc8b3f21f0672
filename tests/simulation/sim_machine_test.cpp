// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_machine.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lepton::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SimMachineTest : public testing::Test {
  protected:
    actor::Simulator simulator_{{.seed = 1, .unix_ms_at_start = 1'000'000}};
    SimMachine machine_{simulator_, 1};
};

TEST_F(SimMachineTest, a_drifting_clock_takes_its_timers_along) {
    machine_.set_clock(500, Duration::zero());
    std::vector<Time> fired;
    machine_.after(seconds{1000}, [&] { fired.push_back(simulator_.now()); });
    simulator_.run_for(seconds{2000});
    ASSERT_EQ(fired.size(), 1U);
    const Duration due = fired[0].time_since_epoch();
    EXPECT_GT(due, milliseconds{999'500});
    EXPECT_LT(due, milliseconds{999'501});
    EXPECT_EQ(machine_.now(), Time{} + seconds{2001});
    EXPECT_EQ(machine_.clock().unix_ms(), 1'000'000U + 2'001'000U);

    // A time server puts wall time right; monotonic time never goes back.
    machine_.set_clock(0, Duration::zero());
    EXPECT_EQ(machine_.now(), Time{} + seconds{2001});
    EXPECT_EQ(machine_.clock().unix_ms(), 1'000'000U + 2'000'000U);
}

TEST_F(SimMachineTest, an_offset_is_of_wall_time_alone) {
    machine_.set_clock(0, -milliseconds{1500});
    simulator_.run_for(seconds{10});
    EXPECT_EQ(machine_.now(), Time{} + seconds{10});
    EXPECT_EQ(machine_.clock().unix_ms(), 1'000'000U + 8'500U);
}

TEST_F(SimMachineTest, a_paused_machine_does_what_is_due_when_it_goes_on) {
    std::vector<Time> fired;
    machine_.after(seconds{1}, [&] { fired.push_back(machine_.now()); });
    machine_.after(seconds{9}, [&] { fired.push_back(machine_.now()); });
    machine_.set_paused(true);
    simulator_.run_for(seconds{5});
    EXPECT_TRUE(fired.empty());
    machine_.set_paused(false);
    simulator_.run_for(seconds{5});
    EXPECT_EQ(fired, (std::vector{Time{} + seconds{5}, Time{} + seconds{9}}));
}

TEST_F(SimMachineTest, work_waits_for_a_processor_and_is_refused_without_room) {
    machine_.set_work(100, 3);
    int done = 0;
    int refused = 0;
    for (int i = 0; i < 5; ++i) {
        std::move_only_function<void()> job = [&] { ++done; };
        if (!machine_.submit(job)) ++refused;
    }
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(machine_.refused_work(), 2U);
    simulator_.run_for(milliseconds{249});
    EXPECT_EQ(done, 0);
    simulator_.run_for(milliseconds{501});
    EXPECT_GE(done, 2);
    simulator_.run_for(milliseconds{750});
    EXPECT_EQ(done, 3);
}

TEST_F(SimMachineTest, a_cleared_machine_does_nothing_of_the_old_process) {
    int ran = 0;
    machine_.after(seconds{1}, [&] { ++ran; });
    std::move_only_function<void()> job = [&] { ++ran; };
    ASSERT_TRUE(machine_.submit(job));
    machine_.clear();
    simulator_.run_for(seconds{10});
    EXPECT_EQ(ran, 0);
    machine_.after(seconds{1}, [&] { ++ran; });
    simulator_.run_for(seconds{10});
    EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace lepton::simulation
