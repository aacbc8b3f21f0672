// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/tick_schedule.hpp"

#include "base/guarded_clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace lepton::blockchain {
namespace {

using consensus::Phase;
using std::chrono::milliseconds;

constexpr std::uint64_t kGenesis = 1'000;
constexpr UnixMs kGenesisMs = kGenesis * 1'000;

TickSchedule schedule() {
    return TickSchedule(kGenesis, network_profile("leanspec-test").value());
}

TEST(TickSchedule, nothing_is_due_before_genesis) {
    TickSchedule ticks = schedule();
    EXPECT_EQ(ticks.advance(kGenesisMs - 1), std::nullopt);
    EXPECT_EQ(ticks.wait(kGenesisMs - 1), milliseconds{1});
    EXPECT_EQ(ticks.wait(kGenesisMs - 300), milliseconds{300});
    EXPECT_EQ(ticks.wait(0), milliseconds{800}) << "a step of the clock must be noticed";
    EXPECT_EQ(ticks.advance(kGenesisMs), (Tick{Interval{0}, Phase::propose}));
}

TEST(TickSchedule, each_interval_is_due_once_on_the_grid_of_genesis) {
    TickSchedule ticks = schedule();
    std::vector<std::uint64_t> due;
    for (UnixMs now = kGenesisMs; now < kGenesisMs + 4'000; now += 10) {
        if (const auto tick = ticks.advance(now)) {
            EXPECT_EQ((now - kGenesisMs) % 800, 0U);
            EXPECT_TRUE(tick->covers(tick->phase()));
            due.push_back(tick->interval.value);
        }
    }
    EXPECT_EQ(due, (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
}

TEST(TickSchedule, the_wait_is_until_the_next_boundary_however_late_the_tick_was) {
    TickSchedule ticks = schedule();
    ASSERT_TRUE(ticks.advance(kGenesisMs + 799));
    EXPECT_EQ(ticks.wait(kGenesisMs + 799), milliseconds{1});
    ASSERT_TRUE(ticks.advance(kGenesisMs + 1'100));
    EXPECT_EQ(ticks.wait(kGenesisMs + 1'100), milliseconds{500});
}

TEST(TickSchedule, a_timer_that_fires_early_is_no_tick) {
    TickSchedule ticks = schedule();
    ASSERT_TRUE(ticks.advance(kGenesisMs));
    EXPECT_EQ(ticks.advance(kGenesisMs + 798), std::nullopt);
    EXPECT_EQ(ticks.wait(kGenesisMs + 798), milliseconds{2});
    EXPECT_EQ(ticks.advance(kGenesisMs + 800), (Tick{Interval{1}, Phase::attest}));
}

TEST(TickSchedule, a_clock_set_back_gives_no_doubled_tick) {
    TickSchedule ticks = schedule();
    ASSERT_TRUE(ticks.advance(kGenesisMs + 8'000));
    for (UnixMs now = kGenesisMs; now < kGenesisMs + 8'800; now += 100) {
        EXPECT_EQ(ticks.advance(now), std::nullopt);
        EXPECT_LE(ticks.wait(now), milliseconds{800});
    }
    EXPECT_EQ(ticks.advance(kGenesisMs + 8'800), (Tick{Interval{11}, Phase::attest}));
    EXPECT_EQ(ticks.advance(kGenesisMs - 5'000), std::nullopt);
}

TEST(TickSchedule, a_late_tick_covers_the_missed_phases_of_its_own_slot_only) {
    TickSchedule ticks = schedule();
    ASSERT_TRUE(ticks.advance(kGenesisMs));
    const auto late = ticks.advance(kGenesisMs + 3 * 800);
    ASSERT_EQ(late, (Tick{Interval{3}, Phase::attest}));
    EXPECT_FALSE(late->covers(Phase::propose));
    EXPECT_TRUE(late->covers(Phase::attest));
    EXPECT_TRUE(late->covers(Phase::aggregate));
    EXPECT_TRUE(late->covers(Phase::safe_target));
    EXPECT_FALSE(late->covers(Phase::accept_votes));

    const auto hours_later = ticks.advance(kGenesisMs + 10'000 * 800 + 2 * 800);
    ASSERT_EQ(hours_later, (Tick{Interval{10'002}, Phase::propose}));
    EXPECT_EQ(hours_later->slot(), Slot{2'000});
    EXPECT_TRUE(hours_later->covers(Phase::attest));
}

// Intervals that were due, each with whether it came in its time by the true clock, while the
// system's clock is set wrong by `step_ms` for 30 s and the process stands still for a minute.
void disturb_ticks(std::int64_t step_ms) {
    ManualClock system(kGenesisMs - 1'000);
    const GuardedClock clock(system);
    TickSchedule ticks = schedule();
    UnixMs true_ms = kGenesisMs - 1'000;
    std::vector<std::uint64_t> due;
    const auto run = [&](Duration duration) {
        for (const Time end = system.now() + duration; system.now() < end;) {
            if (const auto tick = ticks.advance(clock.unix_ms())) {
                EXPECT_EQ(tick->interval.value, (true_ms - kGenesisMs) / 800) << true_ms;
                due.push_back(tick->interval.value);
            }
            const auto wait = std::chrono::ceil<milliseconds>(ticks.wait(clock.unix_ms()));
            system.advance(wait);
            true_ms += static_cast<UnixMs>(wait.count());
        }
    };
    run(std::chrono::seconds{20});
    system.step_wall(step_ms);
    run(std::chrono::seconds{30});
    system.step_wall(-step_ms);
    run(std::chrono::seconds{20});
    const std::uint64_t before = due.size();
    EXPECT_EQ(due.back(), before - 1) << "none was left out";
    system.advance(std::chrono::minutes{1});
    true_ms += 60'000;
    run(std::chrono::seconds{20});
    EXPECT_EQ(due[before], due[before - 1] + 76) << "what a pause left out stays out";
    EXPECT_EQ(std::ranges::adjacent_find(due, std::greater_equal{}), due.end());
}

TEST(TickSchedule, steps_and_pauses_make_no_tick_early_or_twice) {
    disturb_ticks(10'000);
    disturb_ticks(-10'000);
}

TEST(TickSchedule, the_first_tick_makes_up_for_nothing) {
    TickSchedule ticks = schedule();
    const auto first = ticks.advance(kGenesisMs + 7 * 800 + 20);
    ASSERT_EQ(first, (Tick{Interval{7}, Phase::aggregate}));
    EXPECT_FALSE(first->covers(Phase::attest));
}

}  // namespace
}  // namespace lepton::blockchain
