// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What is built on kernels is compared with the same kernels in the same round, so that a noisy or
// slow machine changes both. Only what is defined in cycles or seconds compares across runs.
#include "targets.hpp"

namespace lepton::bench {
namespace {

// The median over the rounds of what `in_round` returns for each.
template <class InRound>
double over_rounds(const KernelTable& table, const InRound& in_round) {
    std::vector<double> values;
    for (std::size_t round = 0; round < table.row("w16").costs.size(); ++round) {
        values.push_back(in_round(round));
    }
    return median(std::move(values));
}

}  // namespace

std::vector<Target> targets_of(const KernelTable& table,
                               const KernelTable* avx2,
                               CycleSource source) {
    // The cost of one operation of a row in a round.
    const auto cost = [&](const std::string& row, std::size_t round) {
        const Cost& measured = table.row(row).costs[round];
        return source == CycleSource::none ? measured.ns : measured.cycles;
    };
    std::vector<Target> targets;

    // The kernels themselves.
    const bool is_avx512 = table.kernel == "avx512", is_avx2 = table.kernel == "avx2";
    for (const std::string width : {"w16", "w24"}) {
        if (is_avx512 || is_avx2) {
            const double limit =
                width == "w16" ? (is_avx512 ? 420 : 560) : (is_avx512 ? 1'000 : 1'350);
            Target target{width + ", core cycles", std::nullopt, limit};
            if (source != CycleSource::none) {
                target.measured = table.row(width).median_cycles();
            }
            targets.push_back(target);
        } else if (avx2 != nullptr) {
            const double ratio = over_rounds(table, [&](std::size_t round) {
                return table.row(width).costs[round].ns / avx2->row(width).costs[round].ns;
            });
            targets.push_back({width + " / that of avx2", ratio, 4});
        }
    }

    // What is built on them.
    const auto batched = verify_row(kBatchMax);
    targets.push_back({"batched verify / (122 w16 + 58 w24)",
                       over_rounds(table,
                                   [&](std::size_t round) {
                                       return cost(batched, round) /
                                              (122 * cost("w16", round) + 58 * cost("w24", round));
                                   }),
                       1.10});
    if (is_avx512 || is_avx2) {
        targets.push_back({"single verify / batched",
                           over_rounds(table,
                                       [&](std::size_t round) {
                                           return cost(verify_row(1), round) / cost(batched, round);
                                       }),
                           is_avx512 ? 1.7 : 2.2});
        targets.push_back(
            {"4,096 votes, ms", table.row("verify, registry").median_ns() * kRegistry / 1e6, 250});
    }
    // 913 attempts is the mean over all messages; here it is that of the messages that were signed.
    targets.push_back({"sign, mean / (attempts (w24 + Keccak) + 200 w16)",
                       over_rounds(table,
                                   [&](std::size_t round) {
                                       return cost("sign", round) /
                                              (table.signings.attempts_a_round[round] *
                                                   (cost("w24", round) + cost("Keccak", round)) +
                                               200 * cost("w16", round));
                                   }),
                       1.15});
    targets.push_back({"keygen per slot / (322 w16 + 26 w24 + 46 Keccak)",
                       over_rounds(table,
                                   [&](std::size_t round) {
                                       return (cost("keygen, leaf", round) +
                                               cost("keygen, tree", round)) /
                                              (322 * cost("w16", round) + 26 * cost("w24", round) +
                                               46 * cost("Keccak", round));
                                   }),
                       1.12});
    return targets;
}

}  // namespace lepton::bench
