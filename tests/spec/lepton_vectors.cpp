// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-vectors [DIR]: runs every conformance vector below DIR. Prints failures, skipped vectors
// and notes with their reasons, then a line per format, "ok FORMAT: ...", "FAILED FORMAT: ..." or
// "skipped FORMAT: ..." with its counts, and the totals. On the whole release an entry of
// skipped.txt that names no vector is a failure, too. Exit code 0: no failure, 1: failures, 3:
// nothing ran.
#include "spec/vectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace {

using lepton::spec::Outcome;
using lepton::spec::VectorResult;

constexpr int kFailures = 1;
constexpr int kNothingRan = 3;

struct Counts {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;

    void add(Outcome::Status status) {
        if (status == Outcome::Status::passed) ++passed;
        if (status == Outcome::Status::failed) ++failed;
        if (status == Outcome::Status::skipped) ++skipped;
    }
};

/// The first word of a result's line; empty for one that has nothing to say.
std::string_view word_of(const Outcome& outcome) {
    if (outcome.status == Outcome::Status::failed) return "FAILED";
    if (outcome.reason.empty()) return {};
    return outcome.status == Outcome::Status::skipped ? "SKIPPED" : "NOTE";
}

int report(const std::vector<VectorResult>& results) {
    std::map<std::string, Counts> formats;
    Counts total;
    for (const VectorResult& result : results) {
        formats[result.format].add(result.outcome.status);
        total.add(result.outcome.status);
        if (const std::string_view word = word_of(result.outcome); !word.empty()) {
            fmt::print(
                "{} {} {}\n       {}\n", word, result.file, result.id, result.outcome.reason);
        }
    }
    for (const auto& [format, counts] : formats) {
        const char* const word = counts.failed > 0   ? "FAILED"
                                 : counts.passed > 0 ? "ok"
                                                     : "skipped";
        fmt::print("{} {}: {} passed, {} failed, {} skipped\n",
                   word,
                   format,
                   counts.passed,
                   counts.failed,
                   counts.skipped);
    }
    fmt::print("{} passed, {} failed, {} skipped\n", total.passed, total.failed, total.skipped);
    return total.failed > 0 ? kFailures : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 2) {
        fmt::print(stderr, "usage: lepton-vectors [DIR]\n");
        return kNothingRan;
    }
    const std::filesystem::path folder = argc == 2 ? argv[1] : LEPTON_VECTORS_DIR;
    if (!std::filesystem::is_directory(folder)) {
        fmt::print("{} is no folder: nothing ran\n", folder.string());
        return kNothingRan;
    }
    const auto skips = lepton::spec::read_skips(LEPTON_VECTORS_SKIPS);
    if (!skips) {
        fmt::print(stderr, "{}: nothing ran\n", skips.error());
        return kNothingRan;
    }
    auto results = lepton::spec::run_folder(folder, *skips);
    if (results.empty()) {
        fmt::print("{} holds no vector: nothing ran\n", folder.string());
        return kNothingRan;
    }
    // Another folder may hold a part of the vectors only.
    std::error_code ignored;
    if (std::filesystem::equivalent(folder, LEPTON_VECTORS_DIR, ignored)) {
        std::ranges::move(lepton::spec::stale_skips(*skips, results), std::back_inserter(results));
    }
    return report(results);
}
