// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: the seeds of property tests on single values, and the loop over them.
#pragma once

#include "base/random.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace lepton::test {

inline constexpr std::array<std::uint64_t, 8> kSeeds{1, 2, 3, 5, 8, 13, 21, 34};

/// Calls `body(source)` `rounds` times for each seed, with one Source made of the seed; ends at the
/// first failure, which names the seed.
template <class Source = SeededRandom, class Body>
void for_each_seed(int rounds, const Body& body) {
    for (const std::uint64_t seed : kSeeds) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        Source source(seed);
        for (int round = 0; round < rounds; ++round) {
            body(source);
            if (testing::Test::HasFailure()) return;
        }
    }
}

}  // namespace lepton::test
