// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/node_files.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

namespace lepton::node {
namespace {

constexpr std::size_t kBootnodesFileSizeMax = 4 * 1024 * 1024;

}  // namespace

Result<NodeFiles, StartError> read_files(const NodeOptions& options) {
    NodeFiles files;
    const auto profile = network_profile(options.network);
    if (!profile) return std::unexpected(config_error({"--network: " + profile.error().what}));
    files.profile = *profile;
    files.scheme = crypto::find_signature_scheme(profile->signature_scheme);
    LEPTON_ASSERT(files.scheme != nullptr);

    auto genesis = read_genesis_file(options.genesis, files.profile, *files.scheme);
    if (!genesis) return std::unexpected(config_error(genesis.error()));
    files.genesis = std::move(*genesis);

    auto keys = read_annotated_validators(
        options.validators, options.node_id, options.hash_sig_keys_dir, files.genesis.validators);
    if (!keys) return std::unexpected(config_error(keys.error()));
    files.is_named = keys->has_value();
    if (*keys) files.key_files = std::move(**keys);

    auto validator_config = read_validator_config(options.validator_config);
    if (!validator_config) return std::unexpected(config_error(validator_config.error()));
    files.validator_config = std::move(*validator_config);

    const auto node_key = read_node_key(options.node_key);
    if (!node_key) return std::unexpected(config_error(node_key.error()));
    files.identity.emplace(*node_key);

    const auto bootnodes = read_text_file(options.bootnodes, kBootnodesFileSizeMax);
    if (!bootnodes) return std::unexpected(config_error(bootnodes.error()));
    files.bootnodes = p2p::parse_bootnodes(*bootnodes, files.identity->peer_id());

    files.committee_count = options.attestation_committee_count.value_or(
        files.validator_config.attestation_committee_count.value_or(1));
    if (!options.aggregate_subnet_ids.empty() && !options.is_aggregator) {
        return std::unexpected(
            StartError{kExitConfig, "--aggregate-subnet-ids: needs --is-aggregator"});
    }
    for (const std::uint64_t subnet : options.aggregate_subnet_ids) {
        if (subnet < files.committee_count) continue;
        return std::unexpected(
            StartError{kExitConfig,
                       fmt::format("--aggregate-subnet-ids: {} is not below the committee count {}",
                                   subnet,
                                   files.committee_count)});
    }
    return files;
}

}  // namespace lepton::node
