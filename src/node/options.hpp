// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What `lepton node` was asked to do. The flags are ethlambda's, so that scripts written for it
// start lepton as it is.
#pragma once

#include "aggregation/bundle/bundle_backend.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

/// The kind of proofs that a program makes and accepts: its own, not a flag's, decision.
struct ProofSystem {
    /// Follows the version wherever the program says its name; empty in a release.
    std::string version_suffix;
    /// What a node warns of in its first lines; empty when there is nothing to warn of.
    std::string warning;
    aggregation::MakeBackend make_backend = aggregation::bundle::make_backend;
};

struct NodeOptions {
    ProofSystem proofs;
    /// False only in a program for tests that run two nodes with the same keys on one machine.
    bool takes_keys_alone = true;
    /// config.yaml, annotated_validators.yaml, nodes.yaml, validator-config.yaml
    std::string genesis;
    std::string validators;
    std::string bootnodes;
    std::string validator_config;
    std::string hash_sig_keys_dir;
    std::string node_key;
    /// Key of this node in annotated_validators.yaml.
    std::string node_id;
    std::string data_dir = "./data";
    std::uint16_t gossipsub_port = 9000;
    std::string http_address = "127.0.0.1";
    std::uint16_t api_port = 5052;
    std::uint16_t metrics_port = 5054;
    bool is_aggregator = false;
    /// Command line before validator-config.yaml before 1.
    std::optional<std::uint64_t> attestation_committee_count;
    std::vector<std::uint64_t> aggregate_subnet_ids;
    bool disable_duty_sync_gate = false;
    std::uint64_t max_attestations_per_block = 3;
    /// lepton's own: the network profile and the log level.
    std::string network = "leanspec-prod";
    std::string log_level = "info";
};

}  // namespace lepton::node
