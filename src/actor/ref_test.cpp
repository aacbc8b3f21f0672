// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Sending: what the sender gets back, what the receiver sees, what is counted.
#include "actor/ref.hpp"

#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace lepton::actor {
namespace {

struct Work {
    std::unique_ptr<int> value;  // move-only
};
struct Vote {
    int value;
};
struct Status {
    int value;
};
struct Order {
    int value;
};
struct Alarm {
    int value;
};
struct Bulk {
    std::string payload;
};
std::size_t mailbox_cost(const Bulk& bulk) {
    return bulk.payload.size();
}

struct Receiver {
    using accepts = Accepts<On<Work, 2>,
                            On<Vote, 2, Overflow::drop_oldest>,
                            On<Status, 1, Overflow::coalesce>,
                            On<Order, 1, Overflow::fatal>,
                            On<Alarm, 4, Overflow::reject, Lane::urgent>,
                            On<Bulk, 100, Overflow::reject, Lane::normal, 10>>;
    std::vector<std::string>& seen;
    void handle(Work work, Context<Receiver>&) { note("work", *work.value); }
    void handle(Vote vote, Context<Receiver>&) { note("vote", vote.value); }
    void handle(Status status, Context<Receiver>&) { note("status", status.value); }
    void handle(Order order, Context<Receiver>&) { note("order", order.value); }
    void handle(Alarm alarm, Context<Receiver>&) { note("alarm", alarm.value); }
    void handle(Bulk bulk, Context<Receiver>&) { seen.push_back(bulk.payload); }
    void note(const std::string& kind, int value) { seen.push_back(kind + std::to_string(value)); }
};

class SendTest : public testing::Test {
  protected:
    void run() { world.simulator.run_ready(); }
    ClassSnapshot counts(std::string_view message) const {
        for (const ClassSnapshot& one : world.snapshot_of("receiver").classes)
            if (one.spec.message == message) return one;
        return {};
    }

    SimulatedSystem world;
    std::vector<std::string> seen;
    ActorRef<Receiver> receiver =
        world.spawn<Receiver>("receiver", [this] { return Receiver{seen}; });
};

TEST_F(SendTest, refused_message_is_intact) {
    EXPECT_TRUE(receiver.send(Work{std::make_unique<int>(1)}));
    EXPECT_TRUE(receiver.send(Work{std::make_unique<int>(2)}));
    Work third{std::make_unique<int>(3)};
    const SendResult refused = receiver.send(std::move(third));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), SendError::full);
    ASSERT_NE(third.value, nullptr);
    EXPECT_EQ(*third.value, 3);

    run();
    EXPECT_TRUE(receiver.send(std::move(third)));
    run();
    EXPECT_EQ(seen, (std::vector<std::string>{"work1", "work2", "work3"}));
    EXPECT_EQ(counts("Work").rejected, 1u);
}

TEST_F(SendTest, message_refused_by_its_bytes_is_intact) {
    EXPECT_TRUE(receiver.send(Bulk{"123456"}));
    Bulk second{"78901"};
    EXPECT_EQ(receiver.send(std::move(second)), SendError::full);
    EXPECT_EQ(second.payload, "78901");
    run();
    EXPECT_TRUE(receiver.send(std::move(second)));
    EXPECT_EQ(counts("Bulk").rejected, 1u);
}

TEST_F(SendTest, message_to_a_stopped_actor_is_intact) {
    world.system.shutdown();
    run();
    Work work{std::make_unique<int>(1)};
    EXPECT_EQ(receiver.send(std::move(work)), SendError::stopped);
    EXPECT_EQ(*work.value, 1);
    EXPECT_EQ(counts("Work").rejected, 0u);
}

TEST_F(SendTest, drop_oldest_keeps_the_newest) {
    for (int value = 1; value <= 5; ++value) EXPECT_TRUE(receiver.send(Vote{value}));
    run();
    EXPECT_EQ(seen, (std::vector<std::string>{"vote4", "vote5"}));
    EXPECT_EQ(counts("Vote").dropped, 3u);
}

TEST_F(SendTest, coalesce_keeps_the_last) {
    for (int value = 1; value <= 5; ++value) EXPECT_TRUE(receiver.send(Status{value}));
    run();
    EXPECT_EQ(seen, (std::vector<std::string>{"status5"}));
    EXPECT_EQ(counts("Status").dropped, 4u);
}

TEST_F(SendTest, fatal_overflow_stops_the_system_with_71_and_names_the_class) {
    EXPECT_TRUE(receiver.send(Order{1}));
    EXPECT_EQ(receiver.send(Order{2}), SendError::full);
    run();
    EXPECT_EQ(world.system.exit(),
              (Exit{71,
                    "component=receiver message=Order "
                    "what=\"mailbox class that must not overflow is full\""}));
}

TEST_F(SendTest, urgent_goes_first) {
    receiver.send_or_count(Vote{1});
    receiver.send_or_count(Alarm{2});
    receiver.send_or_count(Alarm{3});
    run();
    EXPECT_EQ(seen, (std::vector<std::string>{"alarm2", "alarm3", "vote1"}));
}

TEST_F(SendTest, recipient_hides_the_actor) {
    const Recipient<Work> recipient = receiver;
    const Recipient<Work> copy = recipient;
    EXPECT_TRUE(copy.send(Work{std::make_unique<int>(7)}));
    EXPECT_TRUE(recipient.send(Work{std::make_unique<int>(8)}));
    EXPECT_EQ(receiver.recipient<Work>().send(Work{nullptr}), SendError::full);
    run();
    EXPECT_EQ(seen, (std::vector<std::string>{"work7", "work8"}));
}

TEST_F(SendTest, recipient_is_never_empty) {
    static_assert(!std::is_default_constructible_v<Recipient<Work>>);
    static_assert(!std::is_default_constructible_v<ActorRef<Receiver>>);
    Recipient<Work> from = receiver;
    const Recipient<Work> moved = std::move(from);
    EXPECT_TRUE(from.send(Work{std::make_unique<int>(1)}));
    EXPECT_TRUE(moved.send(Work{std::make_unique<int>(2)}));
}

TEST_F(SendTest, counts_are_conserved_over_random_traffic) {
    SeededRandom random{9};
    for (int round = 0; round < 500; ++round) {
        for (std::uint64_t i = random.below(6); i > 0; --i) {
            receiver.send_or_count(Work{std::make_unique<int>(round)});
            receiver.send_or_count(Vote{round});
            receiver.send_or_count(Status{round});
            receiver.send_or_count(Alarm{round});
        }
        for (std::uint64_t i = random.below(8); i > 0; --i) world.simulator.step();
        for (const ClassSnapshot& one : world.snapshot_of("receiver").classes) {
            EXPECT_EQ(one.enqueued, one.handled + one.dropped + one.undelivered + one.depth)
                << one.spec.message;
            EXPECT_LE(one.high_water, one.spec.capacity);
        }
    }
    const std::size_t handled_before = seen.size();
    world.system.shutdown();
    run();
    std::uint64_t undelivered = 0, handled = 0;
    for (const ClassSnapshot& one : world.snapshot_of("receiver").classes) {
        EXPECT_EQ(one.enqueued, one.handled + one.dropped + one.undelivered) << one.spec.message;
        EXPECT_EQ(one.depth, 0u);
        undelivered += one.undelivered;
        handled += one.handled;
    }
    EXPECT_GT(undelivered, 0u);
    EXPECT_EQ(handled, seen.size());
    EXPECT_GE(seen.size(), handled_before);
}

TEST(RecipientTo, function_sees_every_message) {
    std::vector<int> seen;
    const auto recipient = Recipient<Work>::to([&](Work work) { seen.push_back(*work.value); });
    EXPECT_TRUE(recipient.send(Work{std::make_unique<int>(3)}));
    EXPECT_EQ(seen, (std::vector{3}));
}

TEST(RecipientTo, function_may_refuse_and_leaves_the_message) {
    const auto recipient = Recipient<Work>::to([](Work&) -> SendResult { return SendError::full; });
    Work work{std::make_unique<int>(3)};
    EXPECT_EQ(recipient.send(std::move(work)), SendError::full);
    EXPECT_EQ(*work.value, 3);
}

}  // namespace
}  // namespace lepton::actor
