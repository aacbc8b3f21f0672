// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/simulator.hpp"

#include "actor/system.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

struct Ping {
    using reply = int;
    int value;
};
struct Note {
    int value;
};
struct Tick {};

struct Ponger {
    using accepts = Accepts<On<Ping, 8>>;
    int handle(Ping ping, Context<Ponger>&) { return ping.value * 2; }
};
struct Pinger {
    using accepts = Accepts<On<Note, 8>>;
    Recipient<Ping> peer;
    std::vector<int>& answers;
    void started(Context<Pinger>& context) { context.every("tick", 1s, Tick{}); }
    void handle(Note note, Context<Pinger>&) { answers.push_back(-note.value); }
    void handle(Tick, Context<Pinger>& context) {
        context.ask(peer, {21}, 1s, [](Pinger& self, AskResult<int> answer, Context<Pinger>&) {
            self.answers.push_back(answer.value());
        });
    }
};

TEST(Simulator, smoke) {
    Simulator simulator({.seed = 1});
    SeededRandom random{1};
    System system({.control = simulator, .offload = simulator, .random = random});
    std::vector<int> answers;
    const auto refs = system.wire<Ponger, Pinger>(
        {{.name = "ponger", .scheduler = simulator}, {.name = "pinger", .scheduler = simulator}},
        [](const auto&) { return Ponger{}; },
        [&](const auto& all) { return Pinger{std::get<0>(all), answers}; });
    simulator.run_ready();
    EXPECT_TRUE(system.is_ready());
    EXPECT_TRUE(std::get<1>(refs).send(Note{4}));
    simulator.run_for(3500ms);
    EXPECT_EQ(answers, (std::vector{-4, 42, 42, 42}));
    system.shutdown();
    simulator.run_ready();
    EXPECT_EQ(system.exit(), (Exit{0, "shutdown"}));
}

}  // namespace
}  // namespace lepton::actor
