// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace lepton::node {
namespace {

ProcessEnd run(const std::vector<std::string>& arguments, const std::string& log) {
    const auto pid = start_process(arguments, log);
    EXPECT_TRUE(pid.has_value());
    for (;;) {
        if (auto end = poll_process(*pid)) return *end;
        ::usleep(1000);
    }
}

TEST(Process, exit_code_and_output_are_kept) {
    const std::string log = testing::TempDir() + "process_test.log";
    ::unlink(log.c_str());
    const ProcessEnd end = run({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}, log);
    EXPECT_EQ(end.exit_code, 7);
    EXPECT_EQ(end.signal, 0);
    std::stringstream text;
    text << std::ifstream(log).rdbuf();
    EXPECT_EQ(text.str(), "out\nerr\n");
}

TEST(Process, a_signal_shows_as_128_and_more) {
    const ProcessEnd end =
        run({"/bin/sh", "-c", "kill -9 $$"}, testing::TempDir() + "process_test.log");
    EXPECT_EQ(end.exit_code, 137);
    EXPECT_EQ(end.signal, 9);
}

TEST(Process, a_missing_program_ends_with_127) {
    EXPECT_EQ(run({"/no/such/program"}, testing::TempDir() + "process_test.log").exit_code, 127);
}

TEST(ShellLine, quotes_only_what_needs_it) {
    EXPECT_EQ(shell_line({"/bin/x", "--name", "a b", "it's", ""}),
              "/bin/x --name 'a b' 'it'\\''s' ''");
}

}  // namespace
}  // namespace lepton::node
