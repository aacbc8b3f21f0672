// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/actor_metrics.hpp"

#include "actor/simulated_system.hpp"
#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lepton::node {
namespace {

using namespace std::chrono_literals;

struct Job {
    bool throws = false;
};
struct News {
    int number = 0;
};

class Worker {
  public:
    using accepts =
        actor::Accepts<actor::On<Job, 2>, actor::On<News, 1, actor::Overflow::drop_oldest>>;

    void handle(Job job, actor::Context<Worker>&) {
        if (job.throws) throw std::runtime_error("asked to");
    }
    void handle(News, actor::Context<Worker>&) {}
};

TEST(ActorMetrics, show_what_became_of_each_message) {
    actor::SimulatedSystem world;
    Metrics metrics;
    const auto actors = std::make_shared<ActorMetrics>(world.system);
    metrics.add(actors);
    const auto worker = world.spawn<Worker>("worker", [] { return Worker{}; });
    for (int i = 0; i < 3; ++i) worker.send_or_count(Job{});
    for (int i = 0; i < 3; ++i) worker.send_or_count(News{i});

    const auto has = [&](const std::string& line) {
        const std::string text = metrics.text();
        EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line << "\n" << text;
    };
    has(R"(lepton_actor_mailbox_depth{actor="worker",message="Job"} 2)");
    has(R"(lepton_actor_messages_refused_total{actor="worker",message="Job"} 1)");
    has(R"(lepton_actor_messages_dropped_total{actor="worker",message="News",reason="displaced"} 2)");
    world.simulator.run_ready();
    has(R"(lepton_actor_mailbox_depth{actor="worker",message="Job"} 0)");
    has(R"(lepton_actor_mailbox_high_water{actor="worker",message="Job"} 2)");
    has(R"(lepton_actor_messages_enqueued_total{actor="worker",message="Job"} 2)");
    has(R"(lepton_actor_messages_handled_total{actor="worker",message="Job"} 2)");
    has(R"(lepton_actor_messages_handled_total{actor="worker",message="News"} 1)");
    has(R"(lepton_actor_message_handling_seconds_count{actor="worker",message="Job"} 2)");
    has(R"(lepton_actor_message_handling_seconds_bucket{actor="worker",message="Job",le="+Inf"} 2)");
    has(R"(lepton_actor_running{actor="worker"} 1)");
    has(R"(lepton_actor_restarts_total{actor="worker"} 0)");

    worker.send_or_count(Job{.throws = true});
    world.simulator.run_ready();
    has(R"(lepton_actor_running{actor="worker"} 0)");
    world.simulator.run_for(10s);
    has(R"(lepton_actor_running{actor="worker"} 1)");
    has(R"(lepton_actor_restarts_total{actor="worker"} 1)");
    has(R"(lepton_actor_messages_dropped_total{actor="worker",message="Job",reason="stopped"} 0)");
}

TEST(ActorMetrics, the_time_of_a_handler_is_in_the_bucket_it_belongs_to) {
    actor::SimulatedSystem world;
    ActorMetrics actors(world.system);
    const auto worker = world.spawn<Worker>("worker", [] { return Worker{}; });
    for (int i = 0; i < 40; ++i) {
        worker.send_or_count(News{i});
        world.simulator.run_for(1ms);
    }
    for (const prometheus::MetricFamily& family : actors.Collect()) {
        if (family.type != prometheus::MetricType::Histogram) continue;
        for (const prometheus::ClientMetric& metric : family.metric) {
            std::uint64_t last = 0;
            for (const auto& bucket : metric.histogram.bucket) {
                EXPECT_GE(bucket.cumulative_count, last) << family.name;
                last = bucket.cumulative_count;
            }
            EXPECT_EQ(last, metric.histogram.sample_count) << family.name;
        }
    }
}

}  // namespace
}  // namespace lepton::node
