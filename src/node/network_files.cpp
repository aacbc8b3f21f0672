// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/network_files.hpp"

#include "base/clock.hpp"
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "node/genesis_files.hpp"
#include "node/key_progress.hpp"
#include "p2p/enr.hpp"
#include "types/network_profile.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

constexpr int kExitUsage = 2;
/// Default life of keys: the whole one of the test scheme, 12 days of slots with the production
/// scheme.
constexpr std::uint64_t kLogActiveSlotsProd = 18;
constexpr std::uint64_t kCommitteeCount = 1;
constexpr const char* kLocalIp = "127.0.0.1";

struct Scheme {
    NetworkProfile profile;
    const crypto::SignatureScheme& scheme;
    std::uint64_t log_active_slots = 0;
};

Result<Scheme, IoError> scheme_of(const NetworkFilesOptions& options) {
    const auto profile = network_profile(profile_of_scheme(options.scheme));
    if (!profile) return std::unexpected(IoError{profile.error().what});
    const auto* scheme = crypto::find_signature_scheme(profile->signature_scheme);
    LEPTON_ASSERT(scheme != nullptr);
    std::uint64_t log_lifetime = 0;
    while (std::uint64_t{1} << log_lifetime < scheme->lifetime_slots()) ++log_lifetime;
    const std::uint64_t log_active =
        options.log_active_slots.value_or(std::min(kLogActiveSlotsProd, log_lifetime));
    if (log_active > log_lifetime) {
        return std::unexpected(
            IoError{fmt::format("keys of --scheme {} live for 2^{} slots, not 2^{}",
                                options.scheme,
                                log_lifetime,
                                log_active)});
    }
    return Scheme{*profile, *scheme, log_active};
}

/// Makes keys one after the other, and tells on stderr how far it is.
class KeyMaker {
  public:
    KeyMaker(const Scheme& scheme, std::uint64_t keys)
        : scheme_(scheme), display_(clock_, ::isatty(STDERR_FILENO) != 0, keys, slots()) {
        display_.update(0, 0);
    }

    Result<PublicKey, IoError> make(const std::string& secret_path,
                                    const std::string& public_path) {
        const crypto::ParallelFor on_all_processors =
            [](std::size_t count, const std::function<void(std::size_t)>& body) {
                parallel_for(0, count, body);
            };
        const auto pair = scheme_.scheme.generate(
            random_, 0, slots(), on_all_processors, [this](std::uint64_t done, std::uint64_t) {
                std::fputs(display_.update(keys_done_, done).c_str(), stderr);
            });
        if (!pair) {
            return std::unexpected(
                IoError{fmt::format("key generation: {}", crypto::to_string(pair.error()))});
        }
        auto written = write_file(secret_path, as_text(pair->secret_key_ssz), true);
        if (written) written = write_file(public_path, as_text(pair->public_key), false);
        if (!written) return std::unexpected(written.error());
        ++keys_done_;
        return PublicKey(pair->public_key);
    }

    void finish() { std::fputs(display_.finish(keys_done_).c_str(), stderr); }

  private:
    std::uint64_t slots() const { return std::uint64_t{1} << scheme_.log_active_slots; }

    const Scheme& scheme_;
    SystemRandom random_;
    SystemClock clock_;
    KeyProgress display_;
    std::uint64_t keys_done_ = 0;
};

/// Writes hash-sig-keys/: a pair from `keys` for each validator and role, and the manifest.
Result<std::vector<ValidatorEntry>, IoError> write_key_directory(const Scheme& scheme,
                                                                 const NetworkFilesOptions& options,
                                                                 const KeySource& keys) {
    const fs::path directory = fs::path(options.directory) / "hash-sig-keys";
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return std::unexpected(IoError{fmt::format("{}: {}", directory.string(), error.message())});
    }
    const fs::path manifest = directory / "validator-keys-manifest.yaml";
    if (fs::exists(manifest)) {
        return std::unexpected(IoError{fmt::format(
            "{} exists: keys are never overwritten; choose another directory", manifest.string())});
    }
    std::vector<ValidatorEntry> entries(options.validators);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        for (const auto role : {validator::Role::attestation, validator::Role::proposal}) {
            const ValidatorIndex index{i};
            const auto key = keys((directory / key_file_name(index, role, true)).string(),
                                  (directory / key_file_name(index, role, false)).string());
            if (!key) return std::unexpected(key.error());
            (role == validator::Role::attestation ? entries[i].attestation_public_key
                                                  : entries[i].proposal_public_key) = *key;
        }
    }
    const std::string text = keys_manifest_yaml(scheme.scheme, scheme.log_active_slots, entries);
    if (auto written = write_file(manifest.string(), text, false); !written) {
        return std::unexpected(written.error());
    }
    return entries;
}

/// The same with keys that are made.
Result<std::vector<ValidatorEntry>, IoError> make_keys(const Scheme& scheme,
                                                       const NetworkFilesOptions& options) {
    KeyMaker maker(scheme, 2 * options.validators);
    auto entries = write_key_directory(
        scheme, options, [&maker](const std::string& secret_path, const std::string& public_path) {
            return maker.make(secret_path, public_path);
        });
    if (entries) maker.finish();
    return entries;
}

/// Returns node `i` of the network with a fresh identity.
Result<NodeEntry, IoError> make_node(const NetworkFilesOptions& options, std::uint64_t i) {
    SystemRandom random;
    NodeEntry node{.name = fmt::format("lepton_{}", i),
                   .key = crypto::secp256k1::SecretKey::generate(random),
                   .ip = kLocalIp,
                   .quic_port = static_cast<std::uint16_t>(options.base_port + 3 * i),
                   .api_port = static_cast<std::uint16_t>(options.base_port + 3 * i + 1),
                   .metrics_port = static_cast<std::uint16_t>(options.base_port + 3 * i + 2),
                   .is_aggregator = true,
                   .enr = {},
                   .validators = {}};
    const auto enr = p2p::Enr::make({.ip = Bytes{127, 0, 0, 1},
                                     .quic_port = node.quic_port,
                                     .fork = std::nullopt,
                                     .subnets = {},
                                     .is_aggregator = false},
                                    node.key);
    if (!enr) {
        return std::unexpected(
            IoError{fmt::format("node record: {}", p2p::to_string(enr.error()))});
    }
    node.enr = enr->to_text();
    for (std::uint64_t v = i; v < options.validators; v += options.nodes) {
        node.validators.emplace_back(v);
    }
    return node;
}

NetworkNode public_part(const NodeEntry& node) {
    const auto enr = p2p::Enr::from_text(node.enr);
    LEPTON_ASSERT(enr.has_value());
    const auto address = enr->address();
    LEPTON_ASSERT(address.has_value());
    return {.name = node.name,
            .peer_id = enr->peer_id().to_base58(),
            .multiaddr = address->to_string(),
            .quic_port = node.quic_port,
            .api_port = node.api_port,
            .metrics_port = node.metrics_port};
}

int complain(std::string_view command, const IoError& error) {
    std::fprintf(
        stderr, "%.*s: %s\n", static_cast<int>(command.size()), command.data(), error.what.c_str());
    return kExitUsage;
}

}  // namespace

std::string profile_of_scheme(const std::string& scheme) {
    return "leanspec-" + scheme;
}

Result<void, IoError> write_keys(const NetworkFilesOptions& options) {
    const auto scheme = scheme_of(options);
    if (!scheme) return std::unexpected(scheme.error());
    const auto entries = make_keys(*scheme, options);
    if (!entries) return std::unexpected(entries.error());
    return {};
}

Result<NetworkFiles, IoError> write_network_files(const NetworkFilesOptions& options,
                                                  const KeySource& keys) {
    const auto scheme = scheme_of(options);
    if (!scheme) return std::unexpected(scheme.error());
    const fs::path directory = options.directory;
    if (fs::exists(directory / "config.yaml")) {
        return std::unexpected(IoError{
            fmt::format("{} exists: a genesis is never overwritten; choose another directory",
                        (directory / "config.yaml").string())});
    }
    const auto entries =
        keys ? write_key_directory(*scheme, options, keys) : make_keys(*scheme, options);
    if (!entries) return std::unexpected(entries.error());
    std::vector<NodeEntry> nodes;
    for (std::uint64_t i = 0; i < options.nodes; ++i) {
        auto node = make_node(options, i);
        if (!node) return std::unexpected(node.error());
        nodes.push_back(std::move(*node));
    }

    NetworkFiles files;
    files.genesis_time =
        options.genesis_time.value_or(SystemClock().unix_ms() / 1000 + options.seconds_to_genesis);
    struct File {
        std::string name;
        std::string text;
        bool is_secret;
    };
    std::vector<File> texts{
        {"validators.yaml", validators_yaml(nodes), false},
        {"annotated_validators.yaml", annotated_validators_yaml(nodes, *entries), false},
        {"nodes.yaml", nodes_yaml(nodes), false},
        {"validator-config.yaml",
         validator_config_yaml(nodes, kCommitteeCount, scheme->log_active_slots),
         true}};
    for (const NodeEntry& node : nodes) {
        texts.push_back({node.name + ".key", to_hex(ByteView{node.key.secret_bytes()}), true});
    }
    // Last, because its presence says that the directory is whole.
    texts.push_back(
        {"config.yaml",
         config_yaml(files.genesis_time, kCommitteeCount, scheme->log_active_slots, *entries),
         false});
    for (const File& file : texts) {
        const std::string path = (directory / file.name).string();
        if (auto written = write_file(path, file.text, file.is_secret); !written) {
            return std::unexpected(written.error());
        }
    }
    for (const NodeEntry& node : nodes) files.nodes.push_back(public_part(node));
    return files;
}

int run_keys(const NetworkFilesOptions& options) {
    if (auto written = write_keys(options); !written) return complain("keys", written.error());
    std::printf("keys: wrote %llu validators to %s/hash-sig-keys\n",
                static_cast<unsigned long long>(options.validators),
                options.directory.c_str());
    return 0;
}

int run_genesis(const NetworkFilesOptions& options) {
    const auto files = write_network_files(options);
    if (!files) return complain("genesis", files.error());
    std::printf("genesis: wrote %s: %llu validators, %zu nodes, genesis time %llu\n",
                options.directory.c_str(),
                static_cast<unsigned long long>(options.validators),
                files->nodes.size(),
                static_cast<unsigned long long>(files->genesis_time));
    return 0;
}

}  // namespace lepton::node
