// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-vectors [DIR]: runs every conformance vector below DIR. Prints failures, then a line per
// format, "ok FORMAT: ...", "FAILED FORMAT: ..." or "skipped FORMAT: ..." with its counts, and the
// totals. Exit code 0: no failure, 1: failures, 3: nothing ran.
#include "spec/vectors.hpp"

#include <fmt/format.h>

#include <map>

namespace {

using lepton::spec::VectorResult;

constexpr int kFailures = 1;
constexpr int kNothingRan = 3;

struct Counts {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;

    void add(VectorResult::Status status) {
        if (status == VectorResult::Status::passed) ++passed;
        if (status == VectorResult::Status::failed) ++failed;
        if (status == VectorResult::Status::skipped) ++skipped;
    }
};

int report(const std::vector<VectorResult>& results) {
    std::map<std::string, Counts> formats;
    Counts total;
    for (const VectorResult& result : results) {
        formats[result.format].add(result.status);
        total.add(result.status);
        if (result.status == VectorResult::Status::failed) {
            fmt::print("FAILED {} {}\n       {}\n", result.file, result.id, result.reason);
        } else if (result.status == VectorResult::Status::passed && !result.reason.empty()) {
            fmt::print("NOTE {} {}\n       {}\n", result.file, result.id, result.reason);
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
    const auto results = lepton::spec::run_folder(folder, *skips);
    if (results.empty()) {
        fmt::print("{} holds no vector: nothing ran\n", folder.string());
        return kNothingRan;
    }
    return report(results);
}
