// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Many seeds on many processors: each worker is a process of its own, so that a seed in which
// lepton aborts or never ends is one failed seed and nothing more. Called from a process with one
// thread.
#pragma once

#include "fault_run.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace lepton::simulation {

struct SeedsOptions {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1;
    /// Worker processes.
    std::size_t jobs = 1;
    /// Of each run; the seed is filled in.
    FaultRunOptions run{};
};

/// What came of one seed.
struct SeedOutcome {
    std::uint64_t seed = 0;
    /// The first violation, or how the worker died; empty: passed.
    std::string failure;
    FaultCounts fault_counts{};
    Duration virtual_time{};
    Duration recovery{};
};

/// Runs all seeds and calls `done` for each, in the order in which they end.
void run_seeds(const SeedsOptions& options, const std::function<void(const SeedOutcome&)>& done);

}  // namespace lepton::simulation
