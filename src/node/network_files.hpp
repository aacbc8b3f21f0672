// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Makes the keys and the genesis directory of a new network: `lepton keys`, `lepton genesis`, and
// the devnet. Blocking; key generation uses every processor.
#pragma once

#include "base/result.hpp"
#include "types/keys.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

struct NetworkFilesOptions {
    std::string directory;
    std::uint64_t validators = 0;
    /// "test" or "prod"
    std::string scheme = "prod";
    /// Keys sign 2^N slots from slot 0; default: 18 for prod (12 days), the whole life (8) for
    /// test.
    std::optional<std::uint64_t> log_active_slots;
    std::uint64_t nodes = 1;
    /// Unix seconds; default: `seconds_to_genesis` after the keys are made.
    std::optional<std::uint64_t> genesis_time;
    std::uint64_t seconds_to_genesis = 30;
    std::uint16_t base_port = 24000;
};

/// One node of the new network. Validators are dealt out in turn: validator i belongs to node i mod
/// nodes.
struct NetworkNode {
    std::string name;
    std::string peer_id;
    /// "/ip4/127.0.0.1/udp/…/quic-v1/p2p/…"
    std::string multiaddr;
    std::uint16_t quic_port = 0;
    std::uint16_t api_port = 0;
    std::uint16_t metrics_port = 0;
};

struct NetworkFiles {
    std::vector<NetworkNode> nodes;
    /// Unix seconds.
    std::uint64_t genesis_time = 0;
};

/// Returns the profile name that a scheme of the command line stands for: "leanspec-test" or
/// "leanspec-prod".
std::string profile_of_scheme(const std::string& scheme);

/// Puts the next key pair at two paths and returns its public key.
using KeySource = std::function<Result<PublicKey, IoError>(const std::string& secret_path,
                                                           const std::string& public_path)>;

/// Writes hash-sig-keys/ below `options.directory`: key pairs and manifest. Progress goes to
/// stderr. Errors: a directory that already holds keys, or that cannot be written.
Result<void, IoError> write_keys(const NetworkFilesOptions& options);

/// Writes the whole genesis directory (keys included), in the form of lean-quickstart.
/// Input:  keys: where the keys come from; empty: they are made
/// Errors: as write_keys
Result<NetworkFiles, IoError> write_network_files(const NetworkFilesOptions& options,
                                                  const KeySource& keys = {});

/// The commands: as above, with one line on stderr and exit code 2 for an error.
int run_keys(const NetworkFilesOptions& options);
int run_genesis(const NetworkFilesOptions& options);

}  // namespace lepton::node
