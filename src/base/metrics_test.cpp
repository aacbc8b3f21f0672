// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace lepton {
namespace {

TEST(Metrics, text_holds_each_family_with_its_children) {
    Metrics metrics;
    metrics.counter("lean_demo_total", "a demo", {{"result", "ok"}}).Increment();
    metrics.counter("lean_demo_total", "a demo", {{"result", "ok"}}).Increment();
    metrics.gauge("lean_demo_slot", "another").Set(7);
    const std::string text = metrics.text();
    EXPECT_NE(text.find("lean_demo_total{result=\"ok\"} 2"), std::string::npos);
    EXPECT_NE(text.find("lean_demo_slot 7"), std::string::npos);
}

class Source final : public prometheus::Collectable {
  public:
    Source(std::string family, double value) : family_(std::move(family)), value_(value) {}
    std::vector<prometheus::MetricFamily> Collect() const override {
        prometheus::ClientMetric metric;
        metric.label = {{"source", std::to_string(static_cast<int>(value_))}};
        metric.gauge.value = value_;
        return {{family_, "a demo", prometheus::MetricType::Gauge, {metric}}};
    }

  private:
    std::string family_;
    double value_;
};

TEST(Metrics, families_that_are_made_when_read_appear_once_and_until_their_source_is_gone) {
    Metrics metrics;
    const auto first = std::make_shared<Source>("lean_demo", 1);
    auto second = std::make_shared<Source>("lean_demo", 2);
    metrics.add(first);
    metrics.add(second);
    const std::string both =
        "# HELP lean_demo a demo\n# TYPE lean_demo gauge\n"
        "lean_demo{source=\"1\"} 1\nlean_demo{source=\"2\"} 2\n";
    EXPECT_EQ(metrics.text(), both);
    second.reset();
    EXPECT_EQ(metrics.text(),
              "# HELP lean_demo a demo\n# TYPE lean_demo gauge\nlean_demo{source=\"1\"} 1\n");
}

}  // namespace
}  // namespace lepton
