// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/check.hpp"

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "crypto/sha256.hpp"
#include "libp2p/quic/limits.hpp"
#include "node/node_files.hpp"
#include "node/port.hpp"
#include "node/terminate.hpp"
#include "validator/key_store.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

namespace lepton::node {
namespace {

using Level = Finding::Level;

/// Connections of the HTTP servers, and what the database and the sockets need.
constexpr std::uint64_t kOpenFilesMin = 1024;
/// A vote is due 0.8 s after its block: this much of it is harmless.
constexpr double kClockErrorMaxMs = 100;
constexpr std::uint64_t kGiB = 1024 * 1024 * 1024;
constexpr std::uint64_t kDiskFreeMin = kGiB;
constexpr std::uint64_t kDiskFreeWanted = 10 * kGiB;
constexpr std::uint64_t kKeyEndNearMs = 24ULL * 3600 * 1000;

Finding judge_udp_buffer(const CheckFacts& facts) {
    constexpr auto kWanted = static_cast<std::uint64_t>(libp2p::limits::kReceiveBufferSize);
    const std::string text =
        fmt::format("udp_receive_buffer bytes={} wanted={}", facts.udp_receive_buffer, kWanted);
    if (facts.udp_receive_buffer >= kWanted) return {Level::ok, text};
    return {Level::warn,
            fmt::format("{}: datagrams will be lost under load; sysctl -w net.core.rmem_max={}",
                        text,
                        kWanted)};
}

Finding judge_open_files(const CheckFacts& facts) {
    const std::string text =
        fmt::format("open_files max={} wanted={}", facts.open_files_max, kOpenFilesMin);
    if (facts.open_files_max >= kOpenFilesMin) return {Level::ok, text};
    return {Level::warn, text + ": raise the hard limit (ulimit -Hn, LimitNOFILE=)"};
}

Finding judge_clock(const CheckFacts& facts) {
    if (!facts.clock) return {Level::warn, "clock: the kernel does not say whether it is right"};
    const std::string text = fmt::format("clock is_synchronized={} error_ms={:.0f}",
                                         facts.clock->is_synchronized,
                                         facts.clock->error_ms);
    if (!facts.clock->is_synchronized) {
        return {Level::warn, text + ": blocks and votes may come too late; run chrony or ntpd"};
    }
    if (facts.clock->error_ms > kClockErrorMaxMs) {
        return {Level::warn, text + ": wait for the time service, or give it a nearer server"};
    }
    return {Level::ok, text};
}

Finding judge_cpu(const CheckFacts& facts) {
    std::string text = fmt::format("cpu processors={}", facts.processors);
    std::string missing;
    for (const CheckFacts::CpuFeature& feature : facts.cpu) {
        text += fmt::format(" {}={}", feature.name, feature.is_present);
        if (!feature.is_present) missing += fmt::format(" {}", feature.name);
    }
    if (facts.processors < 2) return {Level::warn, text + ": one processor is too few to keep up"};
    if (!missing.empty()) return {Level::warn, text + ": slower hashing without" + missing};
    return {Level::ok, text};
}

Finding judge_kernels(const CheckFacts& facts) {
    const std::string text =
        fmt::format("kernels poseidon={} keccak={}", facts.kernels.poseidon, facts.kernels.keccak);
    if (facts.kernels.poseidon != "portable") return {Level::ok, text};
    return {Level::warn, text + ": signatures cost several times as much without AVX2"};
}

Finding judge_port(const CheckFacts::Port& port) {
    if (port.error.empty()) return {Level::ok, fmt::format("port {}", port.name)};
    return {Level::fail, fmt::format("port {}: {}", port.name, port.error)};
}

Finding judge_disk(const CheckFacts& facts) {
    const std::string text =
        fmt::format("disk data_dir={} free_gib={:.1f}",
                    log::quoted(facts.data_dir),
                    static_cast<double>(facts.disk_free) / static_cast<double>(kGiB));
    if (!facts.data_dir_error.empty()) {
        return {Level::fail, fmt::format("{}: {}", text, facts.data_dir_error)};
    }
    if (facts.disk_free < kDiskFreeMin) {
        return {Level::fail, text + ": the node ends when its disk is full; make room"};
    }
    if (facts.disk_free < kDiskFreeWanted) return {Level::warn, text + ": make room soon"};
    return {Level::ok, text};
}

std::optional<Finding> judge_key(const CheckFacts& facts, const CheckFacts::Key& key) {
    const std::uint64_t slot = facts.current_slot.value;
    const std::string text = fmt::format("key validator={} role={} slots={}..{} prepared={}..{}",
                                         key.validator,
                                         to_string(key.role),
                                         key.activation.begin,
                                         key.activation.end,
                                         key.prepared.begin,
                                         key.prepared.end);
    if (slot >= key.activation.end) {
        return Finding{Level::fail, text + ": every slot of this key is over; it needs a new one"};
    }
    if (slot < key.activation.begin) {
        return Finding{Level::warn, text + ": its first slot has not come yet"};
    }
    if ((key.activation.end - slot) * facts.milliseconds_per_slot < kKeyEndNearMs) {
        return Finding{Level::warn, text + ": its last slot comes within a day"};
    }
    if (!key.prepared.contains(slot)) {
        return Finding{Level::warn,
                       text +
                           ": the window of the present slot is built after the start; duties "
                           "until then are missed"};
    }
    return std::nullopt;
}

void judge_keys(const CheckFacts& facts, std::vector<Finding>& findings) {
    const std::size_t before = findings.size();
    for (const CheckFacts::Key& key : facts.keys) {
        if (auto finding = judge_key(facts, key)) findings.push_back(std::move(*finding));
    }
    if (findings.size() == before) {
        findings.push_back(
            {Level::ok,
             fmt::format("keys count={} slot={}", facts.keys.size(), facts.current_slot)});
    }
}

// ---- what is seen

std::uint64_t udp_receive_buffer() {
    const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return 0;
    int size = libp2p::limits::kReceiveBufferSize;
    ::setsockopt(probe, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    socklen_t length = sizeof size;
    const bool is_known = ::getsockopt(probe, SOL_SOCKET, SO_RCVBUF, &size, &length) == 0;
    ::close(probe);
    // Linux tells twice what it granted: the other half is for its own book-keeping.
    return is_known && size > 0 ? static_cast<std::uint64_t>(size) / 2 : 0;
}

std::optional<CheckFacts::ClockState> clock_state() {
    timex state{};
    const int result = ::adjtimex(&state);
    if (result < 0) return std::nullopt;
    return CheckFacts::ClockState{
        .is_synchronized = result != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
        .error_ms = static_cast<double>(state.maxerror) / 1000};
}

std::vector<CheckFacts::CpuFeature> cpu_features() {
#if defined(__x86_64__)
    return {{"sha-ni", crypto::has_sha_instructions()}};
#else
    return {};
#endif
}

CheckFacts::Port port(int type,
                      const std::string& address,
                      std::uint16_t number,
                      std::string_view flag) {
    return {.name = fmt::format("{}={} {}", flag, number, type == SOCK_DGRAM ? "udp" : "tcp"),
            .error = port_error(type, address, number)};
}

/// The directory, or the nearest one above it that exists: that is where it would be made.
std::string existing_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::path at = std::filesystem::absolute(path, error).lexically_normal();
    while (!std::filesystem::exists(at, error) && at.has_parent_path() && at != at.parent_path()) {
        at = at.parent_path();
    }
    return at.string();
}

CheckFacts gather(const NodeOptions& options, const NodeFiles& files, validator::KeyStore& keys) {
    CheckFacts facts;
    facts.udp_receive_buffer = udp_receive_buffer();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files_max = limit.rlim_max;
    facts.clock = clock_state();
    facts.processors = std::thread::hardware_concurrency();
    facts.cpu = cpu_features();
    facts.kernels = crypto::kernel_names();

    facts.ports.push_back(port(SOCK_DGRAM, "0.0.0.0", options.gossipsub_port, "--gossipsub-port"));
    facts.ports.push_back(port(SOCK_STREAM, options.http_address, options.api_port, "--api-port"));
    if (options.metrics_port != options.api_port) {
        facts.ports.push_back(
            port(SOCK_STREAM, options.http_address, options.metrics_port, "--metrics-port"));
    }

    facts.data_dir = existing_directory(options.data_dir);
    struct statvfs disk{};
    if (::access(facts.data_dir.c_str(), W_OK | X_OK) != 0 ||
        ::statvfs(facts.data_dir.c_str(), &disk) != 0) {
        facts.data_dir_error = std::strerror(errno);
    } else {
        facts.disk_free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    }

    const UnixMs now = SystemClock().unix_ms();
    const UnixMs genesis_ms = files.genesis.genesis_time * 1000;
    facts.milliseconds_per_slot = files.profile.milliseconds_per_slot();
    if (now > genesis_ms) {
        facts.current_slot = Slot{(now - genesis_ms) / facts.milliseconds_per_slot};
    }
    for (const ValidatorIndex index : keys.indices()) {
        for (const auto role : {validator::Role::attestation, validator::Role::proposal}) {
            const crypto::Signer* signer = keys.find(index, role);
            if (signer == nullptr) continue;
            facts.keys.push_back({index, role, signer->activation(), signer->prepared()});
        }
    }
    return facts;
}

}  // namespace

std::string_view to_string(Finding::Level level) {
    switch (level) {
        case Level::ok:
            return "ok";
        case Level::warn:
            return "warn";
        case Level::fail:
            return "fail";
    }
    assertion_failed("known Level", __FILE__, __LINE__, {});
}

std::vector<Finding> judge(const CheckFacts& facts) {
    std::vector<Finding> findings{judge_udp_buffer(facts),
                                  judge_open_files(facts),
                                  judge_clock(facts),
                                  judge_cpu(facts),
                                  judge_kernels(facts),
                                  judge_disk(facts)};
    for (const CheckFacts::Port& port : facts.ports) findings.push_back(judge_port(port));
    judge_keys(facts, findings);
    return findings;
}

int run_check(const NodeOptions& options) {
    const auto files = read_files(options);
    if (!files) return fail(files.error().code, files.error().what);
    if (!files->is_named) {
        std::printf("warn validators %s does not name %s: the node would only follow the chain\n",
                    options.validators.c_str(),
                    log::quoted(options.node_id).c_str());
    }
    for (const std::string& warning : files->bootnodes.warnings) {
        std::printf("warn bootnode %s\n", warning.c_str());
    }
    auto keys =
        validator::KeyStore::load(files->key_files, files->genesis.validators, *files->scheme);
    const auto usable = keys ? keys->take_alone() : std::unexpected(keys.error());
    if (!usable) {
        const StartError error = config_error(usable.error());
        return fail(error.code, error.what);
    }

    std::size_t counts[3] = {0, files->bootnodes.warnings.size() + (files->is_named ? 0 : 1), 0};
    for (const Finding& finding : judge(gather(options, *files, *keys))) {
        ++counts[static_cast<std::size_t>(finding.level)];
        std::printf("%s %s\n", std::string(to_string(finding.level)).c_str(), finding.text.c_str());
    }
    std::printf("%zu ok, %zu warnings, %zu failed\n", counts[0], counts[1], counts[2]);
    return counts[2] > 0 ? 1 : 0;
}

}  // namespace lepton::node
