// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/node_status.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

namespace lepton::node {
namespace {

constexpr std::string_view kForkChoice =
    R"({"nodes":[],"head":"0x0102030405","justified":{"slot":7,"root":"0x00"},)"
    R"("finalized":{"slot":6,"root":"0x00"},"safe_target":"0x00","validator_count":4})";
constexpr std::string_view kMetrics =
    "# HELP lean_current_slot x\n# TYPE lean_current_slot gauge\nlean_current_slot 9\n"
    "lean_head_slot 8\nlean_connected_peers{client=\"a_0\"} "
    "2\nlean_connected_peers{client=\"b_0\"} 1\n";

TEST(NodeStatus, is_read_from_fork_choice_and_metrics) {
    const NodeStatus expected{.slot = 9,
                              .head_slot = 8,
                              .head_root = "0x01020304",
                              .justified_slot = 7,
                              .finalized_slot = 6,
                              .peers = 3};
    EXPECT_EQ(parse_node_status(kForkChoice, kMetrics).value(), expected);
}

TEST(NodeStatus, a_missing_metric_or_field_is_named) {
    EXPECT_EQ(parse_node_status(kForkChoice, "lean_current_slot 9\n").error().what,
              "metrics: lean_current_slot or lean_head_slot is missing");
    for (const char* value : {"-1", "1e15", "1e300", "inf", "nan", "x"}) {
        const std::string metrics = fmt::format("lean_current_slot {}\nlean_head_slot 8\n", value);
        EXPECT_EQ(parse_node_status(kForkChoice, metrics).error().what,
                  "metrics: lean_current_slot or lean_head_slot is missing")
            << value;
    }
    EXPECT_NE(parse_node_status("{}", kMetrics).error().what.find("fork_choice: "),
              std::string::npos);
    EXPECT_NE(parse_node_status("<html>", kMetrics).error().what.find("no JSON"),
              std::string::npos);
}

TEST(LastProblem, is_the_last_warning_or_error_of_the_log) {
    const std::string path = testing::TempDir() + "node_status_test.log";
    std::ofstream(path) << "2026-11-24T18:00:00.000 warning first\n"
                           "2026-11-24T18:00:01.000 error dial_failed peer=x\n"
                           "2026-11-24T18:00:02.000 info all error free\n";
    EXPECT_EQ(last_problem(path), "dial_failed peer=x");
    EXPECT_EQ(last_lines(path, 1),
              std::vector<std::string>{"2026-11-24T18:00:02.000 info all error free"});
    EXPECT_EQ(last_problem("/no/such/file"), "");
}

}  // namespace
}  // namespace lepton::node
