// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Restarts, back-off, intensity, escalation to exit codes, order of starts and stops. A journal
// records what the children live through: "+a" started, "-a" stopped in order, "!a" failed.
#include "actor/supervisor.hpp"

#include "actor/simulated_system.hpp"
#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

struct Boom {
    std::string what;
};
struct Leave {};
struct Hello {};

using Journal = std::vector<std::string>;

struct Child {
    using accepts = Accepts<On<Boom, 4>, On<Leave, 1>, On<Hello, 8>>;
    std::string name;
    Journal& journal;
    std::map<std::string, int>& failing_starts;
    int hellos = 0;

    void started(Context<Child>&) {
        if (failing_starts[name] > 0) {
            --failing_starts[name];
            journal.push_back("?" + name);
            throw std::runtime_error("no luck");
        }
        journal.push_back("+" + name);
    }
    void stopped(const ExitReason& reason, Context<Child>&) noexcept {
        journal.push_back((reason.is_failure() ? "!" : "-") + name);
    }
    void handle(Boom boom, Context<Child>&) { throw std::runtime_error(boom.what); }
    void handle(Leave, Context<Child>& context) { context.stop(); }
    void handle(Hello, Context<Child>&) { journal.push_back(name + " hello"); }
};

using Ref = ActorRef<Child>;

class SupervisorTest : public testing::Test {
  protected:
    SupervisorTest() { log::set_level(log::Level::off); }
    ~SupervisorTest() override { log::set_level(log::Level::info); }

    // Three children a, b, c under the root with `spec`.
    void wire(const SupervisorSpec& spec,
              Restart a = Restart::permanent,
              Restart b = Restart::permanent,
              Restart c = Restart::permanent) {
        world.emplace(1, spec);
        wire_children({world->child("a", a), world->child("b", b), world->child("c", c)});
    }
    void wire_children(const ChildSpec (&children)[3]) {
        const auto refs = world->system.wire<Child, Child, Child>(
            children,
            [this](const auto&) { return Child{"a", journal, failing_starts}; },
            [this](const auto&) { return Child{"b", journal, failing_starts}; },
            [this](const auto&) { return Child{"c", journal, failing_starts}; });
        ref_a.emplace(std::get<0>(refs));
        ref_b.emplace(std::get<1>(refs));
        ref_c.emplace(std::get<2>(refs));
        run();
    }
    void run() { world->simulator.run_ready(); }
    void run_for(Duration duration) { world->simulator.run_for(duration); }
    void boom(const Ref& child, const std::string& what = "boom") {
        EXPECT_TRUE(child.send(Boom{what}));
        run();
    }
    Journal take_journal() { return std::exchange(journal, {}); }
    std::optional<Exit> exit() const { return world->system.exit(); }

    Journal journal;
    std::map<std::string, int> failing_starts;
    std::optional<SimulatedSystem> world;
    std::optional<Ref> ref_a, ref_b, ref_c;
};

TEST_F(SupervisorTest, starts_in_order_and_stops_in_reverse) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        world.emplace(seed);
        wire_children({world->child("a"), world->child("b"), world->child("c")});
        EXPECT_TRUE(world->system.is_ready());
        world->system.shutdown("SIGTERM");
        EXPECT_EQ(exit(), std::nullopt);
        run();
        EXPECT_FALSE(world->system.is_ready());
        EXPECT_EQ(take_journal(), (Journal{"+a", "+b", "+c", "-c", "-b", "-a"}));
        EXPECT_EQ(exit(), (Exit{0, "SIGTERM"}));
        EXPECT_FALSE(world->simulator.step());  // nothing is left behind
    }
}

// ---------------------------------------------------------------------- strategies

TEST_F(SupervisorTest, one_for_one_restarts_only_the_failed_one) {
    wire({.strategy = Strategy::one_for_one});
    take_journal();
    boom(*ref_b);
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!b", "+b"}));
    EXPECT_EQ(world->snapshot_of("b").incarnation, 2u);
    EXPECT_EQ(world->snapshot_of("a").incarnation, 1u);
}

TEST_F(SupervisorTest, one_for_all_stops_the_others_in_reverse_and_restarts_all_in_order) {
    wire({.strategy = Strategy::one_for_all});
    take_journal();
    boom(*ref_b);
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!b", "-c", "-a", "+a", "+b", "+c"}));
}

TEST_F(SupervisorTest, rest_for_one_restarts_the_failed_one_and_those_after_it) {
    wire({.strategy = Strategy::rest_for_one});
    take_journal();
    boom(*ref_b);
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!b", "-c", "+b", "+c"}));
}

TEST_F(SupervisorTest, failure_during_a_group_restart_widens_it) {
    wire({.strategy = Strategy::rest_for_one, .backoff_min = 100ms});
    take_journal();
    boom(*ref_c);
    boom(*ref_a);  // while c waits for its back-off
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!c", "!a", "-b", "+a", "+b", "+c"}));
    EXPECT_EQ(exit(), std::nullopt);
}

TEST_F(SupervisorTest, failing_restart_is_tried_again) {
    wire({.strategy = Strategy::rest_for_one});
    take_journal();
    failing_starts["b"] = 2;
    boom(*ref_a);
    run_for(5s);
    EXPECT_EQ(take_journal(),
              (Journal{"!a", "-c", "-b", "+a", "?b", "!b", "?b", "!b", "+b", "+c"}));
}

TEST_F(SupervisorTest, two_one_for_one_restarts_do_not_disturb_each_other) {
    wire({.strategy = Strategy::one_for_one});
    take_journal();
    boom(*ref_a);
    boom(*ref_c);
    run_for(1s);
    EXPECT_EQ(world->snapshot_of("a").incarnation, 2u);
    EXPECT_EQ(world->snapshot_of("b").incarnation, 1u);
    EXPECT_EQ(world->snapshot_of("c").incarnation, 2u);
}

// ---------------------------------------------------------------------- restart policies

TEST_F(SupervisorTest, transient_is_restarted_only_after_a_failure) {
    wire({}, Restart::transient);
    boom(*ref_a);
    run_for(1s);
    EXPECT_EQ(world->snapshot_of("a").incarnation, 2u);
    EXPECT_TRUE(ref_a->send(Leave{}));
    run_for(1s);
    EXPECT_EQ(world->snapshot_of("a").state, CellState::stopped);
    EXPECT_EQ(ref_a->send(Hello{}), SendError::stopped);
    EXPECT_EQ(exit(), std::nullopt);
}

TEST_F(SupervisorTest, temporary_stays_away) {
    wire({}, Restart::temporary);
    boom(*ref_a);
    run_for(1s);
    EXPECT_EQ(world->snapshot_of("a").state, CellState::stopped);
    EXPECT_EQ(exit(), std::nullopt);
    world->system.shutdown();
    run();
    EXPECT_EQ(exit(), (Exit{0, "shutdown"}));
}

TEST_F(SupervisorTest, permanent_is_restarted_even_after_a_normal_exit) {
    wire({});
    EXPECT_TRUE(ref_a->send(Leave{}));
    run_for(1s);
    EXPECT_EQ(world->snapshot_of("a").incarnation, 2u);
}

TEST_F(SupervisorTest, messages_wait_through_a_restart_except_the_one_that_failed) {
    wire({});
    take_journal();
    EXPECT_TRUE(ref_a->send(Hello{}));
    EXPECT_TRUE(ref_a->send(Boom{"boom"}));
    EXPECT_TRUE(ref_a->send(Hello{}));
    run();
    EXPECT_EQ(take_journal(), (Journal{"a hello", "!a"}));
    EXPECT_EQ(world->snapshot_of("a").state, CellState::down);
    EXPECT_TRUE(ref_a->send(Hello{}));  // down is not stopped
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"+a", "a hello", "a hello"}));
}

// ---------------------------------------------------------------------- back-off and intensity

TEST_F(SupervisorTest, backoff_doubles_up_to_its_maximum_and_is_jittered_downwards) {
    wire({.max_restarts = 100, .window = 1h, .backoff_min = 100ms, .backoff_max = 1s});
    std::vector<Duration> waits;
    for (int i = 0; i < 8; ++i) {
        boom(*ref_a);
        const Time failed = world->simulator.now();
        const std::uint32_t before = world->snapshot_of("a").incarnation;
        while (world->snapshot_of("a").incarnation == before) ASSERT_TRUE(world->simulator.step());
        waits.push_back(world->simulator.now() - failed);
    }
    const std::vector<Duration> full{100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s, 1s};
    for (std::size_t i = 0; i < full.size(); ++i) {
        EXPECT_LE(waits[i], full[i]);
        EXPECT_GE(waits[i], full[i] / 2);
    }
    EXPECT_NE(waits[6], waits[7]);
}

TEST_F(SupervisorTest, too_many_restarts_in_the_window_escalate_to_70_with_the_reason) {
    wire({.max_restarts = 2, .window = 5s, .backoff_min = 10ms});
    take_journal();
    for (int i = 0; i < 3; ++i) {
        boom(*ref_b, "boom " + std::to_string(i));
        run_for(100ms);
    }
    EXPECT_EQ(take_journal(), (Journal{"!b", "+b", "!b", "+b", "!b", "-c", "-a"}));
    EXPECT_EQ(exit(), (Exit{70, "component=b message=Boom what=\"boom 2\""}));
    EXPECT_FALSE(world->system.is_ready());
    EXPECT_EQ(ref_a->send(Hello{}), SendError::stopped);
    EXPECT_EQ(ref_b->send(Hello{}), SendError::stopped);
}

TEST_F(SupervisorTest, restarts_outside_the_window_do_not_count) {
    wire({.max_restarts = 2, .window = 5s, .backoff_min = 10ms});
    for (int i = 0; i < 10; ++i) {
        boom(*ref_b);
        run_for(3s);
    }
    EXPECT_EQ(exit(), std::nullopt);
    EXPECT_EQ(world->snapshot_of("b").incarnation, 11u);
}

TEST_F(SupervisorTest, max_restarts_of_zero_escalates_at_once) {
    wire({.max_restarts = 0});
    take_journal();
    boom(*ref_a, "first");
    EXPECT_EQ(take_journal(), (Journal{"!a", "-c", "-b"}));
    EXPECT_EQ(exit(), (Exit{70, "component=a message=Boom what=\"first\""}));
}

TEST_F(SupervisorTest, failure_of_an_essential_child_escalates_at_once) {
    wire({.max_restarts = 100}, Restart::permanent, Restart::essential);
    take_journal();
    boom(*ref_b, "lost the plot");
    EXPECT_EQ(take_journal(), (Journal{"!b", "-c", "-a"}));
    EXPECT_EQ(exit(), (Exit{70, "component=b message=Boom what=\"lost the plot\""}));
}

TEST_F(SupervisorTest, essential_child_that_leaves_escalates_too) {
    wire({}, Restart::essential);
    EXPECT_TRUE(ref_a->send(Leave{}));
    run();
    EXPECT_EQ(exit(), (Exit{70, "component=a message=- what=\"ended by itself\""}));
}

TEST_F(SupervisorTest, failed_first_start_is_final) {
    failing_starts["b"] = 1;
    wire({.max_restarts = 100});
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"+a", "?b", "!b", "-a"}));
    EXPECT_EQ(exit(), (Exit{70, "component=b message=start what=\"no luck\""}));
    EXPECT_FALSE(world->system.is_ready());
}

TEST_F(SupervisorTest, failure_while_stopping_turns_a_clean_exit_into_70) {
    wire({});
    EXPECT_TRUE(ref_a->send(Boom{"late"}));
    world->system.shutdown();
    while (world->snapshot_of("a").state == CellState::running) world->simulator.step();
    run();
    // Whether the message or the stop comes first is up to the seed; the exit says which.
    const bool failed = journal.back() == "!a" || journal.at(journal.size() - 2) == "!a";
    EXPECT_EQ(
        exit(),
        failed ? (Exit{70, "component=a message=Boom what=\"late\""}) : (Exit{0, "shutdown"}));
}

// ---------------------------------------------------------------------- trees

class SupervisorTreeTest : public SupervisorTest {
  protected:
    // root: a, and net: b, c.
    void wire_tree(const SupervisorSpec& root) {
        world.emplace(1, root);
        ChildSpec b = world->child("b");
        ChildSpec c = world->child("c");
        b.supervisor = &net;
        c.supervisor = &net;
        wire_children({world->child("a"), b, c});
    }

    SupervisorSpec net{.name = "net", .max_restarts = 1, .window = 60s, .backoff_min = 10ms};
};

TEST_F(SupervisorTreeTest, starts_and_stops_in_order_across_levels) {
    wire_tree({});
    EXPECT_TRUE(world->system.is_ready());
    world->system.shutdown();
    run();
    EXPECT_EQ(take_journal(), (Journal{"+a", "+b", "+c", "-c", "-b", "-a"}));
    EXPECT_EQ(exit(), (Exit{0, "shutdown"}));
    EXPECT_EQ(ref_b->send(Hello{}), SendError::stopped);
    EXPECT_FALSE(world->simulator.step());
}

TEST_F(SupervisorTreeTest, inner_supervisor_handles_what_it_can) {
    wire_tree({.max_restarts = 0});
    take_journal();
    boom(*ref_c);
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!c", "+c"}));
    EXPECT_EQ(exit(), std::nullopt);
}

TEST_F(SupervisorTreeTest, inner_supervisor_that_gives_up_is_restarted_by_the_outer) {
    wire_tree({.max_restarts = 1, .window = 60s, .backoff_min = 10ms});
    take_journal();
    for (int i = 0; i < 2; ++i) {
        boom(*ref_c);
        run_for(1s);
    }
    EXPECT_EQ(take_journal(), (Journal{"!c", "+c", "!c", "-b", "+b", "+c"}));
    EXPECT_EQ(world->snapshot_of("net").incarnation, 2u);
    EXPECT_EQ(exit(), std::nullopt);
    EXPECT_TRUE(ref_c->send(Hello{}));
    run();
    EXPECT_EQ(take_journal(), (Journal{"c hello"}));
}

TEST_F(SupervisorTreeTest, temporary_child_that_left_stays_away_when_its_supervisor_is_restarted) {
    world.emplace(1, SupervisorSpec{.backoff_min = 10ms});
    ChildSpec b = world->child("b", Restart::temporary);
    ChildSpec c = world->child("c");
    b.supervisor = c.supervisor = &net;
    wire_children({world->child("a"), b, c});
    EXPECT_TRUE(ref_b->send(Leave{}));
    run();
    take_journal();
    for (int i = 0; i < 2; ++i) {
        boom(*ref_c);
        run_for(1s);
    }
    EXPECT_EQ(take_journal(), (Journal{"!c", "+c", "!c", "+c"}));
    EXPECT_EQ(world->snapshot_of("net").incarnation, 2u);
}

TEST_F(SupervisorTreeTest, both_levels_giving_up_exits_with_the_innermost_reason) {
    wire_tree({.max_restarts = 0});
    take_journal();
    for (int i = 0; i < 2; ++i) {
        boom(*ref_b, "boom " + std::to_string(i));
        run_for(1s);
    }
    EXPECT_EQ(take_journal(), (Journal{"!b", "+b", "!b", "-c", "-a"}));
    EXPECT_EQ(exit(), (Exit{70, "component=b message=Boom what=\"boom 1\""}));
    EXPECT_EQ(ref_b->send(Hello{}), SendError::stopped);
    EXPECT_EQ(ref_c->send(Hello{}), SendError::stopped);
}

TEST_F(SupervisorTreeTest, outer_group_restart_takes_the_inner_one_along) {
    wire_tree({.strategy = Strategy::rest_for_one, .backoff_min = 10ms});
    take_journal();
    boom(*ref_a);
    run_for(1s);
    EXPECT_EQ(take_journal(), (Journal{"!a", "-c", "-b", "+a", "+b", "+c"}));
}

TEST_F(SupervisorTreeTest, failed_first_start_inside_is_final) {
    failing_starts["c"] = 1;
    wire_tree({.max_restarts = 100});
    run_for(1s);
    EXPECT_EQ(exit(), (Exit{70, "component=c message=start what=\"no luck\""}));
}

// Runs each cell only some random time after it was posted, as busy threads do.
class SlowScheduler final : public Scheduler {
  public:
    explicit SlowScheduler(Simulator& simulator) : simulator_(simulator) {}
    void post(CellPtr cell) override {
        const std::chrono::milliseconds delay{simulator_.random().below(40)};
        simulator_.after(delay, [cell = std::move(cell)] { cell->run(); });
    }
    Time now() const override { return simulator_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override {
        return simulator_.at(when, std::move(cell), token);
    }
    void cancel(TimerId timer) override { simulator_.cancel(timer); }

  private:
    Simulator& simulator_;
};

// Random trees, failures, exits and stops on slow threads: whatever comes, starts match ends and
// the system ends in order and in time.
TEST_F(SupervisorTreeTest, starts_match_ends_under_random_failures) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        SCOPED_TRACE(seed);
        SeededRandom random{seed};
        const auto any_strategy = [&] { return static_cast<Strategy>(random.below(3)); };
        const auto any_restart = [&] { return static_cast<Restart>(random.below(3)); };
        journal.clear();
        failing_starts.clear();
        net.strategy = any_strategy();
        net.max_restarts = static_cast<unsigned>(random.below(4));
        world.emplace(seed,
                      SupervisorSpec{.strategy = any_strategy(),
                                     .max_restarts = static_cast<unsigned>(random.below(4)),
                                     .backoff_min = 10ms});
        SlowScheduler slow{world->simulator};
        const auto child = [&](const char* name, bool is_inner) {
            return ChildSpec{.name = name,
                             .scheduler = slow,
                             .restart = any_restart(),
                             .on_stop = static_cast<OnStop>(random.below(2)),
                             .supervisor = is_inner ? &net : nullptr};
        };
        wire_children(
            {child("a", random.below(2) == 0), child("b", true), child("c", random.below(2) == 0)});
        for (std::uint64_t i = random.below(12); i > 0; --i) {
            run_for(std::chrono::milliseconds{random.below(200)});
            failing_starts["c"] = static_cast<int>(random.below(3));
            const Ref& target = random.below(3) == 0   ? *ref_a
                                : random.below(2) == 0 ? *ref_b
                                                       : *ref_c;
            if (random.below(4) == 0) {
                target.send_or_count(Leave{});
            } else {
                target.send_or_count(Boom{"boom"});
            }
        }
        world->system.shutdown();
        run_for(20s);
        ASSERT_TRUE(exit().has_value());
        EXPECT_TRUE(exit()->code == 0 || exit()->code == 70) << exit()->reason;
        EXPECT_FALSE(world->simulator.step());
        for (const std::string name : {"a", "b", "c"}) {
            const auto count = [&](const std::string& entry) {
                return std::ranges::count(journal, entry + name);
            };
            EXPECT_EQ(count("+") + count("?"), count("-") + count("!")) << name;
        }
        for (const CellSnapshot& cell : world->system.snapshot())
            EXPECT_EQ(cell.state, CellState::stopped) << cell.name;
        world.reset();
    }
}

}  // namespace
}  // namespace lepton::actor
