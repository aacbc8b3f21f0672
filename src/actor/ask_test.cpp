// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Asks: one continuation, exactly once, whatever happens to the asked actor.
#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

using Answer = std::unique_ptr<int>;  // move-only

struct Question {
    using reply = Answer;
    int value;
};
struct Parked {
    using reply = int;
};
struct Fresh {
    using reply = int;
    int value;
};
struct Release {};

// Answers Question at once, keeps Parked, and fails on negative questions.
struct Oracle {
    using accepts = Accepts<On<Question, 4>,
                            On<Parked, 4>,
                            On<Fresh, 1, Overflow::drop_oldest>,
                            On<Release, 1>>;
    std::vector<Reply<int>> parked;
    Answer handle(Question question, Context<Oracle>&) {
        if (question.value < 0) throw std::runtime_error("negative");
        return std::make_unique<int>(question.value * 2);
    }
    void handle(Parked, Reply<int> reply, Context<Oracle>&) { parked.push_back(std::move(reply)); }
    int handle(Fresh fresh, Context<Oracle>&) { return fresh.value; }
    void handle(Release, Context<Oracle>&) {
        auto released = std::exchange(parked, {});
        for (auto& reply : released) std::move(reply)(7);
    }
};

struct Ask {
    int value;
};
struct AskParked {};
struct AskFresh {
    int value;
};
struct AskMany {
    std::size_t count;
};
struct Stop {};
struct Crash {};

std::string text(const AskResult<Answer>& result) {
    return result ? std::to_string(**result) : std::string{to_string(result.error())};
}
std::string text(const AskResult<int>& result) {
    return result ? std::to_string(*result) : std::string{to_string(result.error())};
}

struct Asker {
    using accepts = Accepts<On<Ask, 16>,
                            On<AskParked, 16>,
                            On<AskFresh, 16>,
                            On<AskMany, 1>,
                            On<Stop, 1>,
                            On<Crash, 1>>;
    Recipient<Question> question;
    Recipient<Parked> parked;
    Recipient<Fresh> fresh;
    std::vector<std::string>& outcomes;

    void handle(Ask ask, Context<Asker>& context) {
        context.ask(
            question, {ask.value}, 1s, [](Asker& self, AskResult<Answer> result, Context<Asker>&) {
                self.outcomes.push_back(text(result));
            });
    }
    void handle(AskParked, Context<Asker>& context) {
        context.ask(parked, {}, 1s, &Asker::on_parked);
    }
    void handle(AskFresh ask, Context<Asker>& context) {
        context.ask(fresh, {ask.value}, 1s, &Asker::on_parked);
    }
    void handle(AskMany many, Context<Asker>& context) {
        for (std::size_t i = 0; i < many.count; ++i) handle(AskParked{}, context);
    }
    void handle(Stop, Context<Asker>& context) { context.stop(); }
    void handle(Crash, Context<Asker>&) { throw std::runtime_error("crash"); }
    void on_parked(AskResult<int> result, Context<Asker>&) { outcomes.push_back(text(result)); }
};

// Asks as often as it is told, in one turn.
struct Greedy {
    using accepts = Accepts<On<AskMany, 1>>;
    Recipient<Parked> peer;
    std::vector<std::string>& outcomes;
    void handle(AskMany many, Context<Greedy>& context) {
        for (std::size_t i = 0; i < many.count; ++i)
            context.ask(peer, {}, 1s, [](Greedy& self, AskResult<int> result, Context<Greedy>&) {
                self.outcomes.push_back(text(result));
            });
    }
};

class AskTest : public testing::Test {
  protected:
    AskTest() {
        const auto refs = world.system.wire<Oracle, Asker>(
            {world.child("oracle", Restart::transient), world.child("asker", Restart::transient)},
            [](const auto&) { return Oracle{}; },
            [this](const auto& all) {
                const auto& of = std::get<0>(all);
                return Asker{of, of, of, outcomes};
            });
        oracle.emplace(std::get<0>(refs));
        asker.emplace(std::get<1>(refs));
        run();
    }
    void run() { world.simulator.run_ready(); }
    void expect_conserved(std::uint64_t forgotten = 0) const {
        const CellSnapshot now = world.snapshot_of("asker");
        EXPECT_EQ(now.asks_opened, now.asks_completed + now.asks_forgotten);
        EXPECT_EQ(now.asks_forgotten, forgotten);
        EXPECT_EQ(now.timers, 0u);
    }

    SimulatedSystem world;
    std::vector<std::string> outcomes;
    std::optional<ActorRef<Oracle>> oracle;
    std::optional<ActorRef<Asker>> asker;
    std::vector<Reply<int>> kept;
};

TEST_F(AskTest, answer_comes_back_and_ends_the_deadline) {
    asker->send_or_count(Ask{21});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"42"}));
    expect_conserved();
    EXPECT_FALSE(world.simulator.step());  // no timer is left behind
}

TEST_F(AskTest, more_in_one_turn_than_fit_get_full) {
    asker->send_or_count(AskMany{6});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"full", "full"}));
    oracle->send_or_count(Release{});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"full", "full", "7", "7", "7", "7"}));
    expect_conserved();
}

TEST_F(AskTest, timeout_comes_at_the_deadline_and_the_late_answer_is_counted) {
    asker->send_or_count(AskParked{});
    run();
    world.simulator.run_for(999ms);
    EXPECT_EQ(outcomes, std::vector<std::string>{});
    world.simulator.run_for(1ms);
    EXPECT_EQ(outcomes, (std::vector<std::string>{"timeout"}));
    oracle->send_or_count(Release{});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"timeout"}));
    EXPECT_EQ(world.snapshot_of("asker").late_replies, 1u);
    expect_conserved();
}

TEST_F(AskTest, reply_destroyed_by_a_failing_handler_is_dropped) {
    asker->send_or_count(Ask{-1});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"dropped"}));
    expect_conserved();
}

TEST_F(AskTest, reply_parked_in_a_failing_actor_is_dropped) {
    asker->send_or_count(AskParked{});
    run();
    oracle->recipient<Question>().ask({-1}, Reply<Answer>{[](AskResult<Answer>) {}});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"dropped"}));
}

TEST_F(AskTest, ask_displaced_from_the_mailbox_is_dropped) {
    const auto probe = [&] {
        return Reply<int>{[&](AskResult<int> result) { outcomes.push_back(text(result)); }};
    };
    oracle->recipient<Fresh>().ask({1}, probe());
    oracle->recipient<Fresh>().ask({2}, probe());
    EXPECT_EQ(outcomes, (std::vector<std::string>{"dropped"}));
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"dropped", "2"}));
}

TEST_F(AskTest, asks_waiting_in_a_stopped_mailbox_get_stopped) {
    for (int i = 0; i < 2; ++i)
        oracle->recipient<Question>().ask({i}, Reply<Answer>{[&](AskResult<Answer> result) {
                                              outcomes.push_back(text(result));
                                          }});
    world.system.kill();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"stopped", "stopped"}));
    oracle->recipient<Question>().ask(
        {3}, Reply<Answer>{[&](AskResult<Answer> result) { outcomes.push_back(text(result)); }});
    EXPECT_EQ(outcomes, (std::vector<std::string>{"stopped", "stopped", "stopped"}));
}

TEST_F(AskTest, open_asks_of_an_actor_that_stops_are_cancelled) {
    asker->send_or_count(AskParked{});
    run();
    asker->send_or_count(Stop{});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"cancelled"}));
    oracle->send_or_count(Release{});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"cancelled"}));
    expect_conserved();
}

TEST_F(AskTest, failed_actor_takes_its_continuations_with_it) {
    asker->send_or_count(AskParked{});
    run();
    asker->send_or_count(Crash{});
    run();
    oracle->send_or_count(Release{});
    world.simulator.run_for(2s);
    EXPECT_EQ(outcomes, std::vector<std::string>{});
    EXPECT_EQ(world.snapshot_of("asker").incarnation, 2u);
    expect_conserved(1);
}

TEST_F(AskTest, too_many_open_asks_are_refused) {
    Recipient<Parked> never = Recipient<Parked>::to(
        [this](Parked, Reply<int> reply) { kept.push_back(std::move(reply)); });
    const auto greedy = world.spawn<Greedy>("greedy", [&] { return Greedy{never, outcomes}; });
    greedy.send_or_count(AskMany{kAsksMax + 3});
    run();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"full", "full", "full"}));
    EXPECT_EQ(kept.size(), kAsksMax);
    kept.clear();
    run();
    EXPECT_EQ(outcomes.size(), kAsksMax + 3);
}

TEST_F(AskTest, recipient_to_function_answers_at_once_or_later) {
    const auto now = Recipient<Question>::to(
        [](Question question) { return std::make_unique<int>(question.value); });
    std::string outcome;
    now.ask({5}, Reply<Answer>{[&](AskResult<Answer> result) { outcome = text(result); }});
    EXPECT_EQ(outcome, "5");
}

TEST(Reply, answers_once_and_destruction_answers_dropped) {
    std::vector<std::string> outcomes;
    const auto make = [&] {
        return Reply<int>{[&](AskResult<int> result) { outcomes.push_back(text(result)); }};
    };
    {
        Reply<int> answered = make();
        std::move(answered)(1);
        Reply<int> abandoned = make();
        Reply<int> moved = std::move(abandoned);
    }
    EXPECT_EQ(outcomes, (std::vector<std::string>{"1", "dropped"}));
    Reply<int> replaced = make();
    replaced = make();
    EXPECT_EQ(outcomes, (std::vector<std::string>{"1", "dropped", "dropped"}));
    std::move(replaced)(2);
}

}  // namespace
}  // namespace lepton::actor
