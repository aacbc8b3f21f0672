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

}  // namespace
}  // namespace lepton
