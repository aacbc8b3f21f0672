// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Timers, off-loading, monitors and links: what an actor does through its Context. Listening is in
// source_test.cpp, asking in ask_test.cpp.
#include "actor/context.hpp"

#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

struct Scripted;
// Something to do on the actor's turn.
struct Do {
    std::function<void(Scripted&, Context<Scripted>&)> action;
};
struct Fired {
    std::string text;
};
struct Ticked {};
struct Alarm {};

// Does what it is told and notes what happens to it, with the time in milliseconds.
struct Scripted {
    using accepts = Accepts<On<Do, 64>, On<Alarm, 4, Overflow::reject, Lane::urgent>>;
    std::vector<std::string>& notes;

    void handle(Do what, Context<Scripted>& context) { what.action(*this, context); }
    void handle(Fired fired, Context<Scripted>& context) { note(fired.text, context); }
    void handle(Alarm, Context<Scripted>& context) { note("alarm", context); }
    void handle(Ticked, Context<Scripted>& context) {
        note("tick missed " + std::to_string(context.missed_ticks()), context);
    }
    void note(const std::string& text, Context<Scripted>& context) {
        const auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(context.now().time_since_epoch());
        notes.push_back(text + "@" + std::to_string(ms.count()));
    }
};

// A scheduler whose timers fire and whose cells run only when the test says so.
class HandScheduler final : public Scheduler {
  public:
    void post(CellPtr cell) override { ready_.push_back(std::move(cell)); }
    Time now() const override { return clock_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override {
        return timers_.add(when, {std::move(cell), token});
    }
    void cancel(TimerId timer) override { timers_.cancel(timer); }

    /// Moves time and fires what is due; nothing is handled yet.
    void advance(Duration by) {
        clock_.advance(by);
        while (timers_.next_due() && *timers_.next_due() <= now()) {
            auto [cell, token] = timers_.take_first();
            cell->fire(token);
        }
    }
    void run_ready() {
        while (!ready_.empty()) {
            const CellPtr cell = std::move(ready_.front());
            ready_.pop_front();
            cell->run();
        }
    }

  private:
    ManualClock clock_;
    std::deque<CellPtr> ready_;
    TimerQueue<std::pair<CellPtr, std::uint64_t>> timers_;
};

class ContextTest : public testing::Test {
  protected:
    using Notes = std::vector<std::string>;

    void tell(std::function<void(Scripted&, Context<Scripted>&)> action) {
        tell(actor, std::move(action));
    }
    void tell(const ActorRef<Scripted>& to,
              std::function<void(Scripted&, Context<Scripted>&)> action) {
        EXPECT_TRUE(to.send(Do{std::move(action)}));
        world.simulator.run_ready();
    }
    void run_for(Duration duration) { world.simulator.run_for(duration); }

    SimulatedSystem world{1, {.max_restarts = 100, .backoff_min = 0ms}};
    Notes notes;
    ActorRef<Scripted> actor = world.spawn<Scripted>("actor", [this] { return Scripted{notes}; });
};

// ---------------------------------------------------------------------- timers

TEST_F(ContextTest, after_fires_once_at_its_time) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.after(20ms, Fired{"b"});
        context.after(10ms, Fired{"a"});
        context.after(-5ms, Fired{"now"});
    });
    run_for(1s);
    EXPECT_EQ(notes, (Notes{"now@0", "a@10", "b@20"}));
    EXPECT_EQ(world.snapshot_of("actor").timers, 0u);
}

TEST_F(ContextTest, timers_of_equal_time_fire_in_the_order_of_setting) {
    tell([](Scripted&, Context<Scripted>& context) {
        for (const char* text : {"a", "b", "c"}) context.after(10ms, Fired{text});
    });
    run_for(1s);
    EXPECT_EQ(notes, (Notes{"a@10", "b@10", "c@10"}));
}

TEST_F(ContextTest, key_replaces_the_earlier_timer) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.key_after("redial", 10ms, Fired{"first"});
        context.key_after(7, 15ms, Fired{"other key"});
        context.key_after("redial", 20ms, Fired{"second"});
        context.key_after("redial", 30ms, Fired{"third"});
    });
    run_for(1s);
    EXPECT_EQ(notes, (Notes{"other key@15", "third@30"}));
}

TEST_F(ContextTest, cancelled_timer_does_not_fire) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.key_after("redial", 10ms, Fired{"never"});
        context.cancel("redial");
        context.cancel("unknown");
    });
    run_for(1s);
    EXPECT_EQ(notes, Notes{});
}

TEST_F(ContextTest, every_keeps_the_grid) {
    tell([](Scripted&, Context<Scripted>& context) { context.every("slot", 4s, Fired{"slot"}); });
    run_for(13s);
    EXPECT_EQ(notes, (Notes{"slot@4000", "slot@8000", "slot@12000"}));
    tell([](Scripted&, Context<Scripted>& context) { context.cancel("slot"); });
    run_for(13s);
    EXPECT_EQ(notes.size(), 3u);
}

TEST_F(ContextTest, timers_end_with_the_incarnation) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.after(10ms, Fired{"never"});
        context.every("tick", 10ms, Fired{"never"});
    });
    tell([](Scripted&, Context<Scripted>& context) { context.stop(); });
    run_for(1s);
    EXPECT_EQ(notes, Notes{});
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 2u);
}

TEST_F(ContextTest, too_many_timers_end_the_incarnation) {
    tell([](Scripted&, Context<Scripted>& context) {
        for (std::size_t i = 0; i <= kTimersMax; ++i) context.after(1s, Fired{"never"});
    });
    run_for(2s);
    EXPECT_EQ(notes, Notes{});
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 2u);
}

class LateTimerTest : public testing::Test {
  protected:
    using Notes = std::vector<std::string>;

    LateTimerTest() { settle(); }
    ~LateTimerTest() override { world.system.kill(); }
    void settle() {
        for (int i = 0; i < 3; ++i) {
            world.simulator.run_ready();
            hand.run_ready();
        }
    }
    void tell(std::function<void(Scripted&, Context<Scripted>&)> action) {
        EXPECT_TRUE(actor.send(Do{std::move(action)}));
    }

    HandScheduler hand;
    SimulatedSystem world;
    Notes notes;
    ActorRef<Scripted> actor = world.system.spawn<Scripted>({.name = "actor", .scheduler = hand},
                                                            [this] { return Scripted{notes}; });
};

TEST_F(LateTimerTest, timer_cancelled_or_replaced_while_it_waits_for_its_turn_is_not_handled) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.key_after("a", 10ms, Do{[](Scripted& self, Context<Scripted>& then) {
                              self.note("a", then);
                              then.cancel("b");
                              then.key_after("c", 5ms, Fired{"c again"});
                          }});
        context.key_after("b", 10ms, Fired{"b"});
        context.key_after("c", 10ms, Fired{"c"});
    });
    settle();
    hand.advance(10ms);  // all three have fired and wait in the cell
    settle();
    EXPECT_EQ(notes, (Notes{"a@10"}));
    hand.advance(5ms);
    settle();
    EXPECT_EQ(notes, (Notes{"a@10", "c again@15"}));
}

TEST_F(LateTimerTest, every_skips_missed_ticks_says_how_many_and_keeps_the_grid) {
    tell([](Scripted&, Context<Scripted>& context) { context.every("tick", 10ms, Ticked{}); });
    settle();
    for (const Duration by : {10ms, 13ms, 44ms, 3ms}) {
        hand.advance(by);
        settle();
    }
    // The tick of 20 is late, that of 30 very late and stands for 40, 50 and 60 too, 70 is
    // punctual.
    EXPECT_EQ(
        notes,
        (Notes{"tick missed 0@10", "tick missed 0@23", "tick missed 3@67", "tick missed 0@70"}));
}

TEST_F(LateTimerTest, urgent_message_overtakes_what_the_same_run_has_taken_already) {
    for (const char* text : {"a", "b", "c"}) {
        tell([text](Scripted& self, Context<Scripted>& context) {
            self.note(text, context);
            if (text == std::string_view{"a"}) context.self().send_or_count(Alarm{});
        });
    }
    settle();
    EXPECT_EQ(notes, (Notes{"a@0", "alarm@0", "b@0", "c@0"}));
}

TEST_F(LateTimerTest, timers_go_before_messages) {
    tell([](Scripted&, Context<Scripted>& context) { context.after(10ms, Fired{"timer"}); });
    settle();
    tell([](Scripted& self, Context<Scripted>& context) { self.note("message", context); });
    hand.advance(10ms);
    settle();
    EXPECT_EQ(notes, (Notes{"timer@10", "message@10"}));
}

// ---------------------------------------------------------------------- off-loading

TEST_F(ContextTest, offloaded_result_comes_back_on_the_turn) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.offload(
            [](std::stop_token) { return std::make_unique<int>(6 * 7); },
            [](Scripted& self,
               std::expected<std::unique_ptr<int>, OffloadError> result,
               Context<Scripted>& then) { self.note(std::to_string(*result.value()), then); });
        context.offload(
            [](std::stop_token) {},
            [](Scripted& self, std::expected<void, OffloadError> result, Context<Scripted>& then) {
                self.note(result ? "done" : "failed", then);
            });
    });
    EXPECT_EQ(notes, Notes{});
    run_for(1s);
    EXPECT_EQ(notes, (Notes{"42@5", "done@5"}));
}

TEST_F(ContextTest, offloaded_throw_comes_back_as_an_error) {
    tell([](Scripted&, Context<Scripted>& context) {
        context.offload(
            [](std::stop_token) -> int { throw std::runtime_error("bad proof"); },
            [](Scripted& self, std::expected<int, OffloadError> result, Context<Scripted>&) {
                EXPECT_EQ(result.error(), (OffloadError{OffloadError::Kind::failed, "bad proof"}));
                self.notes.push_back("failed");
            });
    });
    run_for(1s);
    EXPECT_EQ(notes, (Notes{"failed"}));
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 1u);
}

TEST_F(ContextTest, offload_refuses_when_its_queue_is_full) {
    std::vector<OffloadError::Kind> errors;
    int results = 0;
    tell([&](Scripted&, Context<Scripted>& context) {
        for (int i = 0; i < 66; ++i) {
            context.offload([](std::stop_token) { return 1; },
                            [&](Scripted&, std::expected<int, OffloadError> result, auto&) {
                                if (result) {
                                    ++results;
                                } else {
                                    errors.push_back(result.error().kind);
                                }
                            });
        }
    });
    using enum OffloadError::Kind;
    EXPECT_EQ(errors, (std::vector{full, full}));
    run_for(1s);
    EXPECT_EQ(results, 64);
}

TEST_F(ContextTest, offloaded_work_of_an_ended_incarnation_is_cancelled_and_not_reported) {
    int ran = 0, reported = 0;
    std::stop_token token;
    tell([&](Scripted&, Context<Scripted>& context) {
        token = context.stop_token();
        context.offload([&](std::stop_token) { return ++ran; },
                        [&](Scripted&, std::expected<int, OffloadError>, auto&) { ++reported; });
    });
    EXPECT_FALSE(token.stop_requested());
    tell([](Scripted&, Context<Scripted>& context) { context.fail("crash"); });
    EXPECT_TRUE(token.stop_requested());
    run_for(1s);
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(reported, 0);
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 2u);
}

// ---------------------------------------------------------------------- monitors and links

class MonitorTest : public ContextTest {
  protected:
    void watch() {
        tell([this](Scripted&, Context<Scripted>& context) {
            context.monitor(other, [this](Scripted&, const Down& down, Context<Scripted>&) {
                downs.push_back(down);
            });
        });
    }

    ActorRef<Scripted> other = world.spawn<Scripted>("other", [this] { return Scripted{notes}; });
    std::vector<Down> downs;
};

TEST_F(MonitorTest, tells_once_how_an_incarnation_ended) {
    watch();
    tell(other, [](Scripted&, Context<Scripted>& context) { context.fail("first"); });
    const Down first{.name = "other",
                     .id = other.id(),
                     .incarnation = 1,
                     .reason = {.kind = ExitReason::Kind::failed,
                                .component = "other",
                                .message = "Do",
                                .what = "first"}};
    EXPECT_EQ(downs, (std::vector{first}));
    run_for(1s);
    tell(other, [](Scripted&, Context<Scripted>& context) { context.fail("second"); });
    EXPECT_EQ(downs, (std::vector{first}));
    run_for(1s);
    watch();
    tell(other, [](Scripted&, Context<Scripted>& context) { context.stop(); });
    ASSERT_EQ(downs.size(), 2u);
    EXPECT_EQ(downs.back().incarnation, 3u);
    EXPECT_EQ(downs.back().reason.kind, ExitReason::Kind::normal);
}

TEST_F(MonitorTest, tells_at_once_when_it_has_ended_already) {
    const auto gone = world.system.spawn<Scripted>(world.child("gone", Restart::temporary),
                                                   [this] { return Scripted{notes}; });
    world.simulator.run_ready();
    tell(gone, [](Scripted&, Context<Scripted>& context) { context.stop(); });
    tell([&](Scripted&, Context<Scripted>& context) {
        context.monitor(gone.recipient<Do>(),
                        [this](Scripted&, const Down& down, auto&) { downs.push_back(down); });
    });
    ASSERT_EQ(downs.size(), 1u);
    EXPECT_EQ(downs[0].name, "gone");
}

TEST_F(MonitorTest, of_an_ended_watcher_tells_nobody) {
    watch();
    tell([](Scripted&, Context<Scripted>& context) { context.fail("watcher"); });
    run_for(1s);
    tell(other, [](Scripted&, Context<Scripted>& context) { context.fail("watched"); });
    EXPECT_EQ(downs, std::vector<Down>{});
}

TEST_F(MonitorTest, of_ended_watchers_are_forgotten) {
    for (std::size_t i = 0; i < kMonitorsMax + 10; ++i) {
        watch();
        tell([](Scripted&, Context<Scripted>& context) { context.stop(); });
        run_for(1min);
        ASSERT_EQ(world.snapshot_of("actor").incarnation, i + 2);
    }
    watch();
    tell(other, [](Scripted&, Context<Scripted>& context) { context.stop(); });
    EXPECT_EQ(downs.size(), 1u);
}

TEST_F(MonitorTest, link_fails_with_the_other_but_not_when_it_stops_in_order) {
    tell([this](Scripted&, Context<Scripted>& context) { context.link(other); });
    tell(other, [](Scripted&, Context<Scripted>& context) { context.stop(); });
    run_for(1s);
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 1u);
    tell([this](Scripted&, Context<Scripted>& context) { context.link(other); });
    tell(other, [](Scripted&, Context<Scripted>& context) { context.fail("boom"); });
    run_for(1s);
    EXPECT_EQ(world.snapshot_of("actor").incarnation, 2u);
}

}  // namespace
}  // namespace lepton::actor
