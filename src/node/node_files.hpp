// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Everything that a node's files say, read and checked before anything is written or started.
// Values; one thread.
#pragma once

#include "crypto/signature_scheme.hpp"
#include "libp2p/identity.hpp"
#include "node/assembly.hpp"
#include "node/genesis_files.hpp"
#include "node/node.hpp"
#include "node/options.hpp"
#include "p2p/bootnodes.hpp"
#include "validator/key_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

/// Ends the start: the exit code and one line.
struct StartError {
    int code = kExitConfig;
    std::string what;
};

inline StartError config_error(const ConfigError& error) {
    return {kExitConfig, error.what};
}
inline StartError environment_error(const IoError& error) {
    return {kExitEnvironment, error.what};
}

/// Everything that the files say.
struct NodeFiles {
    NetworkProfile profile;
    const crypto::SignatureScheme* scheme = nullptr;
    GenesisFile genesis;
    /// Whether the validators file names this node; if not, it has no validators.
    bool is_named = false;
    std::vector<validator::KeyFiles> key_files;
    ValidatorConfigFile validator_config;
    std::optional<libp2p::Identity> identity;
    p2p::Bootnodes bootnodes;
    std::uint64_t committee_count = 1;
};

/// Reads the files that `options` name.
/// Errors: kExitConfig and one line that names the flag or the file
Result<NodeFiles, StartError> read_files(const NodeOptions& options);

}  // namespace lepton::node
