// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-sim: simulated networks from seeds. One seed: the faults, what became of the nodes, and as
// the last line seed, slots, finalized slot and trace hash. Many seeds: a line for each that
// failed, with the command that runs it again, and totals. Exit code 0 when no oracle was broken, 1
// otherwise, 2 for wrong arguments.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "fault_run.hpp"
#include "seed_workers.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace lepton::simulation {
namespace {

/// In so many seeds every kind of fault happens; in fewer, chance decides.
constexpr std::uint64_t kSeedsForAllFaults = 100;

constexpr Duration kRecoveryTime = std::chrono::seconds{4 * kRecoverySlots};

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

std::string replay(const FaultRunOptions& run, std::uint64_t seed) {
    return fmt::format("./dev sim --seed {} --nodes {} --slots {}{}",
                       seed,
                       run.nodes,
                       run.slots,
                       run.with_faults ? "" : " --no-faults");
}

int run_one(const FaultRunOptions& options) {
    const SystemClock clock;
    const Time start = clock.now();
    const FaultRunResult result = run_with_faults(options);
    const double took = seconds(clock.now() - start);
    for (const Fault& fault : result.plan.faults) fmt::print("{}\n", to_string(fault));
    fmt::print("{}", result.summary);
    for (const std::string& violation : result.violations) fmt::print("violation: {}\n", violation);
    fmt::print("{:.1f} s of network time in {:.2f} s, recovered after {:.1f} s\n",
               seconds(result.virtual_time),
               took,
               seconds(result.recovery));
    const bool is_good = result.violations.empty();
    fmt::print("seed={} nodes={} slots={} finalized={} trace_hash=0x{:016x} {}\n",
               options.seed,
               options.nodes,
               options.slots,
               result.finalized,
               result.trace_hash,
               is_good ? "ok" : "FAILED");
    return is_good ? 0 : 1;
}

int run_many(const SeedsOptions& options) {
    const SystemClock clock;
    const Time start = clock.now();
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    FaultCounts counts{};
    Duration virtual_time{};
    Duration slowest_recovery{};
    std::uint64_t slow_recoveries = 0;
    run_seeds(options, [&](const SeedOutcome& outcome) {
        ++(outcome.failure.empty() ? passed : failed);
        if (!outcome.failure.empty()) {
            fmt::print("FAILED seed {}: {} (again: {})\n",
                       outcome.seed,
                       outcome.failure,
                       replay(options.run, outcome.seed));
            std::fflush(stdout);
        }
        for (std::size_t i = 0; i < kFaultKinds; ++i) counts[i] += outcome.fault_counts[i];
        virtual_time += outcome.virtual_time;
        slowest_recovery = std::max(slowest_recovery, outcome.recovery);
        if (outcome.recovery > kRecoveryTime) ++slow_recoveries;
    });
    const double took = seconds(clock.now() - start);
    fmt::print(
        "{} seeds, {} nodes each: {:.1f} hours of network time in {:.0f} s, {:.0f} x real "
        "time on {} processes; slowest recovery {:.1f} s, {} of them longer than {} slots\n",
        options.seeds,
        options.run.nodes,
        seconds(virtual_time) / 3600,
        took,
        seconds(virtual_time) / took,
        options.jobs,
        seconds(slowest_recovery),
        slow_recoveries,
        kRecoverySlots);
    for (std::size_t i = 0; options.run.with_faults && i < kFaultKinds; ++i) {
        const auto name = to_string(static_cast<FaultKind>(i));
        fmt::print("fault {}: {} times\n", name, counts[i]);
        const bool has_victims =
            options.run.nodes > 1 &&
            (static_cast<FaultKind>(i) != FaultKind::byzantine || has_guest(options.run.nodes));
        if (counts[i] > 0 || !has_victims || options.seeds < kSeedsForAllFaults) continue;
        fmt::print("FAILED fault {}: never happened\n", name);
        ++failed;
    }
    fmt::print("{} passed, {} failed, 0 skipped\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lepton::simulation

int main(int argc, char** argv) {
    using namespace lepton::simulation;
    FaultRunOptions run;
    SeedsOptions many{.jobs = std::max(1U, std::thread::hardware_concurrency())};
    bool has_no_faults = false;
    std::string log_level = "off";
    CLI::App app{"lepton-sim: a network of lepton nodes in one thread, from a seed"};
    auto* seed = app.add_option("--seed", run.seed, "what everything random is drawn from");
    auto* seeds = app.add_option("--seeds", many.seeds, "run so many seeds")
                      ->check(CLI::PositiveNumber)
                      ->excludes(seed);
    app.add_option("--first-seed", many.first_seed, "the first of them")
        ->needs(seeds)
        ->capture_default_str();
    app.add_option("--jobs", many.jobs, "processes for them")
        ->needs(seeds)
        ->check(CLI::Range(1, 256));
    app.add_option("--nodes", run.nodes, "nodes, one validator each")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--slots",
                   run.slots,
                   "slots to run, 12 to 250 (the test scheme's keys end at "
                   "256); the last 8 of them are without faults")
        ->check(CLI::Range(12, 250))
        ->capture_default_str();
    app.add_flag("--no-faults", has_no_faults, "nothing goes wrong");
    app.add_option("--log-level", log_level, "of the nodes' own log lines, on stderr")
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        std::fprintf(stderr, "lepton-sim: %s\n", error.what());
        return 2;
    }
    if (seed->empty() == seeds->empty()) {
        std::fprintf(stderr, "lepton-sim: --seed or --seeds is needed\n");
        return 2;
    }
    const auto level = lepton::log::parse_level(log_level);
    if (!level) {
        std::fprintf(stderr, "lepton-sim: --log-level: %s\n", level.error().what.c_str());
        return 2;
    }
    lepton::log::set_level(*level);
    run.with_faults = !has_no_faults;
    many.run = run;
    return seeds->empty() ? run_one(run) : run_many(many);
}
