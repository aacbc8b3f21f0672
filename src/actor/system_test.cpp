// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Wiring, schedulers per actor, draining, deadlines of the stop, crashes.
#include "actor/system.hpp"

#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

using Journal = std::vector<std::string>;

struct Job {
    int number;
};
struct Question {
    using reply = int;
};

// Cannot be copied or moved, like an actor that owns threads or sockets.
struct Worker {
    using accepts = Accepts<On<Job, 16>, On<Question, 4>>;
    Worker(std::string own_name, Journal& to, Recipient<Job> next_one)
        : name(std::move(own_name)), journal(to), next(std::move(next_one)) {}
    ~Worker() { journal.push_back("~" + name); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void started(Context<Worker>&) { journal.push_back("+" + name); }
    void stopped(const ExitReason&, Context<Worker>&) noexcept { journal.push_back("-" + name); }
    void handle(Job job, Context<Worker>& context) {
        if (job.number < 0) context.fail("negative");
        journal.push_back(name + std::to_string(job.number));
    }
    void handle(Question, Reply<int> reply, Context<Worker>&) {
        parked.push_back(std::move(reply));
    }

    std::string name;
    Journal& journal;
    Recipient<Job> next;
    std::vector<Reply<int>> parked;
};

auto ring(SimulatedSystem& world, Journal& journal, OnStop on_stop = OnStop::discard) {
    ChildSpec left = world.child("left");
    left.on_stop = on_stop;
    return world.system.wire<Worker, Worker>(
        {left, world.child("right")},
        [&](const auto& refs) { return Worker{"left", journal, std::get<1>(refs)}; },
        [&](const auto& refs) { return Worker{"right", journal, std::get<0>(refs)}; });
}

TEST(Wire, actors_know_each_other_from_construction_and_need_not_be_movable) {
    Journal journal;
    SimulatedSystem world;
    const auto [left, right] = ring(world, journal);
    EXPECT_TRUE(left.send(Job{1}));  // mailboxes exist before the actors start
    EXPECT_FALSE(world.system.is_ready());
    world.simulator.run_ready();
    EXPECT_TRUE(world.system.is_ready());
    EXPECT_TRUE(right.send(Job{2}));
    world.simulator.run_ready();
    EXPECT_EQ(left.name(), "left");
    // Job 1 may be handled before right has started, not before left has.
    const auto at = [&](const char* entry) { return std::ranges::find(journal, entry); };
    EXPECT_LT(at("+left"), at("left1"));
    EXPECT_LT(at("+right"), at("right2"));
}

TEST(Wire, spawned_actor_joins_last_and_stops_first) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal);
    const auto extra = world.spawn<Worker>(
        "extra", [&] { return Worker{"extra", journal, Recipient<Job>::to([](Job) {})}; });
    EXPECT_TRUE(extra.send(Job{3}));
    world.simulator.run_ready();
    world.system.shutdown();
    world.simulator.run_ready();
    EXPECT_EQ(journal,
              (Journal{"+left",
                       "+right",
                       "+extra",
                       "extra3",
                       "-extra",
                       "~extra",
                       "-right",
                       "~right",
                       "-left",
                       "~left"}));
}

TEST(Wire, spawn_after_the_stop_gives_a_stopped_actor) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal);
    world.system.shutdown();
    world.simulator.run_ready();
    const auto late = world.spawn<Worker>(
        "late", [&] { return Worker{"late", journal, Recipient<Job>::to([](Job) {})}; });
    EXPECT_EQ(late.send(Job{1}), SendError::stopped);
}

TEST(Wire, each_actor_runs_on_its_own_scheduler) {
    Journal journal;
    SimulatedSystem world;
    Simulator other({.seed = 2});
    const auto actor = world.system.spawn<Worker>({.name = "far", .scheduler = other}, [&] {
        return Worker{"far", journal, Recipient<Job>::to([](Job) {})};
    });
    world.simulator.run_ready();
    EXPECT_EQ(journal, Journal{});
    other.run_ready();
    EXPECT_EQ(journal, (Journal{"+far"}));
    EXPECT_TRUE(actor.send(Job{1}));
    world.simulator.run_ready();
    EXPECT_EQ(journal.size(), 1u);
    other.run_ready();
    EXPECT_EQ(journal, (Journal{"+far", "far1"}));
    world.system.kill();
}

// ---------------------------------------------------------------------- stop

// A scheduler that keeps its cells from running: an actor that is stuck.
class StuckScheduler final : public Scheduler {
  public:
    explicit StuckScheduler(Simulator& simulator) : simulator_(simulator) {}
    void post(CellPtr cell) override {
        if (is_stuck) {
            held_.push_back(std::move(cell));
        } else {
            simulator_.post(std::move(cell));
        }
    }
    Time now() const override { return simulator_.now(); }
    TimerId at(Time when, CellPtr cell, std::uint64_t token) override {
        return simulator_.at(when, std::move(cell), token);
    }
    void cancel(TimerId timer) override { simulator_.cancel(timer); }
    int quantum() const override { return 1; }

    void release() {
        is_stuck = false;
        for (CellPtr& cell : std::exchange(held_, {})) simulator_.post(std::move(cell));
    }

    bool is_stuck = false;

  private:
    Simulator& simulator_;
    std::vector<CellPtr> held_;
};

TEST(Stop, draining_child_handles_what_waits_and_takes_nothing_new) {
    Journal journal;
    SimulatedSystem world;
    StuckScheduler slow{world.simulator};
    const auto none = Recipient<Job>::to([](Job) {});
    const auto worker =
        world.system.spawn<Worker>({.name = "w", .scheduler = slow, .on_stop = OnStop::drain},
                                   [&] { return Worker{"w", journal, none}; });
    world.simulator.run_ready();
    slow.is_stuck = true;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(worker.send(Job{i}));
    world.system.shutdown();
    world.simulator.run_ready();
    slow.release();
    world.simulator.step();  // the stop goes before what waits
    EXPECT_EQ(world.snapshot_of("w").state, CellState::draining);
    EXPECT_EQ(worker.send(Job{9}), SendError::stopped);
    world.simulator.run_ready();
    EXPECT_EQ(journal, (Journal{"+w", "w0", "w1", "w2", "-w", "~w"}));
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
    EXPECT_EQ(world.snapshot_of("w").classes.front().undelivered, 0u);
}

TEST(Stop, idle_draining_child_ends_at_once) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal, OnStop::drain);
    world.simulator.run_ready();
    world.system.shutdown();
    world.simulator.run_ready();
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
}

TEST(Stop, reverse_order_leaves_leftovers_counted_as_undelivered) {
    Journal journal;
    SimulatedSystem world;
    const auto [left, right] = ring(world, journal);
    world.simulator.run_ready();
    for (int i = 0; i < 16; ++i) {
        EXPECT_TRUE(left.send(Job{i}));
        EXPECT_TRUE(right.send(Job{i}));
    }
    world.system.shutdown();
    world.simulator.run_ready();
    for (const char* name : {"left", "right"}) {
        const ClassSnapshot jobs = world.snapshot_of(name).classes.front();
        EXPECT_EQ(jobs.enqueued, 16u);
        EXPECT_EQ(jobs.handled + jobs.undelivered, 16u);
    }
}

TEST(Stop, stuck_child_is_given_up_at_its_deadline_and_the_exit_code_is_72) {
    Journal journal;
    SimulatedSystem world;
    StuckScheduler stuck{world.simulator};
    const auto none = Recipient<Job>::to([](Job) {});
    world.system.wire<Worker, Worker>(
        {world.child("first"), {.name = "second", .scheduler = stuck, .stop_deadline = 2s}},
        [&](const auto&) { return Worker{"first", journal, none}; },
        [&](const auto&) { return Worker{"second", journal, none}; });
    world.simulator.run_ready();
    stuck.is_stuck = true;
    world.system.shutdown();
    world.simulator.run_for(1999ms);
    EXPECT_EQ(world.system.exit(), std::nullopt);
    EXPECT_EQ(journal, (Journal{"+first", "+second"}));
    world.simulator.run_for(1ms);
    EXPECT_EQ(journal, (Journal{"+first", "+second", "-first", "~first"}));
    EXPECT_EQ(world.system.exit(),
              (Exit{72, "component=second message=stop what=\"did not stop within 2000 ms\""}));
    world.system.kill();
}

TEST(Stop, overall_deadline_ends_the_wait_with_72) {
    Journal journal;
    SimulatedSystem world;
    StuckScheduler stuck{world.simulator};
    const auto none = Recipient<Job>::to([](Job) {});
    world.system.spawn<Worker>({.name = "slow", .scheduler = stuck, .stop_deadline = 1h},
                               [&] { return Worker{"slow", journal, none}; });
    world.simulator.run_ready();
    stuck.is_stuck = true;
    world.system.shutdown();
    world.simulator.run_ready();
    EXPECT_EQ(world.system.stop_due(), world.simulator.now() + 10s);
    world.simulator.run_for(9999ms);
    EXPECT_EQ(world.system.exit(), std::nullopt);
    world.simulator.run_for(1ms);
    EXPECT_EQ(world.system.exit(),
              (Exit{72, "component=slow message=stop what=\"did not stop within 10000 ms\""}));
    world.system.kill();
}

TEST(Stop, inner_supervisor_has_the_time_that_its_children_have) {
    Journal journal;
    SimulatedSystem world;
    StuckScheduler stuck{world.simulator};
    const SupervisorSpec net{.name = "net"};
    const auto none = Recipient<Job>::to([](Job) {});
    world.system.wire<Worker, Worker>(
        {world.child("outer"),
         {.name = "inner", .scheduler = stuck, .stop_deadline = 3s, .supervisor = &net}},
        [&](const auto&) { return Worker{"outer", journal, none}; },
        [&](const auto&) { return Worker{"inner", journal, none}; });
    world.simulator.run_ready();
    stuck.is_stuck = true;
    world.system.shutdown();
    world.simulator.run_for(3s);
    EXPECT_EQ(world.system.exit(),
              (Exit{72, "component=inner message=stop what=\"did not stop within 3000 ms\""}));
    world.system.kill();
}

TEST(Stop, child_that_waits_for_its_restart_is_not_started_when_its_supervisor_gives_up) {
    Journal journal;
    SimulatedSystem world{1, {.max_restarts = 5}};
    StuckScheduler stuck{world.simulator};
    const SupervisorSpec net{.name = "net", .max_restarts = 1, .backoff_min = 100ms};
    const auto none = Recipient<Job>::to([](Job) {});
    ChildSpec waiting = world.child("waiting");
    ChildSpec failing = world.child("failing", Restart::essential);
    waiting.supervisor = failing.supervisor = &net;
    const auto refs = world.system.wire<Worker, Worker, Worker>(
        {waiting, failing, {.name = "slow", .scheduler = stuck, .supervisor = &net}},
        [&](const auto&) { return Worker{"waiting", journal, none}; },
        [&](const auto&) { return Worker{"failing", journal, none}; },
        [&](const auto&) { return Worker{"slow", journal, none}; });
    world.simulator.run_ready();
    journal.clear();
    stuck.is_stuck = true;
    std::get<0>(refs).send_or_count(Job{-1});
    world.simulator.run_ready();
    std::get<1>(refs).send_or_count(Job{-1});
    world.simulator.run_for(1s);
    EXPECT_EQ(journal, (Journal{"-waiting", "~waiting", "-failing", "~failing"}));
    EXPECT_EQ(world.snapshot_of("waiting").incarnation, 1u);
    world.system.kill();
}

TEST(Stop, restart_of_a_group_that_is_due_while_the_system_stops_does_not_happen) {
    Journal journal;
    SimulatedSystem world{1, {.strategy = Strategy::rest_for_one, .backoff_min = 100ms}};
    StuckScheduler slow{world.simulator};
    const auto none = Recipient<Job>::to([](Job) {});
    const auto refs = world.system.wire<Worker, Worker>(
        {world.child("failing"), {.name = "slow", .scheduler = slow}},
        [&](const auto&) { return Worker{"failing", journal, none}; },
        [&](const auto&) { return Worker{"slow", journal, none}; });
    world.simulator.run_ready();
    std::get<0>(refs).send_or_count(Job{-1});
    world.simulator.run_ready();
    journal.clear();
    slow.is_stuck = true;  // it is down, and takes its time to close
    world.system.shutdown();
    world.simulator.run_for(1s);
    EXPECT_EQ(journal, Journal{});
    slow.release();
    world.simulator.run_ready();
    EXPECT_EQ(journal, Journal{});
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
}

TEST(Stop, drain_is_cut_short_at_the_deadline) {
    Journal journal;
    SimulatedSystem world;
    StuckScheduler slow{world.simulator};
    const auto none = Recipient<Job>::to([](Job) {});
    const auto worker = world.system.spawn<Worker>(
        {.name = "slow", .scheduler = slow, .on_stop = OnStop::drain, .stop_deadline = 2s},
        [&] { return Worker{"slow", journal, none}; });
    world.simulator.run_ready();
    slow.is_stuck = true;
    EXPECT_TRUE(worker.send(Job{1}));
    world.system.shutdown();
    world.simulator.run_for(2500ms);
    EXPECT_EQ(world.system.exit(), std::nullopt);
    slow.release();
    world.simulator.run_ready();
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
    EXPECT_EQ(journal, (Journal{"+slow", "-slow", "~slow"}));
    EXPECT_EQ(world.snapshot_of("slow").classes.front().undelivered, 1u);
}

// ---------------------------------------------------------------------- crash

TEST(Kill, runs_no_hooks_and_answers_those_outside) {
    Simulator simulator({.seed = 1});
    SeededRandom random{1};
    const SystemOptions options{.control = simulator, .offload = simulator, .random = random};
    Journal journal;
    const auto none = Recipient<Job>::to([](Job) {});
    auto node = std::make_unique<System>(options);
    const auto worker = node->spawn<Worker>({.name = "worker", .scheduler = simulator},
                                            [&] { return Worker{"worker", journal, none}; });
    simulator.run_ready();

    // One ask is parked by the actor, another waits in its mailbox.
    std::vector<AskError> answers;
    const auto ask = [&] {
        worker.recipient<Question>().ask(
            {}, Reply<int>{[&](AskResult<int> result) { answers.push_back(result.error()); }});
    };
    ask();
    simulator.run_ready();
    ask();
    EXPECT_TRUE(worker.send(Job{1}));
    node.reset();
    EXPECT_EQ(answers.size(), 2u);
    EXPECT_TRUE(std::ranges::count(answers, AskError::dropped) == 1);
    EXPECT_TRUE(std::ranges::count(answers, AskError::stopped) == 1);
    EXPECT_EQ(journal, (Journal{"+worker", "~worker"}));
    EXPECT_EQ(worker.send(Job{2}), SendError::stopped);

    // The restarted node is another System on the same simulator.
    System again(options);
    const auto reborn = again.spawn<Worker>({.name = "worker", .scheduler = simulator},
                                            [&] { return Worker{"worker", journal, none}; });
    EXPECT_TRUE(reborn.send(Job{3}));
    simulator.run_ready();
    EXPECT_EQ(journal, (Journal{"+worker", "~worker", "+worker", "worker3"}));
    EXPECT_EQ(worker.send(Job{4}), SendError::stopped);
}

TEST(Kill, works_from_a_callback_of_the_simulation_at_any_step) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Journal journal;
        SimulatedSystem world{seed};
        const auto [left, right] = ring(world, journal);
        for (int i = 0; i < 10; ++i) {
            left.send_or_count(Job{i});
            right.send_or_count(Job{i});
        }
        for (std::uint64_t i = 0; i < seed; ++i) world.simulator.step();
        world.simulator.after(0s, [&] { world.system.kill(); });
        world.simulator.run_for(1s);
        EXPECT_EQ(world.system.exit(), (Exit{70, "killed"}));
        EXPECT_EQ(std::ranges::count(journal, "+left"), std::ranges::count(journal, "~left"));
        EXPECT_EQ(std::ranges::count(journal, "-left"), 0);
        EXPECT_FALSE(world.simulator.step());
    }
}

TEST(Kill, destroys_in_reverse_order) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal);
    world.simulator.run_ready();
    world.system.kill();
    EXPECT_EQ(journal, (Journal{"+left", "+right", "~right", "~left"}));
}

TEST(Kill, twice_and_after_a_stop_does_nothing) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal);
    world.simulator.run_ready();
    world.system.shutdown();
    world.simulator.run_ready();
    const Journal before = journal;
    world.system.kill();
    world.system.kill();
    EXPECT_EQ(journal, before);
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
}

TEST(Fail, stops_in_order_with_the_code_and_reason_given) {
    Journal journal;
    SimulatedSystem world;
    ring(world, journal);
    world.simulator.run_ready();
    world.system.fail({1, "disk full"});
    world.system.shutdown("too late");
    world.simulator.run_ready();
    EXPECT_EQ(world.system.exit(), (Exit{1, "disk full"}));
}

TEST(Snapshot, names_states_and_classes) {
    Journal journal;
    SimulatedSystem world;
    const auto [left, right] = ring(world, journal);
    world.simulator.run_ready();
    EXPECT_TRUE(left.send(Job{1}));
    const std::vector<CellSnapshot> cells = world.system.snapshot();
    ASSERT_EQ(cells.size(), 3u);
    EXPECT_EQ(cells[0].name, "root");
    EXPECT_EQ(cells[1].name, "left");
    EXPECT_EQ(cells[1].state, CellState::running);
    EXPECT_EQ(cells[1].incarnation, 1u);
    ASSERT_EQ(cells[1].classes.size(), 3u);
    EXPECT_EQ(cells[1].classes[0].spec.message, "Job");
    EXPECT_EQ(cells[1].classes[0].spec.capacity, 16u);
    EXPECT_EQ(cells[1].classes[0].depth, 1u);
    EXPECT_EQ(cells[1].classes[1].spec.message, "Question");
}

}  // namespace
}  // namespace lepton::actor
