// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// bench_xmss: the signature scheme and the permutations under it, on one core, with every kernel
// this processor has. Each round measures everything once, in alternating order; figures are
// medians over the rounds. Exit code 0 when every target is met, 1 when one is missed or could not
// be judged, 2 when nothing was measured.
#include "base/assert.hpp"
#include "crypto/keccak_kernels.hpp"
#include "crypto/xmss/kernel_in_use.hpp"
#include "crypto/xmss/key_generation.hpp"
#include "material.hpp"
#include "targets.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <optional>

namespace lepton::bench {
namespace {

namespace json = boost::json;
namespace xmss = crypto::xmss;
namespace poseidon_kernels = crypto::xmss::poseidon_kernels;
namespace keccak_kernels = crypto::keccak_kernels;
using P = xmss::ProdParameters;
using poseidon_kernels::Kernel;

#if defined(__clang__)
constexpr std::string_view kCompiler = __VERSION__;
#else
constexpr std::string_view kCompiler = "g++ " __VERSION__;
#endif

constexpr double kMeasurementNs = 2e6;  // the least a measurement should take
constexpr std::size_t kKeys = 4;
constexpr std::size_t kSignsPerRound = 64;
constexpr std::size_t kLeaves = 128;  // an item of work of key generation
constexpr std::array<std::size_t, 7> kBatches{1, 2, 4, 8, 16, 32, kBatchMax};

struct Options {
    std::size_t rounds = 16;
    std::vector<std::string> kernels;  // none: all
    std::string json_file;
    std::string commit;
};

// What all kernels work on.
struct Material {
    std::vector<std::unique_ptr<crypto::Signer>> signers;
    std::vector<Vote> votes;    // of all keys at one slot; more than fit into caches
    std::vector<Vote> signing;  // messages to sign with the first key, kSignsPerRound a round

    std::vector<crypto::VerifyJob> jobs() const {
        std::vector<crypto::VerifyJob> jobs;
        for (const Vote& vote : votes) jobs.push_back(vote.job());
        return jobs;
    }
};

Material make_material(std::size_t rounds) {
    Material material;
    SeededRandom random{1};
    for (std::size_t key = 0; key < kKeys; ++key) {
        material.signers.push_back(make_signer(key));
        for (std::size_t i = 0; i < kBatchMax / kKeys; ++i) {
            material.votes.push_back(
                sign_random_message(*material.signers[key], key, kSlots / 2, random));
        }
    }
    for (std::size_t i = kBatchMax; i < kRegistry; ++i) {
        material.votes.push_back(Vote{material.votes[i - kBatchMax]});
    }
    for (std::size_t i = 0; i < rounds * kSignsPerRound; ++i) {
        material.signing.push_back(
            sign_random_message(*material.signers[0], 0, i % kSlots, random));
    }
    return material;
}

// A kernel that counts its calls.
class CallCounter {
  public:
    explicit CallCounter(const Kernel& kernel) : counting_(counting(kernel)), choice_(counting_) {}

    static const KernelCalls& calls() { return calls_; }

  private:
    static Kernel counting(const Kernel& kernel) {
        inner_ = &kernel;
        calls_ = {};
        Kernel counting = kernel;
        counting.permute16 = [](xmss::Lanes<16>& states) {
            ++calls_.w16;
            inner_->permute16(states);
        };
        counting.permute24 = [](xmss::Lanes<24>& states) {
            ++calls_.w24;
            inner_->permute24(states);
        };
        counting.compress16 = [](const xmss::Lanes<16>& in, xmss::Lanes<8>& out) {
            ++calls_.w16;
            inner_->compress16(in, out);
        };
        counting.compress24 = [](const xmss::Lanes<24>& in, xmss::Lanes<8>& out) {
            ++calls_.w24;
            inner_->compress24(in, out);
        };
        counting.permute24_one = [](std::array<xmss::Fp, 24>& state) {
            ++calls_.w24_one;
            inner_->permute24_one(state);
        };
        return counting;
    }

    static inline const Kernel* inner_ = nullptr;
    static inline KernelCalls calls_;

    Kernel counting_;
    xmss::KernelChoice choice_;
};

void add_kernel_rows(std::vector<Row>& rows, const Kernel& kernel) {
    rows.push_back({.name = "w16",
                    .operations = xmss::kLanes,
                    .run = [&kernel, states = xmss::Lanes<16>{}](std::size_t) mutable {
                        kernel.permute16(states);
                    }});
    rows.push_back({.name = "w24",
                    .operations = xmss::kLanes,
                    .run = [&kernel, states = xmss::Lanes<24>{}](std::size_t) mutable {
                        kernel.permute24(states);
                    }});
    rows.push_back({.name = "w24, one state",
                    .run = [&kernel, state = std::array<xmss::Fp, 24>{}](std::size_t) mutable {
                        kernel.permute24_one(state);
                    }});
    rows.push_back({.name = "Keccak",
                    .operations = keccak_kernels::kStates,
                    .run = [states = keccak_kernels::States{}](std::size_t) mutable {
                        xmss::keccak_in_use().permute(states);
                    }});
}

void verify_all(std::span<const crypto::VerifyJob> jobs, std::size_t batch) {
    std::vector<crypto::VerifyVerdict> verdicts(batch);
    for (; !jobs.empty(); jobs = jobs.subspan(batch)) {
        crypto::signature_scheme(P::kId).verify_batch(jobs.first(batch), verdicts);
        for (const auto& verdict : verdicts) LEPTON_ASSERT(verdict.has_value());
    }
}

void add_scheme_rows(KernelTable& table, const Material& material) {
    std::vector<Row>& rows = table.rows;
    const std::string verify_work = "122 w16 + 58 w24";
    for (const std::size_t batch : kBatches) {
        rows.push_back({.name = verify_row(batch),
                        .work = verify_work,
                        .operations = kBatchMax,
                        .run = [jobs = material.jobs(), batch](std::size_t) {
                            verify_all(std::span{jobs}.first(kBatchMax), batch);
                        }});
    }
    if (table.kernel != "portable") {  // a second a round there, and no target
        rows.push_back(
            {.name = "verify, registry",
             .work = verify_work,
             .operations = kRegistry,
             .run = [jobs = material.jobs()](std::size_t) { verify_all(jobs, kBatchMax); }});
    }
    rows.push_back({.name = "sign",
                    .work = "attempts (w24 + Keccak) + 200 w16 + 46 Keccak",
                    .operations = kSignsPerRound,
                    .run = [&material, &signings = table.signings](std::size_t round) {
                        double attempts = 0;
                        for (std::size_t i = 0; i < kSignsPerRound; ++i) {
                            const Vote& vote = material.signing[round * kSignsPerRound + i];
                            const double start = thread_ns();
                            const auto signature =
                                material.signers[0]->sign(vote.slot, vote.message);
                            signings.ns.push_back(thread_ns() - start);
                            signings.attempts.push_back(vote.attempts);
                            attempts += static_cast<double>(vote.attempts);
                            LEPTON_ASSERT(signature == vote.signature, "all kernels sign alike");
                        }
                        signings.attempts_a_round.push_back(attempts / kSignsPerRound);
                    }});
    rows.push_back(
        {.name = "keygen, leaf",
         .work = "322 w16 + 25 w24 + 46 Keccak",
         .operations = kLeaves,
         .run = [prf = xmss::Prf{Bytes32{}}, leaves = std::vector<xmss::Digest>(kLeaves)](
                    std::size_t) mutable { xmss::build_leaves<P>(prf, {}, 0, leaves); }});
    rows.push_back(
        {.name = "keygen, tree",
         .work = "1 w24",
         .operations = xmss::kBottomLeaves<P>,
         .run = [](std::size_t) {
             xmss::build_bottom_tree(
                 {}, 0, std::vector<xmss::Digest>(xmss::kBottomLeaves<P>), crypto::run_in_order);
         }});
}

// Finds how often a row has to run for one measurement, and the calls it makes of its kernel.
void prepare(Row& row, const Kernel& kernel) {
    {
        const CallCounter counter{kernel};
        row.run(0);
        row.calls = CallCounter::calls();
    }
    const xmss::KernelChoice choice{kernel};
    while (true) {
        const double start = thread_ns();
        for (std::size_t i = 0; i < row.runs; ++i) row.run(0);
        if (thread_ns() - start >= kMeasurementNs) return;
        row.runs *= 2;
    }
}

void measure(Row& row, const Kernel& kernel, std::size_t round, const CostMeter& meter) {
    const xmss::KernelChoice choice{kernel};
    const Cost cost = meter.of([&] {
        for (std::size_t i = 0; i < row.runs; ++i) row.run(round);
    });
    const auto operations = static_cast<double>(row.runs * row.operations);
    row.costs.push_back({cost.ns / operations, cost.cycles / operations});
}

std::vector<KernelTable> measure_all(const std::vector<const Kernel*>& kernels,
                                     const Options& options,
                                     const CostMeter& meter) {
    const Material material = make_material(options.rounds);
    std::vector<KernelTable> tables(kernels.size());
    std::vector<std::pair<Row*, const Kernel*>> order;
    for (std::size_t i = 0; i < kernels.size(); ++i) {
        tables[i].kernel = kernels[i]->name;
        add_kernel_rows(tables[i].rows, *kernels[i]);
        add_scheme_rows(tables[i], material);
        for (Row& row : tables[i].rows) {
            prepare(row, *kernels[i]);
            order.emplace_back(&row, kernels[i]);
        }
        tables[i].signings = {};
    }
    for (std::size_t round = 0; round < options.rounds; ++round) {
        for (const auto& [row, kernel] : order) measure(*row, *kernel, round, meter);
        std::ranges::reverse(order);
    }
    return tables;
}

double at_percent(std::vector<double> values, std::size_t percent) {
    std::ranges::sort(values);
    return values[(values.size() - 1) * percent / 100];
}

std::string calls_text(const Row& row) {
    const auto per_operation = [&](std::uint64_t calls) {
        return static_cast<double>(calls) / static_cast<double>(row.operations);
    };
    return fmt::format("{:.2f} w16, {:.2f} w24, {:.2f} w24 of one state",
                       per_operation(row.calls.w16),
                       per_operation(row.calls.w24),
                       per_operation(row.calls.w24_one));
}

void print_table(const KernelTable& table) {
    fmt::print("\n{:24}{:>12}{:>12}{:>10}  {}\n",
               table.kernel,
               "us",
               "cycles",
               "k/s",
               "permutations by definition; calls of kernels, 16 states each but the last");
    for (const Row& row : table.rows) {
        fmt::print("{:24}{:12.3f}{:12.0f}{:10.2f}",
                   row.name,
                   row.median_ns() / 1e3,
                   row.median_cycles(),
                   1e6 / row.median_ns());
        if (!row.work.empty()) fmt::print("  {}; {}", row.work, calls_text(row));
        fmt::print("\n");
    }
    const Signings& signings = table.signings;
    std::vector<double> attempts{signings.attempts.begin(), signings.attempts.end()};
    fmt::print("{} signatures: mean {:.0f} us with {:.0f} attempts, p99 {:.0f} us with {:.0f}\n",
               signings.ns.size(),
               std::accumulate(signings.ns.begin(), signings.ns.end(), 0.0) /
                   static_cast<double>(signings.ns.size()) / 1e3,
               std::accumulate(attempts.begin(), attempts.end(), 0.0) /
                   static_cast<double>(attempts.size()),
               at_percent(signings.ns, 99) / 1e3,
               at_percent(attempts, 99));
}

std::string cpu_model() {
    std::ifstream info{"/proc/cpuinfo"};
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

std::array<double, 3> load() {
    std::array<double, 3> averages{};
    if (::getloadavg(averages.data(), 3) != 3) averages = {};
    return averages;
}

json::object to_json(const KernelTable& table, const std::vector<Target>& targets) {
    json::object rows;
    for (const Row& row : table.rows) {
        json::array ns, cycles;
        for (const Cost& cost : row.costs) {
            ns.push_back(cost.ns);
            cycles.push_back(cost.cycles);
        }
        rows[row.name] = json::object{
            {"ns", row.median_ns()},
            {"cycles", row.median_cycles()},
            {"work", row.work},
            {"operations", row.operations},
            {"kernel_calls",
             {{"w16", row.calls.w16}, {"w24", row.calls.w24}, {"w24_one", row.calls.w24_one}}},
            {"rounds_ns", std::move(ns)},
            {"rounds_cycles", std::move(cycles)}};
    }
    json::array verdicts;
    for (const Target& target : targets) {
        verdicts.push_back(json::object{
            {"name", target.name},
            {"measured", target.measured ? json::value(*target.measured) : json::value()},
            {"limit", target.limit},
            {"is_met", target.is_met()}});
    }
    return {{"kernel", table.kernel},
            {"rows", std::move(rows)},
            {"sign_ns", json::value_from(table.signings.ns)},
            {"sign_attempts", json::value_from(table.signings.attempts)},
            {"targets", std::move(verdicts)}};
}

// The kernels to measure; none when one of those asked for is not there.
std::vector<const Kernel*> chosen(const std::vector<std::string>& names) {
    const auto available = poseidon_kernels::available();
    std::vector<const Kernel*> kernels;
    for (const std::string& name : names) {
        const auto found = std::ranges::find(available, name, &Kernel::name);
        if (found == available.end()) {
            fmt::print(stderr, "bench: no kernel '{}' on this processor\n", name);
            return {};
        }
        kernels.push_back(*found);
    }
    return names.empty() ? std::vector(available.begin(), available.end()) : kernels;
}

int run(const Options& options) {
    const auto kernels = chosen(options.kernels);
    if (kernels.empty()) return 2;
    const CostMeter meter;
    const auto load_before = load();
    const auto tables = measure_all(kernels, options, meter);
    const auto load_after = load();
    const auto avx2 = std::ranges::find(tables, "avx2", &KernelTable::kernel);

    json::array tables_json;
    std::size_t count = 0, met = 0;
    for (const KernelTable& table : tables) {
        print_table(table);
        const auto targets =
            targets_of(table, avx2 == tables.end() ? nullptr : &*avx2, meter.source());
        for (const Target& target : targets) {
            fmt::print("  {:50}{:>10}  at most {:<7}{}\n",
                       target.name,
                       target.measured ? fmt::format("{:.3f}", *target.measured) : "-",
                       target.limit,
                       !target.measured  ? "not judged"
                       : target.is_met() ? "met"
                                         : "MISSED");
            ++count;
            if (target.is_met()) ++met;
        }
        tables_json.push_back(to_json(table, targets));
    }
    fmt::print("\n{} rounds on {}; cycles {}; {}; commit {}\n",
               options.rounds,
               cpu_model(),
               to_string(meter.source()),
               kCompiler,
               options.commit);
    fmt::print("load before: {:.2f}, after: {:.2f}\n{} of {} targets met\n",
               fmt::join(load_before, " "),
               fmt::join(load_after, " "),
               met,
               count);
    if (!options.json_file.empty()) {
        std::ofstream file{options.json_file};
        file << json::serialize(json::object{{"cpu", cpu_model()},
                                             {"cycles", to_string(meter.source())},
                                             {"compiler", kCompiler},
                                             {"commit", options.commit},
                                             {"load_before", json::value_from(load_before)},
                                             {"load_after", json::value_from(load_after)},
                                             {"kernels", std::move(tables_json)}})
             << '\n';
        if (!file.flush()) {
            fmt::print(stderr, "bench: cannot write {}\n", options.json_file);
            return 2;
        }
    }
    return met == count ? 0 : 1;
}

}  // namespace
}  // namespace lepton::bench

int main(int argc, char** argv) {
    lepton::bench::Options options;
    CLI::App app{"Measures the signature scheme on one core and says whether targets are met.",
                 "./dev bench xmss"};
    app.add_option("--rounds", options.rounds, "how often to measure everything")
        ->check(CLI::Range(1, 1000));
    app.add_option("--kernel", options.kernels, "only these: avx512, avx2, portable");
    app.add_option("--json", options.json_file, "write every figure to this file");
    app.add_option("--commit", options.commit)->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return lepton::bench::run(options);
}
