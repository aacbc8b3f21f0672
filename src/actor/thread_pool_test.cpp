// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The kit on real threads: placement, timers, off-loading, blocking waits, and a stress run that is
// most useful under the thread sanitizer.
#include "actor/thread_pool.hpp"

#include "actor/system.hpp"
#include "base/log.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

class Machine {
  public:
    SystemOptions options(const SupervisorSpec& root = {}) {
        return {.control = pool, .offload = cpu, .random = random, .root = root};
    }

    SystemClock clock;
    SeededRandom random{1};
    ThreadPool pool{"pool", 2, clock};
    ThreadPool own{"own", 1, clock};
    CpuPool cpu{"cpu", 1, 64};
};

// Waits for something that other threads do; fails after ten seconds.
template <class Condition>
void await(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up);
        std::this_thread::sleep_for(1ms);
    }
}

struct WhichThread {
    using reply = std::thread::id;
};
struct Echo {
    using accepts = Accepts<On<WhichThread, 8>>;
    std::thread::id handle(WhichThread, Context<Echo>&) { return std::this_thread::get_id(); }
};

TEST(ThreadPool, actor_with_a_pool_of_one_worker_has_its_own_thread) {
    Machine machine;
    System system(machine.options());
    const auto echo =
        system.spawn<Echo>({.name = "echo", .scheduler = machine.own}, [] { return Echo{}; });
    const Recipient<WhichThread> ask = echo;
    const auto first = ask.ask_blocking({}, 10s);
    ASSERT_TRUE(first.has_value());
    EXPECT_NE(*first, std::this_thread::get_id());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask.ask_blocking({}, 10s), *first);
    system.shutdown();
    EXPECT_EQ(system.wait_exit(), (Exit{0, "shutdown"}));
    EXPECT_EQ(ask.ask_blocking({}, 10s), std::unexpected(AskError::stopped));
}

struct Tick {};
struct Timed {
    using accepts = Accepts<On<Tick, 1>>;
    std::promise<std::vector<Duration>>& done;
    std::vector<Duration> late;
    Time begun{};
    void started(Context<Timed>& context) {
        begun = context.now();
        context.every("tick", 5ms, Tick{});
        context.key_after("never", 2ms, std::string{});
        context.cancel("never");
    }
    void handle(Tick, Context<Timed>& context) {
        late.push_back(context.now() - begun);
        if (late.size() < 5) return;
        context.cancel("tick");
        done.set_value(late);
    }
    void handle(std::string, Context<Timed>&) { late.push_back(-1s); }
};

TEST(ThreadPool, timers_fire_in_time_and_not_early) {
    Machine machine;
    System system(machine.options());
    std::promise<std::vector<Duration>> done;
    system.spawn<Timed>({.name = "timed", .scheduler = machine.pool},
                        [&] { return Timed{done, {}, {}}; });
    const std::vector<Duration> ticks = done.get_future().get();
    ASSERT_EQ(ticks.size(), 5u);
    for (std::size_t i = 0; i < ticks.size(); ++i)
        EXPECT_GE(ticks[i], 5ms * static_cast<int>(i + 1));
}

struct Nap {
    using reply = int;
    Duration duration;
};
struct Napper {
    using accepts = Accepts<On<Nap, 8>>;
    int handle(Nap nap, Context<Napper>&) {
        std::this_thread::sleep_for(nap.duration);
        return 0;
    }
};

TEST(ThreadPool, busy_worker_does_not_delay_timers_while_another_is_idle) {
    Machine machine;
    System system(machine.options());
    const auto napper = system.spawn<Napper>({.name = "napper", .scheduler = machine.pool},
                                             [] { return Napper{}; });
    const Recipient<Nap> nap = napper;
    EXPECT_TRUE(nap.ask_blocking({0ms}, 10s).has_value());
    std::promise<std::vector<Duration>> done;
    system.spawn<Timed>({.name = "timed", .scheduler = machine.pool},
                        [&] { return Timed{done, {}, {}}; });
    nap.ask({1s}, Reply<int>{[](AskResult<int>) {}});
    for (const Duration tick : done.get_future().get()) EXPECT_LT(tick, 900ms);
}

struct Work {};
// Passes each message on, and does not end its turn before the last of the row has its own.
struct Link {
    using accepts = Accepts<On<Work, 1>>;
    std::optional<Recipient<Work>> next;
    std::atomic<int>& at_end;
    void handle(Work, Context<Link>&) {
        const int wanted = at_end + 1;
        if (!next) {
            ++at_end;
            return;
        }
        EXPECT_TRUE(next->send(Work{}));
        await([&] { return at_end >= wanted; });
    }
};

TEST(ThreadPool, what_a_long_turn_makes_ready_does_not_wait_for_its_end_while_a_worker_is_idle) {
    Machine machine;
    ThreadPool pool{"three", 3, machine.clock};
    System system(machine.options());
    std::atomic<int> at_end{0};
    std::optional<Recipient<Work>> first;
    for (const char* const name : {"last", "middle", "first"})
        first = system.spawn<Link>({.name = name, .scheduler = pool},
                                   [next = first, &at_end] { return Link{next, at_end}; });
    await([&] { return system.is_ready(); });
    for (int i = 1; i <= 20; ++i) {
        await([&] { return bool{first->send(Work{})}; });
        await([&] { return at_end == i; });
    }
}

struct Compute {
    using reply = int;
    int value;
};
struct Cruncher {
    using accepts = Accepts<On<Compute, 8>>;
    void handle(Compute compute, Reply<int> reply, Context<Cruncher>& context) {
        context.offload([value = compute.value](std::stop_token) { return value * value; },
                        [reply = std::move(reply)](
                            Cruncher&, std::expected<int, OffloadError> result, auto&) mutable {
                            if (result) std::move(reply)(*result);
                        });
    }
};

TEST(CpuPool, offloaded_work_answers_an_ask) {
    Machine machine;
    System system(machine.options());
    const auto cruncher = system.spawn<Cruncher>({.name = "cruncher", .scheduler = machine.pool},
                                                 [] { return Cruncher{}; });
    EXPECT_EQ(cruncher.recipient<Compute>().ask_blocking({12}, 10s), 144);
}

TEST(CpuPool, drops_what_waits_when_it_ends) {
    std::atomic<int> ran{0}, destroyed{0};
    struct CountDestroyed {
        explicit CountDestroyed(std::atomic<int>& to) : count(&to) {}
        ~CountDestroyed() { ++*count; }
        std::atomic<int>* count;
    };
    {
        std::promise<void> is_running;
        CpuPool cpu{"cpu", 1, 2};
        std::move_only_function<void()> first = [&] {
            ++ran;
            is_running.set_value();
            std::this_thread::sleep_for(20ms);
        };
        EXPECT_TRUE(cpu.submit(first));
        is_running.get_future().wait();
        const auto job = [&] {
            return std::move_only_function<void()>{
                [&, guard = std::make_unique<CountDestroyed>(destroyed)] { ++ran; }};
        };
        auto second = job(), third = job(), fourth = job();
        EXPECT_TRUE(cpu.submit(second));
        EXPECT_TRUE(cpu.submit(third));
        EXPECT_FALSE(cpu.submit(fourth));
        EXPECT_TRUE(fourth);
        EXPECT_EQ(destroyed, 0);
    }
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(destroyed, 3);
}

TEST(ThreadPool, slow_turns_are_counted) {
    Machine machine;
    System system(machine.options());
    const auto napper = system.spawn<Napper>({.name = "napper", .scheduler = machine.pool},
                                             [] { return Napper{}; });
    const Recipient<Nap> nap = napper;
    EXPECT_TRUE(nap.ask_blocking({kSlowTurn + 2ms}, 10s).has_value());
    await([&] { return system.snapshot().back().slow_turns > 0; });
    EXPECT_EQ(system.snapshot().back().classes.front().spec.message, "Nap");
}

TEST(ThreadPool, time_between_turns_is_not_handling_time) {
    ManualClock clock;
    SeededRandom random{1};
    ThreadPool pool{"pool", 1, clock};
    CpuPool cpu{"cpu", 1, 1};
    System system({.control = pool, .offload = cpu, .random = random});
    const auto echo =
        system.spawn<Echo>({.name = "echo", .scheduler = pool}, [] { return Echo{}; });
    const Recipient<WhichThread> ask = echo;
    const auto take_turn = [&] {
        EXPECT_TRUE(ask.ask_blocking({}, 10s).has_value());
        await([&] { return !system.progress().back().is_pending; });
        return system.snapshot().back().slow_turns;
    };
    // What passes before the worker has begun to wait does count; it seldom comes so late.
    bool is_counted = true;
    for (int attempt = 0; attempt < 100 && is_counted; ++attempt) {
        const std::uint64_t before = take_turn();
        clock.advance(1s);
        is_counted = take_turn() > before;
    }
    EXPECT_FALSE(is_counted);
}

struct Boom {};
struct Fragile {
    using accepts = Accepts<On<Boom, 1>>;
    void handle(Boom, Context<Fragile>&) { throw std::runtime_error("boom"); }
};

TEST(WaitExit, names_the_component_that_failed) {
    Machine machine;
    System system(machine.options());
    const auto fragile = system.spawn<Fragile>(
        {.name = "fragile", .scheduler = machine.own, .restart = Restart::essential},
        [] { return Fragile{}; });
    fragile.send_or_count(Boom{});
    EXPECT_EQ(system.wait_exit(), (Exit{70, "component=fragile message=Boom what=\"boom\""}));
}

// ---------------------------------------------------------------------- stress

struct Hit {
    std::unique_ptr<int> value;
};
struct Bomb {};
struct Query {
    using reply = int;
    int value;
};
struct Act {};

struct Tally {
    std::atomic<std::int64_t> sent{0}, refused{0}, handled{0};
    std::atomic<std::int64_t> opened{0}, answered{0}, failed{0}, starts{0}, stops{0}, offloads{0};
    std::atomic<bool> intact{true};
};

// Sends, asks, parks replies, off-loads, fails at random, also while starting.
struct Stressed {
    using accepts =
        Accepts<On<Hit, 32>, On<Bomb, 1, Overflow::coalesce, Lane::urgent>, On<Query, 8>>;
    Tally& tally;
    SeededRandom random;
    std::vector<Recipient<Hit>> hits;
    std::vector<Recipient<Query>> queries;
    std::vector<Reply<int>> parked{};

    void started(Context<Stressed>& context) {
        ++tally.starts;
        context.every("act", 500us, Act{});
        // A failure before all have started once would be final.
        if (tally.starts > 4 && random.below(50) == 0) context.fail("start failure");
    }
    void stopped(const ExitReason&, Context<Stressed>&) noexcept { ++tally.stops; }
    void handle(Hit hit, Context<Stressed>&) { tally.handled += *hit.value; }
    void handle(Bomb, Context<Stressed>&) { throw 42; }
    void handle(Query query, Reply<int> reply, Context<Stressed>&) {
        switch (random.below(4)) {
            case 0:
                parked.push_back(std::move(reply));
                break;
            case 1:
                break;  // dropped
            default:
                std::move(reply)(query.value + 1);
        }
    }
    void handle(Act, Context<Stressed>& context) {
        if (parked.size() > 4) parked.clear();
        for (int i = 0; i < 8; ++i) {
            Hit hit{std::make_unique<int>(1)};
            ++tally.sent;
            if (!hits[random.below(hits.size())].send(std::move(hit))) {
                ++tally.refused;
                if (!hit.value) tally.intact = false;
            }
        }
        ++tally.opened;
        context.ask(queries[random.below(queries.size())],
                    {1},
                    std::chrono::microseconds{200 + random.below(3000)},
                    [](Stressed& self, AskResult<int> result, Context<Stressed>&) {
                        ++(result ? self.tally.answered : self.tally.failed);
                    });
        if (random.below(4) == 0) {
            context.offload(
                [fails = random.below(3) == 0](std::stop_token) {
                    if (fails) throw std::runtime_error("x");
                    return 1;
                },
                [](Stressed& self, std::expected<int, OffloadError>, auto&) {
                    ++self.tally.offloads;
                });
        }
    }
};

enum class Ending { stop, kill };

void stress(Duration duration, Ending ending) {
    log::set_level(log::Level::off);
    Tally tally;
    Machine machine;
    System system(machine.options({.strategy = Strategy::rest_for_one,
                                   .max_restarts = 1'000'000,
                                   .backoff_min = 1us,
                                   .backoff_max = 100us}));
    std::atomic<std::uint64_t> seed{0};
    const auto make = [&](const auto& refs) {
        Stressed actor{tally, SeededRandom{++seed}, {}, {}};
        std::apply(
            [&](const auto&... ref) {
                (actor.hits.push_back(ref), ...);
                (actor.queries.push_back(ref), ...);
            },
            refs);
        return actor;
    };
    const auto refs = system.wire<Stressed, Stressed, Stressed, Stressed>(
        {{.name = "a", .scheduler = machine.pool},
         {.name = "b", .scheduler = machine.own},
         {.name = "c", .scheduler = machine.pool},
         {.name = "d", .scheduler = machine.pool, .on_stop = OnStop::drain}},
        make,
        make,
        make,
        make);

    await([&] { return system.is_ready(); });
    const auto end = std::chrono::steady_clock::now() + duration;
    SeededRandom random{99};
    while (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(1ms);
        switch (random.below(4)) {
            case 0:
                std::get<0>(refs).send_or_count(Bomb{});
                break;
            case 1:
                std::get<1>(refs).send_or_count(Bomb{});
                break;
            case 2:
                std::get<2>(refs).send_or_count(Bomb{});
                break;
            default:
                std::get<3>(refs).send_or_count(Bomb{});
        }
        for (const CellSnapshot& cell : system.snapshot())
            for (const ClassSnapshot& one : cell.classes)
                EXPECT_LE(one.high_water, one.spec.capacity + kBatchMax);
    }

    if (ending == Ending::kill) {
        system.kill();
        EXPECT_EQ(system.exit(), (Exit{70, "killed"}));
        EXPECT_TRUE(tally.intact);
        return;
    }
    system.shutdown();
    const Exit exit = system.wait_exit();
    EXPECT_TRUE(exit.code == 0 || exit.code == 70) << exit.reason;  // 70: a bomb while stopping
    EXPECT_TRUE(tally.intact);
    EXPECT_GT(tally.starts, 10);
    EXPECT_EQ(tally.starts, tally.stops);
    std::uint64_t undelivered = 0, handled = 0, completed = 0, opened = 0;
    for (const CellSnapshot& cell : system.snapshot()) {
        EXPECT_EQ(cell.state, CellState::stopped) << cell.name;
        EXPECT_EQ(cell.asks_opened, cell.asks_completed + cell.asks_forgotten) << cell.name;
        EXPECT_EQ(cell.timers, 0u) << cell.name;
        opened += cell.asks_opened;
        completed += cell.asks_completed;
        for (const ClassSnapshot& one : cell.classes) {
            EXPECT_EQ(one.depth, 0u);
            EXPECT_EQ(std::accumulate(one.handling_ns.begin(), one.handling_ns.end(), 0ul),
                      one.handled);
            EXPECT_EQ(one.enqueued, one.handled + one.dropped + one.undelivered)
                << cell.name << " " << one.spec.message;
            if (one.spec.message != "Hit") continue;
            undelivered += one.undelivered;
            handled += one.handled;
        }
    }
    EXPECT_EQ(static_cast<std::uint64_t>(tally.sent - tally.refused), handled + undelivered);
    EXPECT_EQ(static_cast<std::uint64_t>(tally.handled), handled);
    EXPECT_EQ(static_cast<std::uint64_t>(tally.answered + tally.failed), completed);
    EXPECT_EQ(static_cast<std::uint64_t>(tally.opened), opened);
    EXPECT_GT(tally.answered, 0);
    EXPECT_GT(tally.offloads, 0);
}

class Stress : public testing::Test {
  protected:
    ~Stress() override { log::set_level(log::Level::info); }
};

TEST_F(Stress, nothing_is_lost_uncounted_until_the_ordered_stop) {
    stress(700ms, Ending::stop);
}

TEST_F(Stress, kill_at_any_moment_is_safe) {
    for (int i = 0; i < 10; ++i) stress(30ms, Ending::kill);
}

struct Sink {
    using accepts = Accepts<On<Hit, 64>>;
    std::atomic<std::int64_t>& sum;
    void handle(Hit hit, Context<Sink>&) { sum += *hit.value; }
};

TEST_F(Stress, many_threads_send_to_one_actor) {
    constexpr int kThreads = 4;
    constexpr int kEach = 5'000;
    std::atomic<std::int64_t> sum{0};
    Machine machine;
    System system(machine.options());
    const auto sink =
        system.spawn<Sink>({.name = "sink", .scheduler = machine.pool}, [&] { return Sink{sum}; });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kEach; ++i) {
                Hit hit{std::make_unique<int>(1)};
                while (!sink.send(std::move(hit))) std::this_thread::yield();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    await([&] { return sum == kThreads * kEach; });
}

}  // namespace
}  // namespace lepton::actor
