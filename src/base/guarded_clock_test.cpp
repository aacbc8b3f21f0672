// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/guarded_clock.hpp"

#include <gtest/gtest.h>

namespace lepton {
namespace {

using namespace std::chrono_literals;

constexpr UnixMs kStart = 1'000'000;

struct GuardedClockTest : testing::Test {
    ManualClock system{kStart};
    GuardedClock guarded{system};
};

TEST_F(GuardedClockTest, follows_time_and_small_corrections) {
    EXPECT_EQ(guarded.unix_ms(), kStart);
    EXPECT_EQ(guarded.now(), system.now());
    system.advance(90s);
    EXPECT_EQ(guarded.unix_ms(), kStart + 90'000);
    for (int i = 0; i < 100; ++i) {
        system.step_wall(499);
        EXPECT_EQ(guarded.unix_ms(), system.unix_ms());
    }
    system.step_wall(-499);
    EXPECT_EQ(guarded.unix_ms(), system.unix_ms());
}

TEST_F(GuardedClockTest, a_step_there_and_back_is_not_seen) {
    for (const std::int64_t step : {10'000, -10'000, 500, -500}) {
        const UnixMs before = guarded.unix_ms();
        system.step_wall(step);
        for (int second = 1; second <= 59; ++second) {
            EXPECT_EQ(guarded.unix_ms(), before + static_cast<UnixMs>(second - 1) * 1000);
            system.advance(1s);
        }
        system.step_wall(-step);
        EXPECT_EQ(guarded.unix_ms(), before + 59'000) << step;
        EXPECT_EQ(guarded.unix_ms(), system.unix_ms()) << step;
    }
}

TEST_F(GuardedClockTest, a_step_that_lasts_a_minute_is_taken) {
    for (const std::int64_t step : {10'000, -10'000}) {
        system.step_wall(step);
        const UnixMs before = guarded.unix_ms();
        system.advance(59'999ms);
        EXPECT_EQ(guarded.unix_ms(), before + 59'999);
        system.advance(1ms);
        EXPECT_EQ(guarded.unix_ms(), system.unix_ms()) << step;
        system.advance(1s);
        EXPECT_EQ(guarded.unix_ms(), system.unix_ms()) << step;
    }
}

TEST_F(GuardedClockTest, each_other_step_is_held_anew) {
    system.step_wall(10'000);
    guarded.unix_ms();
    system.advance(59s);
    system.step_wall(10'000);
    guarded.unix_ms();
    system.advance(59s);
    EXPECT_EQ(guarded.unix_ms(), kStart + 118'000);
    system.advance(1s);
    EXPECT_EQ(guarded.unix_ms(), system.unix_ms());
}

// A clock that is stopped, as the whole process is, after wall time was read.
class StoppedBetween final : public Clock {
  public:
    explicit StoppedBetween(ManualClock& clock) : clock_(clock) {}
    Time now() const override { return clock_.now(); }
    UnixMs unix_ms() const override {
        const UnixMs read = clock_.unix_ms();
        if (stops) clock_.advance(60s);
        stops = false;
        return read;
    }
    mutable bool stops = false;

  private:
    ManualClock& clock_;
};

TEST(GuardedClock, a_process_that_was_stopped_sees_no_step) {
    ManualClock system{kStart};
    StoppedBetween stopping{system};
    const GuardedClock guarded{stopping};
    stopping.stops = true;
    EXPECT_EQ(guarded.unix_ms(), kStart + 60'000);
}

}  // namespace
}  // namespace lepton
