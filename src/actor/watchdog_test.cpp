// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/watchdog.hpp"

#include "actor/thread_pool.hpp"
#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

// ---------------------------------------------------------------------- the detector

class StallDetectorTest : public testing::Test {
  protected:
    // Looks one second later at one cell.
    std::vector<StallDetector::Stall> look(std::uint64_t turns,
                                           bool is_pending,
                                           Duration later = 1s) {
        now += later;
        return detector.look({CellProgress{.name = "chain",
                                           .id = 7,
                                           .turns = turns,
                                           .is_pending = is_pending,
                                           .in_message = "NewBlock",
                                           .depth = 3}},
                             now);
    }

    Time now{};
    StallDetector detector{WatchdogLimits{}};
};

TEST_F(StallDetectorTest, handler_that_does_not_return_is_found_once_as_new) {
    for (int second = 0; second < 5; ++second) EXPECT_TRUE(look(1, true).empty());
    const auto found = look(1, true);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].is_new);
    EXPECT_EQ(found[0].text(), "component=chain message=NewBlock depth=3 stalled_ms=5000");
    const auto again = look(1, true);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_FALSE(again[0].is_new);
    EXPECT_EQ(again[0].duration, 6s);
}

TEST_F(StallDetectorTest, progress_ends_a_stall) {
    for (int second = 0; second < 6; ++second) look(1, true);
    EXPECT_TRUE(look(2, true).empty());
    EXPECT_TRUE(look(2, true).empty());
}

TEST_F(StallDetectorTest, idle_actor_is_no_stall) {
    for (int second = 0; second < 60; ++second) EXPECT_TRUE(look(1, false).empty());
    EXPECT_TRUE(look(1, true).empty());
}

TEST_F(StallDetectorTest, pause_of_the_whole_process_is_no_stall) {
    look(1, true);
    EXPECT_TRUE(look(1, true, 1h).empty());
    EXPECT_TRUE(look(1, true).empty());
}

TEST_F(StallDetectorTest, patience_is_a_limit_of_its_own) {
    const auto look_at = [&] {
        now += 1s;
        return detector.look({CellProgress{.name = "keys",
                                           .turns = 1,
                                           .is_pending = true,
                                           .in_message = "job",
                                           .patience = 20s}},
                             now);
    };
    for (int second = 0; second < 10; ++second) EXPECT_TRUE(look_at().empty()) << second;
    EXPECT_EQ(look_at().size(), 1u);
}

// ---------------------------------------------------------------------- the process

struct Sleep {
    Duration duration;
};
struct Sleeper {
    using accepts = Accepts<On<Sleep, 4>>;
    std::atomic<bool>& is_asleep;
    void handle(Sleep sleep, Context<Sleeper>&) {
        is_asleep = true;
        std::this_thread::sleep_for(sleep.duration);
    }
};

struct Process {
    void sleep(Duration duration) {
        sleeper.send_or_count(Sleep{duration});
        while (!is_asleep) std::this_thread::yield();
    }

    std::atomic<bool> is_asleep{false};
    SystemClock clock;
    SeededRandom random{1};
    ThreadPool pool{"pool", 2, clock};
    CpuPool cpu{"cpu", 1, 4};
    System system{{.control = pool, .offload = cpu, .random = random, .stop_deadline = 50ms}};
    ActorRef<Sleeper> sleeper =
        system.spawn<Sleeper>({.name = "sleeper", .scheduler = pool, .stop_deadline = 20ms},
                              [this] { return Sleeper{is_asleep}; });
};

// Long enough that a busy machine does not pass for a stall of some other actor.
constexpr WatchdogLimits kImpatient{
    .interval = 20ms, .log_after = 200ms, .exit_after = 1s, .stop_grace = 1h};

void hang_in_a_handler() {
    Process process;
    const Watchdog watchdog{process.system, process.clock, kImpatient};
    process.sleep(1h);
    std::this_thread::sleep_for(1h);
}

TEST(WatchdogDeathTest, stuck_handler_ends_the_process_with_72_and_one_line) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang_in_a_handler(),
                testing::ExitedWithCode(72),
                "watchdog_exit component=sleeper message=Sleep depth=0 stalled_ms=");
}

void hang_while_stopping() {
    Process process;
    const Watchdog watchdog{
        process.system,
        process.clock,
        {.interval = 10ms, .log_after = 1h, .exit_after = 1h, .stop_grace = 50ms}};
    process.sleep(1h);
    process.system.shutdown();
    if (process.system.wait_exit().code != 72) std::_Exit(1);
    std::this_thread::sleep_for(1h);
}

TEST(WatchdogDeathTest, overdue_stop_ends_the_process_with_72) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang_while_stopping(),
                testing::ExitedWithCode(72),
                "watchdog_exit component=root message=stop");
}

// A pool that can lose its turns, or its timers only.
class LosingScheduler final : public Scheduler {
  public:
    explicit LosingScheduler(ThreadPool& pool) : pool_(pool) {}
    void post(CellPtr cell) override {
        if (!loses_turns) pool_.post(std::move(cell));
    }
    Time now() const override { return pool_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override {
        return loses_timers ? 1 : pool_.at(when, std::move(cell), token);
    }
    void cancel(TimerId timer) override { pool_.cancel(timer); }

    std::atomic<bool> loses_turns{false};
    std::atomic<bool> loses_timers{false};

  private:
    ThreadPool& pool_;
};

void lose_on_an_idle_actor(std::atomic<bool> LosingScheduler::* what) {
    Process process;
    LosingScheduler losing{process.pool};
    std::atomic<bool> unused{false};
    process.system.spawn<Sleeper>({.name = "idle", .scheduler = losing},
                                  [&] { return Sleeper{unused}; });
    while (!process.system.is_ready()) std::this_thread::yield();
    const Watchdog watchdog{process.system, process.clock, kImpatient};
    losing.*what = true;
    std::this_thread::sleep_for(1h);
}

TEST(WatchdogDeathTest, an_idle_actor_whose_thread_is_gone_is_found) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(lose_on_an_idle_actor(&LosingScheduler::loses_turns),
                testing::ExitedWithCode(72),
                "watchdog_exit component=idle message=- depth=0 stalled_ms=");
}

TEST(WatchdogDeathTest, an_idle_actor_whose_timers_are_gone_is_found) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(lose_on_an_idle_actor(&LosingScheduler::loses_timers),
                testing::ExitedWithCode(72),
                "watchdog_exit component=idle message=- depth=0 stalled_ms=");
}

void hang_in_a_job() {
    Process process;
    const Watchdog watchdog{
        process.system, process.clock, kImpatient, [&] { return process.cpu.progress(); }};
    std::move_only_function<void()> job = [] { std::this_thread::sleep_for(1h); };
    if (!process.cpu.submit(job)) std::_Exit(1);
    std::this_thread::sleep_for(1h);
}

TEST(WatchdogDeathTest, a_job_that_never_ends_is_found) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang_in_a_job(),
                testing::ExitedWithCode(72),
                "watchdog_exit component=cpu message=job depth=0 stalled_ms=");
}

void hang_in_the_watchdog() {
    Process process;
    const Watchdog watchdog{process.system, process.clock, kImpatient, [] {
                                std::this_thread::sleep_for(1h);
                                return std::vector<CellProgress>{};
                            }};
    while (watchdog.stalls().empty()) std::this_thread::sleep_for(1ms);
    std::fprintf(stderr, "%s\n", watchdog.stalls()[0].c_str());
    watchdog.wait_exit();
}

TEST(WatchdogDeathTest, the_watchdog_itself_is_watched) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hang_in_the_watchdog(),
                testing::ExitedWithCode(72),
                "^component=watchdog message=look .*\n"
                "watchdog_exit component=watchdog message=look depth=0 stalled_ms=");
}

TEST(WatchdogDeathTest, a_join_that_never_ends_ends_the_process) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            const ExitDeadline deadline{10ms};
            std::this_thread::sleep_for(1h);
        },
        testing::ExitedWithCode(72),
        "watchdog_exit component=main message=stop");
}

TEST(Watchdog, stalls_are_told_while_they_last) {
    Process process;
    const Watchdog watchdog{
        process.system,
        process.clock,
        {.interval = 20ms, .log_after = 200ms, .exit_after = 1h, .stop_grace = 1h}};
    const auto is_told = [&] {
        return std::ranges::any_of(watchdog.stalls(), [](const std::string& stall) {
            return stall.starts_with("component=sleeper message=Sleep");
        });
    };
    EXPECT_FALSE(is_told());
    process.sleep(1s);
    while (!is_told()) std::this_thread::sleep_for(1ms);
    while (is_told()) std::this_thread::sleep_for(1ms);
    process.system.shutdown();
    EXPECT_EQ(watchdog.wait_exit(), (Exit{0, "shutdown"}));
}

TEST(Watchdog, leaves_a_healthy_system_alone) {
    Process process;
    {
        const Watchdog watchdog{
            process.system,
            process.clock,
            {.interval = 2ms, .log_after = 1s, .exit_after = 5s, .stop_grace = 5s}};
        for (int i = 0; i < 20; ++i) {
            process.sleeper.send_or_count(Sleep{100us});
            std::this_thread::sleep_for(1ms);
        }
        process.system.shutdown();
        EXPECT_EQ(process.system.wait_exit(), (Exit{0, "shutdown"}));
    }
}

}  // namespace
}  // namespace lepton::actor
