// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The table of what was measured. One thread.
#pragma once

#include "cost.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lepton::bench {

inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Calls of a kernel in one operation, each with room for kLanes states but the last kind.
struct KernelCalls {
    std::uint64_t w16 = 0;
    std::uint64_t w24 = 0;
    std::uint64_t w24_one = 0;
};

/// One thing that is measured, once a round.
struct Row {
    std::string name;
    std::string work{};          ///< what the definition of the scheme counts for one operation
    std::size_t operations = 1;  ///< of one run
    std::function<void(std::size_t round)> run{};
    std::size_t runs = 1;       ///< of one measurement, so that it lasts long enough
    KernelCalls calls{};        ///< of one run
    std::vector<Cost> costs{};  ///< of one operation, one a round

    double median_ns() const {
        std::vector<double> values;
        for (const Cost& cost : costs) values.push_back(cost.ns);
        return median(std::move(values));
    }
    double median_cycles() const {
        std::vector<double> values;
        for (const Cost& cost : costs) values.push_back(cost.cycles);
        return median(std::move(values));
    }
};

/// Signatures made, for their distribution.
struct Signings {
    std::vector<double> ns;                ///< of each
    std::vector<std::uint64_t> attempts;   ///< of each
    std::vector<double> attempts_a_round;  ///< mean of each round
};

/// Everything measured with one kernel.
struct KernelTable {
    std::string kernel;
    std::vector<Row> rows;
    Signings signings{};

    /// Requires that there is one of that name.
    const Row& row(std::string_view name) const {
        return *std::ranges::find(rows, name, &Row::name);
    }
};

inline constexpr std::size_t kBatchMax = 64;
inline constexpr std::size_t kRegistry = 4'096;

inline std::string verify_row(std::size_t batch) {
    return "verify, batch of " + std::to_string(batch);
}

}  // namespace lepton::bench
