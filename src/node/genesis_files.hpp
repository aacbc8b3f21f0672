// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The files of a lean-quickstart genesis directory: reading what a node needs, writing what a new
// network needs. Errors are one line that names the file, the line where there is one, and what was
// expected. Blocking; any thread.
#pragma once

#include "crypto/secp256k1.hpp"
#include "crypto/signature_scheme.hpp"
#include "types/network_profile.hpp"
#include "types/state.hpp"
#include "validator/key_store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

/// config.yaml
struct GenesisFile {
    /// Unix seconds.
    std::uint64_t genesis_time = 0;
    Validators validators;
    std::optional<std::uint64_t> attestation_committee_count;
};

/// Returns the genesis of a network. Both spellings of the key names are read (attestation_pubkey
/// and attestation_public_key), with or without 0x; unknown keys are ignored. Errors: malformed
/// YAML; a missing time or validator list; a key of another size than the network's, in a form that
/// the
///         scheme refuses, or used twice
Result<GenesisFile, ConfigError> read_genesis_file(const std::string& path,
                                                   const NetworkProfile& profile,
                                                   const crypto::SignatureScheme& scheme);

/// Returns where the secret keys of `node_id` are, from annotated_validators.yaml: two rows per
/// validator, the role told by "attester" or "proposer" in the file name; names are relative to
/// `keys_dir`. A node with an empty list has no validators; nor has one that the file does not
/// name: nothing is returned for it. Errors: a row without role, a role missing or given twice, a
/// public key that differs from the registry's
Result<std::optional<std::vector<validator::KeyFiles>>, ConfigError> read_annotated_validators(
    const std::string& path,
    const std::string& node_id,
    const std::string& keys_dir,
    const Validators& registry);

/// validator-config.yaml, as far as a node needs it.
struct ValidatorConfigFile {
    std::optional<std::uint64_t> attestation_committee_count;
    /// Node key → name, for the labels of metrics.
    std::map<crypto::secp256k1::CompressedPublicKey, std::string> names;
};
Result<ValidatorConfigFile, ConfigError> read_validator_config(const std::string& path);

/// Returns the libp2p key of a node: 64 hexadecimal digits, 0x and a line break allowed.
Result<crypto::secp256k1::SecretKey, ConfigError> read_node_key(const std::string& path);

/// Returns all of a file, without the byte order mark that some editors begin it with.
/// Errors: not readable, or larger than `size_max` bytes
Result<std::string, ConfigError> read_text_file(const std::string& path, std::size_t size_max);

// --- writing
// -------------------------------------------------------------------------------------------------------

/// Writes `content` so that the file is there whole or not at all; `is_secret`: readable by the
/// owner only.
Result<void, IoError> write_file(const std::string& path, std::string_view content, bool is_secret);

/// Makes what happened to the names in the directory of `path` outlive a power cut.
Result<void, IoError> sync_directory_of(const std::string& path);

/// A validator's public keys and the names of its files below hash-sig-keys/.
struct ValidatorEntry {
    PublicKey attestation_public_key;
    PublicKey proposal_public_key;
};

/// A node of a new network.
struct NodeEntry {
    std::string name;
    crypto::secp256k1::SecretKey key;
    std::string ip;
    std::uint16_t quic_port = 0;
    std::uint16_t api_port = 0;
    std::uint16_t metrics_port = 0;
    bool is_aggregator = false;
    std::string enr;
    std::vector<ValidatorIndex> validators;
};

/// Returns the name of a key file: "validator_3_attester_key_sk.ssz".
std::string key_file_name(ValidatorIndex index, validator::Role role, bool is_secret);

/// The text of each file of a genesis directory.
std::string config_yaml(std::uint64_t genesis_time,
                        std::uint64_t attestation_committee_count,
                        std::uint64_t log_active_slots,
                        const std::vector<ValidatorEntry>& validators);
std::string validators_yaml(const std::vector<NodeEntry>& nodes);
std::string annotated_validators_yaml(const std::vector<NodeEntry>& nodes,
                                      const std::vector<ValidatorEntry>& validators);
std::string nodes_yaml(const std::vector<NodeEntry>& nodes);
std::string validator_config_yaml(const std::vector<NodeEntry>& nodes,
                                  std::uint64_t attestation_committee_count,
                                  std::uint64_t log_active_slots);
std::string keys_manifest_yaml(const crypto::SignatureScheme& scheme,
                               std::uint64_t log_active_slots,
                               const std::vector<ValidatorEntry>& validators);

}  // namespace lepton::node
