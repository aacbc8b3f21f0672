// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/source.hpp"

#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lepton::actor {
namespace {

struct Item {
    std::unique_ptr<int> value;  // move-only
};
struct Poke {
    int value;
};

// Hands out items as the test provides them.
class TestSource final : public Source<Item> {
  public:
    void next(Demand<Item> demand) override {
        ++demands;
        demand_.emplace(std::move(demand));
        serve();
    }
    void offer(int value) {
        items_.push_back(value);
        serve();
    }
    void end(SourceEnd why) { std::exchange(demand_, std::nullopt).value().end(std::move(why)); }
    void lose_demand() { demand_.reset(); }
    bool has_demand() const { return demand_.has_value(); }

    int demands = 0;

  private:
    void serve() {
        if (!demand_ || items_.empty()) return;
        const int value = items_.front();
        items_.pop_front();
        std::exchange(demand_, std::nullopt).value().item({std::make_unique<int>(value)});
    }

    std::deque<int> items_;
    std::optional<Demand<Item>> demand_;
};

struct Listener {
    using accepts = Accepts<On<Poke, 100>>;
    std::shared_ptr<TestSource> source;
    std::vector<int>& seen;
    std::vector<SourceEnd>& ends;
    void started(Context<Listener>& context) { context.listen(source); }
    void handle(Item item, Context<Listener>&) {
        if (*item.value == 666) throw std::runtime_error("bad item");
        seen.push_back(*item.value);
    }
    void handle(SourceEnd end, Context<Listener>&) { ends.push_back(std::move(end)); }
    void handle(Poke poke, Context<Listener>&) {
        if (poke.value == 0) throw std::runtime_error("bad poke");
        seen.push_back(-poke.value);
    }
};

class SourceTest : public testing::Test {
  protected:
    void run() { world.simulator.run_ready(); }
    ClassSnapshot items() const { return world.snapshot_of("listener").classes.back(); }

    SimulatedSystem world{1, {.backoff_min = std::chrono::milliseconds{1}}};
    std::shared_ptr<TestSource> source = std::make_shared<TestSource>();
    std::vector<int> seen;
    std::vector<SourceEnd> ends;
    ActorRef<Listener> listener =
        world.spawn<Listener>("listener", [this] { return Listener{source, seen, ends}; });
};

TEST_F(SourceTest, next_item_is_demanded_only_after_the_last_was_handled) {
    EXPECT_EQ(source->demands, 1);
    source->offer(1);
    source->offer(2);
    EXPECT_EQ(source->demands, 1);
    EXPECT_FALSE(source->has_demand());
    run();
    EXPECT_EQ(source->demands, 3);
    EXPECT_EQ(seen, (std::vector{1, 2}));
    EXPECT_TRUE(source->has_demand());
}

TEST_F(SourceTest, busy_source_does_not_starve_messages) {
    for (int value = 1; value <= 20; ++value) source->offer(value);
    for (int value = 1; value <= 3; ++value) listener.send_or_count(Poke{value});
    for (int step = 0; step < 6; ++step) world.simulator.step();
    EXPECT_EQ(seen, (std::vector{1, -1, -2, -3, 2, 3}));
}

TEST_F(SourceTest, end_is_a_message_and_nothing_is_demanded_after_it) {
    source->offer(1);
    run();
    const SourceEnd end{.source = "swarm", .why = "socket closed", .is_failure = true};
    source->end(end);
    run();
    EXPECT_EQ(ends, (std::vector{end}));
    EXPECT_EQ(source->demands, 2);
}

TEST_F(SourceTest, source_that_loses_its_demand_ends_as_a_failure) {
    source->lose_demand();
    run();
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_TRUE(ends[0].is_failure);
}

TEST_F(SourceTest, stopped_listener_demands_nothing_and_late_items_are_counted) {
    world.system.shutdown();
    run();
    source->offer(1);
    run();
    EXPECT_EQ(seen, std::vector<int>{});
    EXPECT_EQ(items().rejected, 1u);
    EXPECT_EQ(source->demands, 1);
}

TEST_F(SourceTest, restarted_listener_demands_again_and_gets_no_old_item) {
    source->offer(666);
    run();
    source->offer(2);  // no demand: waits in the source
    world.simulator.run_for(std::chrono::seconds{1});
    EXPECT_EQ(world.snapshot_of("listener").incarnation, 2u);
    EXPECT_EQ(seen, (std::vector{2}));
    const ClassSnapshot counts = items();
    EXPECT_EQ(counts.enqueued, 2u);
    EXPECT_EQ(counts.handled, 2u);
}

TEST_F(SourceTest, item_under_way_when_its_listener_fails_is_undelivered) {
    listener.send_or_count(Poke{0});  // fails the listener
    source->offer(1);
    listener.send_or_count(Poke{2});
    world.simulator.run_for(std::chrono::seconds{1});
    EXPECT_EQ(seen, (std::vector{-2}));  // messages outlive the incarnation, items do not
    EXPECT_EQ(items().undelivered, 1u);
    EXPECT_EQ(items().handled, 0u);
    EXPECT_TRUE(source->has_demand());
}

}  // namespace
}  // namespace lepton::actor
