// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A node's life as a list of steps: files → keys → database → threads → actors → HTTP → wait → stop
// in reverse. Nothing is written before every file was read and found right.
#include "node/node.hpp"

#include "actor/thread_pool.hpp"
#include "actor/watchdog.hpp"
#include "api/api.hpp"
#include "base/fault.hpp"
#include "base/guarded_clock.hpp"
#include "base/log.hpp"
#include "blockchain/open_chain.hpp"
#include "crypto/kernel_names.hpp"
#include "libp2p/asio_reactor.hpp"
#include "libp2p/asio_udp_socket.hpp"
#include "libp2p/public_key.hpp"
#include "libp2p/quic/transport.hpp"
#include "node/assembly.hpp"
#include "node/event_loop.hpp"
#include "node/fault_disk.hpp"
#include "node/low_priority.hpp"
#include "node/node_files.hpp"
#include "node/port.hpp"
#include "node/process_metrics.hpp"
#include "node/signals.hpp"
#include "node/terminate.hpp"
#include "node/version.hpp"
#include "storage/lmdb/lmdb_backend.hpp"
#include "types/genesis.hpp"
#include "validator/posix_journal_file.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <future>
#include <iterator>
#include <thread>

namespace lepton::node {
namespace {

/// Signature batches and proofs that may wait for a processor; the verifier and the blockchain
/// bound what they start.
constexpr std::size_t kOffloadQueueMax = 256;
/// Windows of keys are built one at a time.
constexpr std::size_t kBackgroundQueueMax = 4;
constexpr Duration kSetAggregatorTimeout = std::chrono::seconds(1);
/// For one window of keys: minutes with the production scheme. A duty is lost long before the node
/// ends for it, but a thread that never comes back must not go unnoticed.
constexpr Duration kKeyWindowMax = std::chrono::minutes(30);
/// For threads to end after the ordered stop: one request, one job, one turn each.
constexpr Duration kTeardownMax = std::chrono::seconds(10);

/// Raises the limit of open files to what the system permits: LMDB, sockets and HTTP together need
/// some hundreds.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<std::unique_ptr<storage::Storage>, StartError> open_storage(const NodeOptions& options,
                                                                   const NodeFiles& files) {
    const std::string directory = options.data_dir + "/chain";
    const storage::Identity identity{
        // A chain of proofs of one kind is no use to a program of the other.
        .network_profile = files.profile.name + options.proofs.version_suffix,
        .genesis_time = files.genesis.genesis_time,
        .registry_root = hash_tree_root(files.genesis.validators)};
    auto backend = storage::open_lmdb(directory);
    if (!backend) return std::unexpected(StartError{kExitEnvironment, backend.error().what});
#ifdef LEPTON_FAULTS
    backend = with_faults(*std::move(backend));
#endif
    auto storage = storage::Storage::open(std::move(*backend), identity);
    if (!storage) {
        const bool is_config = storage.error().kind == storage::OpenError::Kind::foreign;
        return std::unexpected(
            StartError{is_config ? kExitConfig : kExitEnvironment, storage.error().what});
    }
    return std::move(*storage);
}

Result<consensus::Store, StartError> open_chain(storage::Storage& storage, const NodeFiles& files) {
    auto resumed = blockchain::resume_chain(storage, files.profile);
    if (!resumed) return std::unexpected(environment_error(resumed.error()));
    if (*resumed) {
        const consensus::Store& store = **resumed;
        log::info("chain_resumed head_slot={} head={} justified_slot={} finalized_slot={}",
                  store.head_block().slot,
                  store.head,
                  store.latest_justified.slot,
                  store.latest_finalized.slot);
        return std::move(**resumed);
    }
    State state = genesis_state(files.genesis.genesis_time, files.genesis.validators);
    SignedBlock block{.block = genesis_block(state), .proof = {}};
    auto begun = blockchain::begin_chain(storage, {std::move(block), std::move(state)});
    if (!begun) return std::unexpected(environment_error(begun.error()));
    log::info("chain_begun genesis_time={} validators={} root={}",
              files.genesis.genesis_time,
              files.genesis.validators.size(),
              begun->head);
    return std::move(*begun);
}

/// Returns the first slot that no earlier process can have signed for, as far as the clock tells.
Slot first_safe_slot(const Clock& clock, const NodeFiles& files) {
    const UnixMs genesis_ms = files.genesis.genesis_time * 1000;
    const UnixMs now = clock.unix_ms();
    if (now < genesis_ms) return Slot{0};
    return Slot{(now - genesis_ms) / files.profile.milliseconds_per_slot() + 1};
}

Result<std::shared_ptr<blockchain::KeyRoom>, StartError> open_keys(const NodeOptions& options,
                                                                   const NodeFiles& files,
                                                                   validator::KeyStore keys,
                                                                   const Clock& clock) {
    auto file = validator::open_journal_file(options.data_dir + "/signing_journal");
    if (!file) return std::unexpected(environment_error(file.error()));
#ifdef LEPTON_FAULTS
    file = with_faults(*std::move(file));
#endif
    SystemRandom random;
    auto journal =
        validator::SigningJournal::open(std::move(*file), random, first_safe_slot(clock, files));
    if (!journal) return std::unexpected(environment_error(journal.error()));
    return std::make_shared<blockchain::KeyRoom>(std::move(keys), std::move(*journal));
}

p2p::P2pConfig p2p_config(const NodeOptions& options,
                          const NodeFiles& files,
                          const std::vector<ValidatorIndex>& validators) {
    p2p::P2pConfig config{.profile = files.profile,
                          .bootnodes = files.bootnodes.addresses,
                          .committee_count = files.committee_count,
                          .validators = validators,
                          .is_aggregator = options.is_aggregator,
                          .aggregate_subnets = {},
                          .peer_names = {}};
    for (const std::uint64_t subnet : options.aggregate_subnet_ids) {
        config.aggregate_subnets.emplace_back(subnet);
    }
    for (const auto& [key, name] : files.validator_config.names) {
        const libp2p::PublicKey identity{libp2p::KeyType::secp256k1, to_bytes(key)};
        config.peer_names.emplace(libp2p::PeerId::from_public_key(identity.to_protobuf()), name);
    }
    return config;
}

/// The HTTP servers: one when both ports are the same.
struct HttpServers {
    std::unique_ptr<api::HttpServer> api;
    std::unique_ptr<api::HttpServer> metrics;
};

/// How the HTTP servers show that they go on.
struct HttpPulses {
    Pulse api;
    Pulse metrics;
};

Result<HttpServers, StartError> start_http(const NodeOptions& options,
                                           const api::Api& routes,
                                           Metrics& metrics,
                                           HttpPulses& pulses,
                                           actor::System& system) {
    const auto start =
        [&](const char* name, std::uint16_t port, api::HttpHandler handler, Pulse& pulse) {
            Counter& refused =
                metrics.counter("lepton_http_connections_refused_total",
                                "HTTP connections closed at once because too many were open",
                                {{"server", name}});
            return api::HttpServer::start(
                {.name = name,
                 .address = options.http_address,
                 .port = port,
                 .handler = std::move(handler),
                 .on_failure =
                     [&system, name](const std::string& what) {
                         system.fail({.code = actor::kExitSupervision,
                                      .reason = fmt::format(
                                          "component={} what={}", name, log::quoted(what))});
                     },
                 .refused = refused,
                 .pulse = pulse});
        };
    HttpServers servers;
    auto first = start(
        "api",
        options.api_port,
        [&routes](const api::HttpQuery& query) { return routes.handle(query); },
        pulses.api);
    if (!first) return std::unexpected(environment_error(first.error()));
    servers.api = std::move(*first);
    if (options.metrics_port == options.api_port) return servers;
    auto second = start(
        "metrics",
        options.metrics_port,
        [&routes](const api::HttpQuery& query) { return routes.handle_metrics(query); },
        pulses.metrics);
    if (!second) return std::unexpected(environment_error(second.error()));
    servers.metrics = std::move(*second);
    return servers;
}

/// Tells other processes which one runs on this data directory; gone after an ordered stop.
class PidFile {
  public:
    explicit PidFile(std::string path) : path_(std::move(path)) {}
    ~PidFile() { ::unlink(path_.c_str()); }
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;

    Result<void, IoError> write() const {
        return write_file(path_, std::to_string(::getpid()) + "\n", false);
    }

  private:
    std::string path_;
};

/// What the watchdog is to see of a thread that beats.
actor::CellProgress progress_of(std::string name, const Pulse& pulse) {
    return {.name = std::move(name),
            .id = 0,
            .turns = pulse.beats(),
            .is_pending = true,
            .in_message = {},
            .depth = 0,
            .patience = {}};
}

/// Returns what does not work at the moment, if anything: what the health route tells.
std::optional<std::string> trouble_of(const actor::System& system,
                                      const actor::Watchdog& watchdog) {
    for (const std::string& stall : watchdog.stalls()) return stall;
    for (const actor::CellSnapshot& cell : system.snapshot()) {
        if (cell.state == actor::CellState::running) continue;
        return fmt::format("component={} state={}", cell.name, actor::to_string(cell.state));
    }
    if (!system.is_ready()) return "component=root state=stopping";
    return std::nullopt;
}

/// Runs the node that `files` describe until it ends.
Result<actor::Exit, StartError> run(const NodeOptions& options, const NodeFiles& files) {
    // The first to be made: it watches over the end of everything below.
    std::optional<actor::ExitDeadline> teardown;
    std::promise<actor::System*> running;
    std::shared_future<actor::System*> system_of = running.get_future().share();
    // Before any other thread, so that all of them leave the signals to this one.
    std::optional<SignalThread> signals;
    signals.emplace([system_of](std::string_view name) {
        log::info("stop_requested signal={}", name);
        if (actor::System* system = system_of.get()) system->shutdown(std::string(name));
    });
#ifdef LEPTON_FAULTS
    fault::take_orders();
#endif
    // A signal during the start waits for its end; after a failed start nobody waits.
    struct Release {
        std::promise<actor::System*>& promise;
        bool is_set = false;
        ~Release() {
            if (!is_set) promise.set_value(nullptr);
        }
    } release{running};

    const SystemClock system_clock;
    const GuardedClock clock(system_clock);
    auto keys = validator::KeyStore::load(files.key_files, files.genesis.validators, *files.scheme);
    if (!keys) return std::unexpected(config_error(keys.error()));
    if (options.takes_keys_alone) {
        if (auto taken = keys->take_alone(); !taken) {
            return std::unexpected(config_error(taken.error()));
        }
    }
    const std::vector<ValidatorIndex> validators = keys->indices();

    // Before anything starts or is written.
    if (const auto taken = port_error(SOCK_DGRAM, "0.0.0.0", options.gossipsub_port);
        !taken.empty()) {
        return std::unexpected(environment_error(
            {fmt::format("--gossipsub-port {}: UDP: {}", options.gossipsub_port, taken)}));
    }
    std::error_code error;
    std::filesystem::create_directories(options.data_dir, error);
    if (error) {
        return std::unexpected(environment_error({options.data_dir + ": " + error.message()}));
    }
    auto storage = open_storage(options, files);
    if (!storage) return std::unexpected(storage.error());
    const PidFile pid_file(options.data_dir + "/lepton.pid");
    if (auto written = pid_file.write(); !written) {
        return std::unexpected(environment_error(written.error()));
    }
    auto store = open_chain(**storage, files);
    if (!store) return std::unexpected(store.error());
    std::shared_ptr<blockchain::KeyRoom> key_room;
    if (!validators.empty()) {
        auto opened = open_keys(options, files, std::move(*keys), clock);
        if (!opened) return std::unexpected(opened.error());
        key_room = std::move(*opened);
    }

    Metrics metrics;
    describe_process(metrics,
                     {.node_id = options.node_id,
                      .version = version_text(options.proofs.version_suffix),
                      .started = clock.unix_ms(),
                      .committee_count = files.committee_count});
    SystemRandom net_random;
    SystemRandom pool_random;
    SystemRandom supervisor_random;
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    EventLoop net(clock);
    actor::ThreadPool pool("pool", 2, clock);
    actor::ThreadPool chain("chain", 1, clock);
    actor::CpuPool jobs("jobs", processors, kOffloadQueueMax);
    actor::CpuPool background("keys", 1, kBackgroundQueueMax);
    // Duties come first: a window of keys is wanted in a day and a half.
    std::move_only_function<void()> first = run_at_low_priority;
    background.submit(first);
    libp2p::AsioReactor reactor(net.io_context(), clock);

    const NodeWorld world{.net = net,
                          .pool = pool,
                          .chain = chain,
                          .offload = jobs,
                          .background = background,
                          .verifier_jobs_max = processors,
                          .scheme = *files.scheme,
                          .clock = clock,
                          .reactor = reactor,
                          .net_random = net_random,
                          .pool_random = pool_random,
                          .supervisor_random = supervisor_random,
                          .metrics = metrics,
                          .storage = **storage,
                          .make_transport = [&]() -> std::unique_ptr<libp2p::Transport> {
                              return std::make_unique<libp2p::QuicTransport>(
                                  reactor,
                                  net_random,
                                  *files.identity,
                                  metrics,
                                  libp2p::asio_udp_sockets(net.io_context()));
                          }};
    NodeSetup setup{
        .p2p = p2p_config(options, files, validators),
        .blockchain = {.profile = files.profile,
                       .own_validators = validators,
                       .is_aggregator = options.is_aggregator,
                       .is_sync_gate_enabled = !options.disable_duty_sync_gate,
                       .attestations_per_block_max =
                           static_cast<std::size_t>(options.max_attestations_per_block),
                       .attestation_committee_count = files.committee_count},
        .store = std::move(*store),
        .keys = std::move(key_room),
        .identity_public_key = files.identity->public_key_protobuf(),
        .agent = version_text(options.proofs.version_suffix),
        .listen = {
            .ip = Bytes{0, 0, 0, 0}, .udp_port = options.gossipsub_port, .peer_id = std::nullopt}};
    setup.make_backend = options.proofs.make_backend;

    Assembly assembly(std::move(setup), world);
    actor::System& system = assembly.system();
    net.start([&system](const std::string& what) {
        system.fail({.code = actor::kExitSupervision,
                     .reason = fmt::format("component=net what={}", log::quoted(what))});
    });
    HttpPulses pulses;
    Duration key_window_max = kKeyWindowMax;
#ifdef LEPTON_FAULTS
    if (const char* const ms = std::getenv("LEPTON_FAULTS_KEYS_MS")) {
        key_window_max = std::chrono::milliseconds(std::atoi(ms));
    }
#endif
    const auto other_threads = [&, has_metrics = options.metrics_port != options.api_port] {
        std::vector<actor::CellProgress> all = jobs.progress();
        std::ranges::move(background.progress(key_window_max), std::back_inserter(all));
        all.push_back(progress_of("signals", signals->pulse()));
        all.push_back(progress_of("api", pulses.api));
        if (has_metrics) all.push_back(progress_of("metrics", pulses.metrics));
        return all;
    };
    std::optional<actor::Watchdog> watchdog;
    watchdog.emplace(system, clock, actor::WatchdogLimits{}, other_threads);
    const api::Api routes(
        {.clock = clock,
         .chain_view = assembly.chain_view(),
         .blocks = **storage,
         .metrics = metrics,
         .profile = files.profile,
         .genesis_time = files.genesis.genesis_time,
         .version = version_text(options.proofs.version_suffix),
         .peer_id = files.identity->peer_id().to_base58(),
         .set_aggregator = [&assembly](bool enabled) -> std::optional<network_api::AggregatorRole> {
             auto role = assembly.set_aggregator().ask_blocking({enabled}, kSetAggregatorTimeout);
             if (!role) return std::nullopt;
             return *role;
         },
         .trouble = [&system, &watchdog] { return trouble_of(system, *watchdog); }});
    auto servers = start_http(options, routes, metrics, pulses, system);
    if (!servers) {
        system.fail({.code = servers.error().code, .reason = servers.error().what});
    } else {
        log::info(
            "node_started version={} node_id={} peer_id={} network={} validators={} quic_port={} "
            "api_port={} metrics_port={} bootnodes={}",
            version_text(options.proofs.version_suffix),
            options.node_id,
            files.identity->peer_id().to_base58(),
            files.profile.name,
            validators.size(),
            options.gossipsub_port,
            options.api_port,
            options.metrics_port,
            files.bootnodes.addresses.size());
    }
    release.is_set = true;
    running.set_value(&system);

    const actor::Exit exit = watchdog->wait_exit();
    if (exit.code == actor::kExitDeadline) {
        // A handler may be stuck: nothing can be destroyed safely.
        std::fprintf(stderr, "node_failed code=%d %s\n", exit.code, exit.reason.c_str());
        std::_Exit(exit.code);
    }
    teardown.emplace(kTeardownMax);
    if (servers) {
        servers->api->stop();
        if (servers->metrics) servers->metrics->stop();
    }
    net.stop();
    watchdog.reset();
    signals.reset();
    return exit;
}

}  // namespace

int run_node(const NodeOptions& options) {
    const auto level = log::parse_level(options.log_level);
    if (!level) return fail(kExitConfig, "--log-level: " + level.error().what);
    log::set_level(*level);

    const auto files = read_files(options);
    if (!files) return fail(files.error().code, files.error().what);
    log::info("node_starting version={}", version_text(options.proofs.version_suffix));
    if (!options.proofs.warning.empty()) log::warn("{}", options.proofs.warning);
    const crypto::KernelNames kernels = crypto::kernel_names();
    log::info("kernels poseidon={} keccak={}", kernels.poseidon, kernels.keccak);
    if (!files->is_named) {
        log::warn("no_validators node_id={} file={}: the file does not name this node",
                  log::quoted(options.node_id),
                  options.validators);
    }
    for (const std::string& warning : files->bootnodes.warnings) {
        log::warn("bootnode_ignored {}", warning);
    }
    name_threads_that_throw();
    raise_file_limit();
    const auto exit = run(options, *files);
    if (!exit) return fail(exit.error().code, exit.error().what);
    if (exit->code != 0) return fail(exit->code, fmt::format("node_failed {}", exit->reason));
    log::info("node_stopped");
    log::flush();
    return 0;
}

}  // namespace lepton::node
