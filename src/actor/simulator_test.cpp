// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/simulator.hpp"

#include "actor/system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

// ---------------------------------------------------------------------- time and callbacks

TEST(Simulator, callbacks_run_in_order_of_time_and_then_of_setting) {
    Simulator simulator({.seed = 1, .unix_ms_at_start = 1'000'000});
    std::vector<std::string> seen;
    const auto note = [&](const char* text) { return [&, text] { seen.push_back(text); }; };
    simulator.at(Time{20ms}, note("c"));
    simulator.at(Time{10ms}, note("a"));
    simulator.after(10ms, note("b"));
    const TimerId cancelled = simulator.after(15ms, note("never"));
    simulator.cancel(cancelled);
    simulator.run_until(Time{10ms});
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(simulator.clock().now(), Time{10ms});
    EXPECT_EQ(simulator.clock().unix_ms(), 1'000'010u);
    simulator.run_for(5s);
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(simulator.now(), Time{5s + 10ms});
    simulator.step_wall(-7);
    EXPECT_EQ(simulator.clock().unix_ms(), 1'005'003u);
    EXPECT_FALSE(simulator.step());
}

TEST(Simulator, callback_may_set_another_for_the_same_instant) {
    Simulator simulator({.seed = 1});
    int runs = 0;
    simulator.after(1ms, [&] {
        ++runs;
        simulator.at(Time{}, [&] { ++runs; });  // in the past: as soon as possible
    });
    simulator.run_until(Time{1ms});
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(simulator.now(), Time{1ms});
}

// ---------------------------------------------------------------------- a simulated network of
// nodes

struct Gossip {
    int slot;
};
struct Slot {};
struct Publish {
    using reply = bool;
    int slot;
};
struct Imported {
    int slot;
};

struct Net;

// Floods what it has not seen.
struct P2p {
    using accepts = Accepts<On<Gossip, 64, Overflow::drop_oldest>, On<Publish, 8>>;
    Net& net;
    std::size_t node;
    Recipient<Imported> chain;
    int seen = 0;

    bool handle(Publish publish, Context<P2p>&) {
        if (publish.slot <= seen) return false;
        flood(publish.slot);
        return true;
    }
    void handle(Gossip gossip, Context<P2p>&) {
        if (gossip.slot <= seen) return;
        chain.send_or_count(Imported{gossip.slot});
        flood(gossip.slot);
    }
    void flood(int slot);
};

// Proposes every fourth second when it is its turn.
struct Chain {
    using accepts = Accepts<On<Imported, 16>>;
    std::size_t node;
    std::size_t nodes;
    Recipient<Publish> p2p;
    int& head;
    int slot = 0;

    void started(Context<Chain>& context) { context.every("slot", 4s, Slot{}); }
    void handle(Slot, Context<Chain>& context) {
        ++slot;
        if (static_cast<std::size_t>(slot) % nodes != node) return;
        context.ask(
            p2p, {slot}, 1s, [at = slot](Chain& self, AskResult<bool> published, Context<Chain>&) {
                if (published && *published) self.head = std::max(self.head, at);
            });
    }
    void handle(Imported imported, Context<Chain>&) { head = std::max(head, imported.slot); }
};

// Latency, loss and duplication, all from the simulator's generator.
struct Net {
    struct Node {
        std::unique_ptr<System> system;
        std::optional<ActorRef<P2p>> p2p;
        int head = 0;
    };

    explicit Net(std::uint64_t seed, std::size_t size)
        : simulator({.seed = seed}), random(seed), nodes(size) {
        for (std::size_t i = 0; i < size; ++i) boot(i);
    }

    void boot(std::size_t i) {
        nodes[i].system = std::make_unique<System>(
            SystemOptions{.control = simulator, .offload = simulator, .random = random});
        const std::string suffix = std::to_string(i);
        const auto refs = nodes[i].system->wire<P2p, Chain>(
            {{.name = "p2p" + suffix, .scheduler = simulator},
             {.name = "chain" + suffix, .scheduler = simulator}},
            [this, i](const auto& all) { return P2p{*this, i, std::get<1>(all)}; },
            [this, i](const auto& all) {
                return Chain{i, nodes.size(), std::get<0>(all), nodes[i].head};
            });
        nodes[i].p2p.emplace(std::get<0>(refs));
    }

    void send(std::size_t to, Gossip gossip) {
        if (simulator.random().below(100) == 0) return;
        const std::uint64_t copies = simulator.random().below(50) == 0 ? 2 : 1;
        for (std::uint64_t i = 0; i < copies; ++i) {
            const auto latency =
                20ms + std::chrono::microseconds{simulator.random().below(180'000)};
            simulator.after(latency, [this, to, gossip] { nodes[to].p2p->send_or_count(gossip); });
        }
    }

    Simulator simulator;
    SeededRandom random;
    std::vector<Node> nodes;
};

void P2p::flood(int slot) {
    seen = slot;
    for (std::size_t peer : {node + 1, node + 3, node + 7})
        net.send(peer % net.nodes.size(), {slot});
}

struct Outcome {
    std::uint64_t hash;
    std::uint64_t steps;
    std::vector<int> heads;
    bool operator==(const Outcome&) const = default;
};

Outcome play(std::uint64_t seed, bool with_crash = false) {
    Net net(seed, 20);
    net.simulator.run_until(Time{22s});
    if (with_crash) {
        net.simulator.after(0s, [&] { net.nodes[3].system->kill(); });
        net.simulator.after(4s, [&] { net.boot(3); });
    }
    net.simulator.run_until(Time{83s});
    Outcome out{net.simulator.trace_hash(), net.simulator.steps(), {}};
    for (const Net::Node& node : net.nodes) out.heads.push_back(node.head);
    return out;
}

TEST(Simulator, same_seed_gives_the_same_run_and_another_seed_another) {
    const Outcome first = play(1);
    EXPECT_EQ(play(1), first);
    EXPECT_NE(play(2).hash, first.hash);
    EXPECT_NE(play(3).hash, first.hash);
    EXPECT_GT(first.steps, 500u);
    for (const int head : first.heads) EXPECT_GE(head, 19);
}

TEST(Simulator, run_with_a_crash_and_a_restart_is_deterministic_too) {
    const Outcome crashed = play(5, true);
    EXPECT_EQ(play(5, true), crashed);
    EXPECT_NE(play(5, false).hash, crashed.hash);
    for (const int head : crashed.heads) EXPECT_GE(head, 19);
}

TEST(Simulator, trace_names_cell_message_and_time) {
    Net net(1, 2);
    std::set<std::string> seen;
    net.simulator.set_trace([&](std::string_view cell, std::string_view message, Time now) {
        seen.insert(std::string{cell} + " " + std::string{message} + " " +
                    std::to_string(now.time_since_epoch() / 1s));
    });
    net.simulator.run_until(Time{5s});
    EXPECT_TRUE(seen.contains("chain1 start 0"));
    EXPECT_TRUE(seen.contains("chain1 Slot 4"));
    EXPECT_TRUE(seen.contains("p2p1 Publish 4"));
}

struct Late {
    using accepts = Accepts<>;
    Duration delay;
    void started(Context<Late>& context) { context.after(delay, Slot{}); }
    void handle(Slot, Context<Late>&) {}
};

TEST(Simulator, trace_hash_depends_on_names_messages_and_times) {
    const auto hash = [](const std::string& name, Duration delay) {
        Simulator simulator({.seed = 1});
        SeededRandom random{1};
        System system({.control = simulator, .offload = simulator, .random = random});
        system.spawn<Late>({.name = name, .scheduler = simulator}, [&] { return Late{delay}; });
        simulator.run_for(10s);
        return simulator.trace_hash();
    };
    EXPECT_EQ(hash("a", 1s), hash("a", 1s));
    EXPECT_NE(hash("a", 1s), hash("a", 2s));
    EXPECT_NE(hash("a", 1s), hash("b", 1s));
    EXPECT_NE(hash("a", 1s), hash("a", 20s));
}

// ---------------------------------------------------------------------- exploration

struct Mark {
    int sender;
    int number;
};
struct Collector {
    using accepts = Accepts<On<Mark, 64>>;
    std::vector<Mark>& marks;
    void handle(Mark mark, Context<Collector>&) { marks.push_back(mark); }
};
struct Go {};
struct Sender {
    using accepts = Accepts<On<Go, 8>>;
    Recipient<Mark> to;
    int id;
    int sent = 0;
    void handle(Go, Context<Sender>&) { to.send_or_count(Mark{id, ++sent}); }
};

TEST(Simulator, order_between_senders_varies_with_the_seed_and_order_of_a_sender_never) {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        std::vector<Mark> marks;
        Simulator simulator({.seed = seed});
        SeededRandom random{seed};
        System system({.control = simulator, .offload = simulator, .random = random});
        const auto [collector, first, second] = system.wire<Collector, Sender, Sender>(
            {{.name = "collector", .scheduler = simulator},
             {.name = "first", .scheduler = simulator},
             {.name = "second", .scheduler = simulator}},
            [&](const auto&) { return Collector{marks}; },
            [](const auto& refs) { return Sender{std::get<0>(refs), 1}; },
            [](const auto& refs) { return Sender{std::get<0>(refs), 2}; });
        simulator.run_ready();
        for (int i = 0; i < 3; ++i) {
            first.send_or_count(Go{});
            second.send_or_count(Go{});
        }
        simulator.run_ready();
        std::vector<int> order;
        std::map<int, int> last;
        for (const Mark& mark : marks) {
            order.push_back(mark.sender);
            EXPECT_EQ(mark.number, ++last[mark.sender]);
        }
        ASSERT_EQ(order.size(), 6u);
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 8u);  // of 20 possible
}

struct Endless {
    using accepts = Accepts<On<Go, 1>>;
    void handle(Go, Context<Endless>& context) { context.self().send_or_count(Go{}); }
};

void never_end() {
    Simulator simulator({.seed = 1, .steps_per_instant_max = 1000});
    SeededRandom random{1};
    System system({.control = simulator, .offload = simulator, .random = random});
    const auto endless = system.spawn<Endless>({.name = "endless", .scheduler = simulator},
                                               [] { return Endless{}; });
    endless.send_or_count(Go{});
    simulator.run_ready();
}

TEST(SimulatorDeathTest, livelock_is_found) {
    EXPECT_DEATH(never_end(), "keep each other busy");
}

}  // namespace
}  // namespace lepton::actor
