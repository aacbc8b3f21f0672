// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace lepton {
namespace {

TEST(ParallelFor, runs_each_index_once) {
    std::vector<std::atomic<int>> runs(1000);
    parallel_for(4, runs.size(), [&](std::size_t i) { ++runs[i]; });
    for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
}

TEST(ParallelFor, nothing_to_do_returns_at_once) {
    parallel_for(0, 0, [](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace lepton
