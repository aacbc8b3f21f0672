// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-sim: one simulated network under a seed. Last line: seed, slots, finalized slot, trace
// hash. Exit code 0 when it finalized and no oracle was broken, 1 otherwise, 2 for wrong arguments.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sim_network_of_nodes.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    lepton::simulation::SimOptions options;
    std::uint64_t slots = 20;
    std::string log_level = "off";
    CLI::App app{"lepton-sim: a network of lepton nodes in one thread, from a seed"};
    app.add_option("--seed", options.seed, "what everything random is drawn from")->required();
    app.add_option("--nodes", options.nodes, "nodes, one validator each")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--slots", slots, "slots to run, 4 to 250 (the test scheme's keys end at 256)")
        ->check(CLI::Range(4, 250))
        ->capture_default_str();
    app.add_option("--log-level", log_level, "of the nodes' own log lines, on stderr")
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        std::fprintf(stderr, "lepton-sim: %s\n", error.what());
        return 2;
    }
    const auto level = lepton::log::parse_level(log_level);
    if (!level) {
        std::fprintf(stderr, "lepton-sim: --log-level: %s\n", level.error().what.c_str());
        return 2;
    }
    lepton::log::set_level(*level);

    const lepton::SystemClock clock;
    const lepton::Time start = clock.now();
    lepton::simulation::SimNetworkOfNodes network(options);
    network.run_to_slot(slots);
    const double seconds = std::chrono::duration<double>(clock.now() - start).count();

    std::printf("%s", network.summary().c_str());
    for (const std::string& violation : network.violations()) {
        std::printf("violation: %s\n", violation.c_str());
    }
    const bool is_good = network.violations().empty() && network.finalized_slot() + 6 >= slots;
    std::printf("%.1f s of network time in %.2f s\n", static_cast<double>(slots) * 4, seconds);
    std::printf("seed=%llu nodes=%zu slots=%llu finalized=%llu trace_hash=0x%016llx %s\n",
                static_cast<unsigned long long>(options.seed),
                options.nodes,
                static_cast<unsigned long long>(slots),
                static_cast<unsigned long long>(network.finalized_slot()),
                static_cast<unsigned long long>(network.trace_hash()),
                is_good ? "ok" : "FAILED");
    return is_good ? 0 : 1;
}
