// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The runner's life: prepare the run directory → start the nodes → watch until something ends it →
// stop the nodes. Watching is a loop of one turn per second: reap children, ask each node, show,
// decide.
#include "node/devnet/devnet.hpp"

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "crypto/kernel_names.hpp"
#include "node/devnet/node_status.hpp"
#include "node/devnet/process.hpp"
#include "node/devnet/run_directory.hpp"
#include "node/devnet/spare_keys.hpp"
#include "node/devnet/table.hpp"
#include "node/key_progress.hpp"
#include "node/network_files.hpp"
#include "types/network_profile.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
/// From the start of the nodes to slot 0: they must be up and connected by then.
constexpr std::uint64_t kSecondsToGenesis = 6;
/// For a node killed by hand to be started again (docs/decisions/0007).
constexpr std::uint64_t kRestartGraceSeconds = 60;
/// Slots that finality may lag behind the wanted slot before the devnet gives up, and seconds
/// beyond that.
constexpr std::uint64_t kDeadlineSlots = 24;
constexpr std::uint64_t kDeadlineSeconds = 30;
/// For all nodes to stop after SIGTERM, before SIGKILL.
constexpr std::uint64_t kStopMs = 10'000;
constexpr std::size_t kLastLines = 12;
/// Keys of the production scheme sign six days of slots: the least that such a key can have.
constexpr std::uint64_t kLogKeySlotsProd = 17;
/// Keys made ahead for the next devnet, at most: 270 MB of the production scheme.
constexpr std::size_t kSpareKeysMax = 32;
/// For the keys of the next devnet, after a run that reached what it was to reach.
constexpr std::uint64_t kSpareKeysMs = 60'000;

volatile sig_atomic_t stop_signal = 0;
void on_signal(int number) {
    stop_signal = number;
}

void pause_ms(unsigned ms) {
    ::usleep(ms * 1000);
}

/// A node as the runner sees it.
struct DevnetNode {
    NetworkNode network;
    std::string directory;
    std::vector<std::string> arguments;
    pid_t pid = 0;
    bool is_child = true;
    std::optional<NodeStatus> status;
    /// When the node went away by hand, Unix ms; absent while it runs.
    std::optional<UnixMs> gone_at;
};

class Devnet {
  public:
    explicit Devnet(const DevnetOptions& options) : options_(options) {}

    int run() {
        if (const int failed = prepare(); failed != 0) return failed;
        if (const int failed = start(); failed != 0) {
            stop_nodes();
            return failed;
        }
        const int result = watch();
        const bool stopped_well = stop_nodes();
        if (result != 0 || !stopped_well) return kExitFailed;
        if (stop_signal == 0) finish_spare_keys();
        return 0;
    }

  private:
    int prepare();
    Result<KeyCache, IoError> fill_key_cache(std::size_t keys);
    int start();
    int watch();
    bool stop_nodes();
    void finish_spare_keys();

    /// Looks after ended processes. Returns a reason when the devnet must end.
    std::optional<std::string> reap();
    std::optional<std::string> reap_child(DevnetNode& node);
    std::optional<std::string> check_gone(DevnetNode& node);
    void tell_end(const DevnetNode& node, const ProcessEnd& end);
    void ask_all();
    void write_devnet_json();
    std::vector<TableRow> rows() const;
    std::uint64_t wall_slot() const;
    bool all_finalized(std::uint64_t slot) const;

    DevnetOptions options_;
    NetworkProfile profile_;
    /// That the keys can sign, from slot 0.
    std::uint64_t key_slots_ = 0;
    std::uint64_t genesis_time_ = 0;
    std::vector<DevnetNode> nodes_;
    SystemClock clock_;
    std::optional<KeyCache> key_cache_;
    std::optional<SpareKeys> spare_keys_;
};

void complain(std::string_view what) {
    std::fprintf(stderr, "devnet: error: %.*s\n", static_cast<int>(what.size()), what.data());
}

void tell(std::string_view what) {
    std::fprintf(stderr, "devnet: %.*s\n", static_cast<int>(what.size()), what.data());
}

int Devnet::prepare() {
    const auto profile = network_profile(profile_of_scheme(options_.scheme));
    if (!profile) {
        complain(profile.error().what);
        return kExitUsage;
    }
    profile_ = *profile;
    const std::uint64_t last_port = options_.base_port + 3 * options_.nodes;
    if (last_port > 65535) {
        complain(fmt::format("--base-port {}: {} nodes need ports up to {}",
                             options_.base_port,
                             options_.nodes,
                             last_port));
        return kExitUsage;
    }
    key_slots_ = std::min(profile_.key_lifetime_slots, std::uint64_t{1} << kLogKeySlotsProd);
    if (options_.until_finalized && *options_.until_finalized + kDeadlineSlots >= key_slots_) {
        complain(fmt::format("--until-finalized {}: the keys of --scheme {} live for {} slots",
                             *options_.until_finalized,
                             options_.scheme,
                             key_slots_));
        return kExitUsage;
    }
    const fs::path run = fs::absolute(options_.run_dir);
    options_.run_dir = run.string();
    std::error_code error;
    const fs::path program = fs::read_symlink(options_.program, error);
    if (!error) options_.program = program.string();
    if (auto cleared = clear_run_directory(run.string()); !cleared) {
        complain(cleared.error().what);
        return kExitUsage;
    }
    const std::uint64_t validators = options_.nodes * options_.validators_per_node;
    auto cache = fill_key_cache(2 * validators);
    if (!cache) {
        complain(cache.error().what);
        return kExitFailed;
    }
    tell(fmt::format("making genesis for {} nodes in {}", options_.nodes, run.string()));
    const auto files = write_network_files(
        {.directory = (run / "genesis").string(),
         .validators = validators,
         .scheme = options_.scheme,
         .log_active_slots = std::countr_zero(key_slots_),
         .nodes = options_.nodes,
         .genesis_time = std::nullopt,
         .seconds_to_genesis = kSecondsToGenesis,
         .base_port = options_.base_port},
        [&cache](const std::string& secret_path, const std::string& public_path) {
            return cache->take(secret_path, public_path);
        });
    if (!files) {
        complain(files.error().what);
        return kExitFailed;
    }
    key_cache_.emplace(*std::move(cache));
    genesis_time_ = files->genesis_time;
    const std::string genesis = (run / "genesis").string();
    for (const NetworkNode& network : files->nodes) {
        DevnetNode node;
        node.network = network;
        node.directory = (run / network.name).string();
        node.arguments = {options_.program,
                          "node",
                          "--network",
                          profile_.name,
                          "--genesis",
                          genesis + "/config.yaml",
                          "--validators",
                          genesis + "/annotated_validators.yaml",
                          "--bootnodes",
                          genesis + "/nodes.yaml",
                          "--validator-config",
                          genesis + "/validator-config.yaml",
                          "--hash-sig-keys-dir",
                          genesis + "/hash-sig-keys",
                          "--node-key",
                          genesis + "/" + network.name + ".key",
                          "--node-id",
                          network.name,
                          "--data-dir",
                          node.directory + "/data",
                          "--gossipsub-port",
                          std::to_string(network.quic_port),
                          "--api-port",
                          std::to_string(network.api_port),
                          "--metrics-port",
                          std::to_string(network.metrics_port),
                          // Every node aggregates, so that no single one is needed for finality.
                          "--is-aggregator"};
        nodes_.push_back(std::move(node));
    }
    return 0;
}

/// Returns the cache with at least `keys` good keys in it.
Result<KeyCache, IoError> Devnet::fill_key_cache(std::size_t keys) {
    const auto* scheme = crypto::find_signature_scheme(profile_.signature_scheme);
    LEPTON_ASSERT(scheme != nullptr);
    const std::string directory = options_.run_dir + "-keys";
    auto cache = KeyCache::open(directory, *scheme, {0, key_slots_});
    if (!cache) return cache;
    const auto removed = cache->check(keys);
    if (!removed) return std::unexpected(removed.error());
    for (const std::string& line : *removed) tell("cached key " + line);
    if (cache->size() >= keys) {
        tell(fmt::format(
            "{} keys of --scheme {} are ready in {}", keys, options_.scheme, directory));
        return cache;
    }
    const std::size_t missing = keys - cache->size();
    const crypto::KernelNames kernels = crypto::kernel_names();
    tell(fmt::format(
        "making {} of {} keys of --scheme {} on all processors, kernels poseidon={} keccak={}",
        missing,
        keys,
        options_.scheme,
        kernels.poseidon,
        kernels.keccak));
    KeyProgress display(clock_, ::isatty(STDERR_FILENO) != 0, missing, key_slots_);
    display.update(0, 0);
    SystemRandom random;
    for (std::size_t made = 0; made < missing; ++made) {
        const auto done = cache->make(random, {}, [&](std::uint64_t slots, std::uint64_t) {
            std::fputs(display.update(made, slots).c_str(), stderr);
        });
        if (!done) return std::unexpected(done.error());
    }
    std::fputs(display.finish(missing).c_str(), stderr);
    return cache;
}

int Devnet::start() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGHUP, &action, nullptr);

    for (DevnetNode& node : nodes_) {
        std::error_code error;
        fs::create_directories(node.directory + "/data", error);
        std::ofstream(node.directory + "/command") << shell_line(node.arguments) << '\n';
        const auto pid = start_process(node.arguments, node.directory + "/node.log");
        if (!pid) {
            complain(pid.error().what);
            return kExitFailed;
        }
        node.pid = *pid;
    }
    write_devnet_json();
    tell(
        fmt::format("the keys of --scheme {} live for {} slots ({} minutes): the devnet ends there",
                    options_.scheme,
                    key_slots_,
                    key_slots_ * profile_.milliseconds_per_slot() / 60'000));
    // After the nodes, which are forks of a process with one thread.
    const std::size_t keys = 2 * options_.nodes * options_.validators_per_node;
    spare_keys_.emplace(*std::exchange(key_cache_, std::nullopt), std::min(keys, kSpareKeysMax));
    tell(fmt::format("started {} nodes; everything is in {}; Ctrl-C stops them",
                     nodes_.size(),
                     options_.run_dir));
    return 0;
}

void Devnet::write_devnet_json() {
    boost::json::array entries;
    for (const DevnetNode& node : nodes_) {
        entries.push_back(boost::json::object{{"name", node.network.name},
                                              {"pid", node.pid},
                                              {"quic", node.network.quic_port},
                                              {"api", node.network.api_port},
                                              {"metrics", node.network.metrics_port},
                                              {"peer_id", node.network.peer_id},
                                              {"multiaddr", node.network.multiaddr}});
    }
    // A reader never sees half a file.
    const std::string path = options_.run_dir + "/devnet.json";
    std::ofstream(path + ".new") << boost::json::serialize(entries) << '\n';
    std::error_code error;
    fs::rename(path + ".new", path, error);
    if (error) complain(fmt::format("{}: {}", path, error.message()));
}

std::uint64_t Devnet::wall_slot() const {
    const UnixMs genesis_ms = genesis_time_ * 1000;
    const UnixMs now = clock_.unix_ms();
    return now < genesis_ms ? 0 : (now - genesis_ms) / profile_.milliseconds_per_slot();
}

bool Devnet::all_finalized(std::uint64_t slot) const {
    return std::ranges::all_of(nodes_, [slot](const DevnetNode& node) {
        return !node.gone_at && node.status && node.status->finalized_slot >= slot;
    });
}

void Devnet::tell_end(const DevnetNode& node, const ProcessEnd& end) {
    std::string how = end.signal != 0
                          ? fmt::format("signal {} ({})", end.signal, strsignal(end.signal))
                          : std::string("its own exit");
    complain(fmt::format("{} ended: exit code {}, by {}; its last log lines:",
                         node.network.name,
                         end.exit_code,
                         how));
    for (const std::string& line : last_lines(node.directory + "/node.log", kLastLines)) {
        std::fprintf(stderr, "  %s | %s\n", node.network.name.c_str(), line.c_str());
    }
}

std::optional<std::string> Devnet::reap_child(DevnetNode& node) {
    const auto end = poll_process(node.pid);
    if (!end) return std::nullopt;
    node.is_child = false;
    node.status.reset();
    tell_end(node, *end);
    const bool by_hand = end->exit_code == 0 || end->signal == SIGKILL || end->signal == SIGTERM ||
                         end->signal == SIGINT;
    if (!by_hand)
        return fmt::format("{} died with exit code {}", node.network.name, end->exit_code);
    node.gone_at = clock_.unix_ms();
    tell(fmt::format("the others go on; start it again within {} s with: sh {}/command",
                     kRestartGraceSeconds,
                     node.directory));
    return std::nullopt;
}

std::optional<std::string> Devnet::check_gone(DevnetNode& node) {
    // A node that was started again by hand is no child of this process: its data directory tells
    // its process id.
    std::ifstream file(node.directory + "/data/lepton.pid");
    pid_t pid = 0;
    const bool is_back = (file >> pid) && pid > 0 && pid != node.pid && process_exists(pid);
    if (is_back) {
        node.pid = pid;
        node.gone_at.reset();
        write_devnet_json();
        tell(fmt::format("{} runs again as process {}", node.network.name, pid));
        return std::nullopt;
    }
    if (clock_.unix_ms() - *node.gone_at < kRestartGraceSeconds * 1000) return std::nullopt;
    return fmt::format(
        "{} ended and was not started again within {} s", node.network.name, kRestartGraceSeconds);
}

std::optional<std::string> Devnet::reap() {
    for (DevnetNode& node : nodes_) {
        std::optional<std::string> reason;
        if (node.gone_at) {
            reason = check_gone(node);
        } else if (node.is_child) {
            reason = reap_child(node);
        } else if (!process_exists(node.pid)) {
            node.status.reset();
            node.gone_at = clock_.unix_ms();
            complain(fmt::format("{} (started by hand) ended", node.network.name));
        }
        if (reason) return reason;
    }
    return std::nullopt;
}

void Devnet::ask_all() {
    for (DevnetNode& node : nodes_) {
        if (node.gone_at) continue;
        if (auto status = ask_node_status(node.network.api_port, node.network.metrics_port)) {
            node.status = *status;
        } else {
            node.status.reset();
        }
    }
}

std::vector<TableRow> Devnet::rows() const {
    std::vector<TableRow> rows;
    for (const DevnetNode& node : nodes_) {
        rows.push_back(
            {.name = node.network.name,
             .status = node.status,
             .problem = node.gone_at ? "not running" : last_problem(node.directory + "/node.log")});
    }
    return rows;
}

int Devnet::watch() {
    Table table(::isatty(STDOUT_FILENO) != 0);
    const std::uint64_t deadline_ms =
        options_.until_finalized
            ? genesis_time_ * 1000 + kDeadlineSeconds * 1000 +
                  (*options_.until_finalized + kDeadlineSlots) * profile_.milliseconds_per_slot()
            : 0;
    while (stop_signal == 0) {
        if (auto reason = reap()) {
            complain(*reason);
            return kExitFailed;
        }
        ask_all();
        table.show(wall_slot(), rows());
        if (options_.until_finalized) {
            if (all_finalized(*options_.until_finalized)) {
                tell(fmt::format("every node reports finalized slot {} or later",
                                 *options_.until_finalized));
                return 0;
            }
            if (clock_.unix_ms() > deadline_ms) {
                complain(fmt::format("slot {}: finalized slot {} was not reached on every node",
                                     wall_slot(),
                                     *options_.until_finalized));
                return kExitFailed;
            }
        }
        if (wall_slot() >= key_slots_) {
            tell(fmt::format("slot {}: the keys of --scheme {} have no slot left; the devnet ends",
                             wall_slot(),
                             options_.scheme));
            return 0;
        }
        for (int i = 0; i < 10 && stop_signal == 0; ++i) pause_ms(100);
    }
    tell("stopping");
    return 0;
}

bool Devnet::stop_nodes() {
    for (const DevnetNode& node : nodes_) {
        if (node.pid > 0 && !node.gone_at) ::kill(node.pid, SIGTERM);
    }
    bool is_clean = true;
    const UnixMs start = clock_.unix_ms();
    for (DevnetNode& node : nodes_) {
        if (node.pid <= 0 || node.gone_at) continue;
        for (;;) {
            if (node.is_child) {
                if (const auto end = poll_process(node.pid)) {
                    if (end->exit_code != 0) {
                        tell_end(node, *end);
                        is_clean = false;
                    }
                    break;
                }
            } else if (!process_exists(node.pid)) {
                break;
            }
            if (clock_.unix_ms() - start > kStopMs) {
                complain(fmt::format("{} did not stop within {} s and is killed",
                                     node.network.name,
                                     kStopMs / 1000));
                ::kill(node.pid, SIGKILL);
                is_clean = false;
                pause_ms(50);
                continue;
            }
            pause_ms(20);
        }
    }
    tell(is_clean ? "all nodes have stopped" : "not every node stopped cleanly");
    return is_clean;
}

/// Lets the next devnet start at once, if that takes no longer than a minute and nobody stops it.
void Devnet::finish_spare_keys() {
    if (!spare_keys_->is_done()) tell("making the keys of the next devnet; Ctrl-C leaves that");
    KeyProgress display(clock_,
                        ::isatty(STDERR_FILENO) != 0,
                        spare_keys_->keys_to_make(),
                        spare_keys_->slots_per_key());
    const UnixMs start = clock_.unix_ms();
    while (stop_signal == 0 && !spare_keys_->is_done() && clock_.unix_ms() - start < kSpareKeysMs) {
        std::fputs(display.update(spare_keys_->keys_made(), spare_keys_->slots_made()).c_str(),
                   stderr);
        pause_ms(50);
    }
    std::fputs(display.finish(spare_keys_->keys_made()).c_str(), stderr);
    if (!spare_keys_->is_done()) return tell("the next devnet will make the rest");
    if (spare_keys_->failure()) complain(spare_keys_->failure()->what);
}

}  // namespace

int run_devnet(const DevnetOptions& options) {
    return Devnet(options).run();
}

}  // namespace lepton::node
