// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/genesis_files.hpp"

#include "base/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>

namespace lepton::node {
namespace {

/// A registry of 4096 validators takes about a megabyte.
constexpr std::size_t kYamlSizeMax = 16 * 1024 * 1024;
constexpr std::size_t kNodeKeySizeMax = 256;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What is wrong at a place of a file.
struct FileProblem {
    std::string what;
};

/// Ends the reading of a file from within nested nodes; caught in read_yaml only.
[[noreturn]] void wrong(const YAML::Node& node, std::string_view expected) {
    const int line = node.Mark().line;
    throw FileProblem{line >= 0 ? fmt::format("line {}: expected {}", line + 1, expected)
                                : fmt::format("expected {}", expected)};
}

/// The library takes the first of two entries with one name; the other would be lost without a
/// word.
void refuse_repeated_names(const YAML::Node& root) {
    if (!root.IsMap()) return;
    std::set<std::string> seen;
    for (const auto& entry : root) {
        if (entry.first.IsScalar() && !seen.insert(entry.first.Scalar()).second) {
            wrong(entry.first, fmt::format("{} only once", log::quoted(entry.first.Scalar())));
        }
    }
}

/// Runs `read(root)` on a YAML file; turns every complaint into one line that names the file.
template <class Read>
auto read_yaml(const std::string& path, Read read)
    -> Result<std::invoke_result_t<Read&, const YAML::Node&>, ConfigError> {
    const auto text = read_text_file(path, kYamlSizeMax);
    if (!text) return std::unexpected(text.error());
    try {
        const YAML::Node root = YAML::Load(*text);
        refuse_repeated_names(root);
        return read(root);
    } catch (const FileProblem& problem) {
        return std::unexpected(ConfigError{fmt::format("{}: {}", path, problem.what)});
    } catch (const YAML::Exception& error) {
        return std::unexpected(ConfigError{// The library's words may hold a piece of the file.
                                           fmt::format("{}: line {}: no valid YAML: {}",
                                                       path,
                                                       error.mark.line + 1,
                                                       log::quoted(error.msg))});
    }
}

std::uint64_t number(const YAML::Node& node, std::string_view what) {
    std::uint64_t value = 0;
    if (!node.IsDefined() || !node.IsScalar() || node.Scalar().starts_with('-') ||
        !YAML::convert<std::uint64_t>::decode(node, value)) {
        wrong(node, fmt::format("{}, a whole number", what));
    }
    return value;
}

std::string text_of(const YAML::Node& node, std::string_view what) {
    if (!node.IsDefined() || !node.IsScalar()) wrong(node, what);
    return node.Scalar();
}

/// Returns the child of `map` under the first of `names` that it has.
YAML::Node child(const YAML::Node& map, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const YAML::Node found = map[name]) return found;
    }
    return YAML::Node(YAML::NodeType::Undefined);
}

PublicKey public_key(const YAML::Node& validator,
                     std::initializer_list<const char*> names,
                     const crypto::SignatureScheme& scheme) {
    const YAML::Node node = child(validator, names);
    if (!node) wrong(validator, fmt::format("a validator with {}", *names.begin()));
    const auto bytes = from_hex(text_of(node, "a public key in hexadecimal digits"));
    if (!bytes) wrong(node, fmt::format("a public key: {}", bytes.error()));
    if (bytes->size() != scheme.public_key_size()) {
        wrong(node,
              fmt::format("a public key of {} bytes ({}), found {}",
                          scheme.public_key_size(),
                          scheme.name(),
                          bytes->size()));
    }
    if (const auto checked = scheme.check_public_key(*bytes); !checked) {
        wrong(node, fmt::format("a valid public key: {}", crypto::to_string(checked.error())));
    }
    return PublicKey(*bytes);
}

std::optional<std::uint64_t> committee_count(const YAML::Node& node) {
    if (!node) return std::nullopt;
    const std::uint64_t count = number(node, "attestation_committee_count");
    if (count == 0) wrong(node, "attestation_committee_count of at least 1");
    return count;
}

std::optional<validator::Role> role_of(std::string_view file_name) {
    const bool is_attester = file_name.find("attester") != std::string_view::npos;
    const bool is_proposer = file_name.find("proposer") != std::string_view::npos;
    if (is_attester == is_proposer) return std::nullopt;
    return is_attester ? validator::Role::attestation : validator::Role::proposal;
}

std::string system_error(const std::string& path) {
    return fmt::format("{}: {}", path, std::strerror(errno));
}

}  // namespace

Result<std::string, ConfigError> read_text_file(const std::string& path, std::size_t size_max) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::unexpected(ConfigError{system_error(path)});
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::read(file, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const ConfigError error{system_error(path)};
            ::close(file);
            return std::unexpected(error);
        }
        if (got == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > size_max) {
            ::close(file);
            return std::unexpected(
                ConfigError{fmt::format("{}: expected at most {} bytes", path, size_max)});
        }
    }
    ::close(file);
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    return text;
}

Result<GenesisFile, ConfigError> read_genesis_file(const std::string& path,
                                                   const NetworkProfile& profile,
                                                   const crypto::SignatureScheme& scheme) {
    LEPTON_ASSERT(scheme.public_key_size() == profile.public_key_size);
    return read_yaml(path, [&](const YAML::Node& root) {
        if (!root.IsMap()) wrong(root, "a map with GENESIS_TIME and GENESIS_VALIDATORS");
        GenesisFile genesis;
        if (!root["GENESIS_TIME"]) wrong(root, "GENESIS_TIME");
        genesis.genesis_time = number(root["GENESIS_TIME"], "GENESIS_TIME");
        genesis.attestation_committee_count = committee_count(root["ATTESTATION_COMMITTEE_COUNT"]);
        const YAML::Node list = root["GENESIS_VALIDATORS"];
        if (!list || !list.IsSequence() || list.size() == 0) {
            wrong(list ? list : root, "GENESIS_VALIDATORS, a list that is not empty");
        }
        if (list.size() > kValidatorRegistryLimit) {
            wrong(list, fmt::format("at most {} validators", kValidatorRegistryLimit));
        }
        // A key that stands twice would count two votes for one signature.
        std::set<PublicKey> seen;
        for (const YAML::Node& entry : list) {
            if (!entry.IsMap()) wrong(entry, "a validator: a map with its two public keys");
            Validator validator;
            validator.attestation_public_key =
                public_key(entry, {"attestation_pubkey", "attestation_public_key"}, scheme);
            validator.proposal_public_key =
                public_key(entry, {"proposal_pubkey", "proposal_public_key"}, scheme);
            validator.index = ValidatorIndex{genesis.validators.size()};
            for (const PublicKey& key :
                 {validator.attestation_public_key, validator.proposal_public_key}) {
                if (!seen.insert(key).second) wrong(entry, "public keys that stand only once");
            }
            genesis.validators.push_back(validator);
        }
        return genesis;
    });
}

Result<std::optional<std::vector<validator::KeyFiles>>, ConfigError> read_annotated_validators(
    const std::string& path,
    const std::string& node_id,
    const std::string& keys_dir,
    const Validators& registry) {
    using Keys = std::vector<validator::KeyFiles>;
    return read_yaml(path, [&](const YAML::Node& root) -> std::optional<Keys> {
        if (!root.IsMap()) wrong(root, "a map from node names to lists of validators");
        const YAML::Node rows = root[node_id];
        if (!rows) return std::nullopt;
        if (!rows.IsSequence() && !rows.IsNull()) wrong(rows, "a list of validators");
        std::map<std::uint64_t, validator::KeyFiles> by_index;
        for (const YAML::Node& row : rows) {
            if (!row.IsMap()) wrong(row, "{index, pubkey_hex, privkey_file}");
            const std::uint64_t index = number(row["index"], "index");
            if (index >= registry.size()) {
                wrong(row, fmt::format("an index below {}", registry.size()));
            }
            const std::string file = text_of(row["privkey_file"], "privkey_file");
            const auto role = role_of(file);
            if (!role) wrong(row, "a privkey_file with either attester or proposer in its name");
            const Validator& validator = registry[static_cast<std::size_t>(index)];
            const bool is_attester = *role == validator::Role::attestation;
            const PublicKey& expected =
                is_attester ? validator.attestation_public_key : validator.proposal_public_key;
            const auto key = from_hex(text_of(row["pubkey_hex"], "pubkey_hex"));
            if (!key || !std::ranges::equal(*key, expected.bytes())) {
                wrong(row, "the pubkey_hex that the genesis registry has for this index and role");
            }
            auto& files = by_index[index];
            files.index = ValidatorIndex{index};
            std::string& slot =
                is_attester ? files.attestation_secret_key : files.proposal_secret_key;
            if (!slot.empty()) wrong(row, fmt::format("validator {} only once per role", index));
            slot = file.starts_with('/') ? file : keys_dir + "/" + file;
        }
        Keys keys;
        for (const auto& [index, files] : by_index) {
            if (files.attestation_secret_key.empty() || files.proposal_secret_key.empty()) {
                wrong(rows, fmt::format("an attester and a proposer row for validator {}", index));
            }
            keys.push_back(files);
        }
        return keys;
    });
}

Result<ValidatorConfigFile, ConfigError> read_validator_config(const std::string& path) {
    return read_yaml(path, [&](const YAML::Node& root) {
        if (!root.IsMap()) wrong(root, "a map with config and validators");
        ValidatorConfigFile file;
        if (const YAML::Node config = root["config"]; config && config.IsMap()) {
            file.attestation_committee_count =
                committee_count(config["attestation_committee_count"]);
        }
        const YAML::Node nodes = root["validators"];
        if (!nodes) return file;
        if (!nodes.IsSequence()) wrong(nodes, "validators, a list");
        for (const YAML::Node& node : nodes) {
            if (!node.IsMap()) wrong(node, "a node: a map with name and privkey");
            const std::string name = text_of(node["name"], "name");
            if (!node["privkey"]) continue;
            const auto bytes = from_hex(text_of(node["privkey"], "privkey"));
            if (!bytes) wrong(node, fmt::format("a privkey: {}", bytes.error()));
            const auto key = crypto::secp256k1::SecretKey::parse(*bytes);
            if (!key) wrong(node, "a privkey: 32 bytes that are a secp256k1 secret key");
            file.names[key->public_key().compressed()] = name;
        }
        return file;
    });
}

Result<crypto::secp256k1::SecretKey, ConfigError> read_node_key(const std::string& path) {
    const auto text = read_text_file(path, kNodeKeySizeMax);
    if (!text) return std::unexpected(text.error());
    std::string_view digits = *text;
    while (!digits.empty() && std::string_view(" \t\r\n").contains(digits.back())) {
        digits.remove_suffix(1);
    }
    const auto bytes = from_hex(digits);
    const auto key = bytes ? crypto::secp256k1::SecretKey::parse(*bytes)
                           : std::unexpected(crypto::secp256k1::Error::invalid_secret_key);
    if (!key) {
        return std::unexpected(ConfigError{
            fmt::format("{}: expected a secp256k1 secret key, 64 hexadecimal digits", path)});
    }
    return *key;
}

Result<void, IoError> write_file(const std::string& path,
                                 std::string_view content,
                                 bool is_secret) {
    const std::string temporary = path + ".new";
    const auto failed = [&](int file) {
        const IoError error{system_error(temporary)};
        if (file >= 0) ::close(file);
        ::unlink(temporary.c_str());
        return std::unexpected(error);
    };
    ::unlink(temporary.c_str());
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_secret ? 0600 : 0644);
    if (file < 0) return failed(file);
    for (std::string_view rest = content; !rest.empty();) {
        const ssize_t written = ::write(file, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed(file);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) return failed(file);
    if (::close(file) != 0) return failed(-1);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(-1);
    return sync_directory_of(path);
}

Result<void, IoError> sync_directory_of(const std::string& path) {
    const std::string directory = std::filesystem::absolute(path).parent_path().string();
    const int place = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = place >= 0 && ::fsync(place) == 0;
    const IoError error{system_error(directory)};
    if (place >= 0) ::close(place);
    if (!is_synced) return std::unexpected(error);
    return {};
}

std::string key_file_name(ValidatorIndex index, validator::Role role, bool is_secret) {
    return fmt::format("validator_{}_{}_key_{}.ssz",
                       index,
                       role == validator::Role::attestation ? "attester" : "proposer",
                       is_secret ? "sk" : "pk");
}

std::string config_yaml(std::uint64_t genesis_time,
                        std::uint64_t attestation_committee_count,
                        std::uint64_t log_active_slots,
                        const std::vector<ValidatorEntry>& validators) {
    std::string text = fmt::format(
        "# Genesis of a lean network\n"
        "GENESIS_TIME: {}\n"
        "ATTESTATION_COMMITTEE_COUNT: {}\n"
        "ACTIVE_EPOCH: {}\n"
        "VALIDATOR_COUNT: {}\n"
        "GENESIS_VALIDATORS:\n",
        genesis_time,
        attestation_committee_count,
        log_active_slots,
        validators.size());
    for (const ValidatorEntry& validator : validators) {
        text += fmt::format("  - attestation_pubkey: \"{}\"\n    proposal_pubkey: \"{}\"\n",
                            to_hex(validator.attestation_public_key.bytes()),
                            to_hex(validator.proposal_public_key.bytes()));
    }
    return text;
}

std::string validators_yaml(const std::vector<NodeEntry>& nodes) {
    std::string text;
    for (const NodeEntry& node : nodes) {
        text += node.name + (node.validators.empty() ? ": []\n" : ":\n");
        for (const ValidatorIndex index : node.validators) text += fmt::format("  - {}\n", index);
    }
    return text;
}

std::string annotated_validators_yaml(const std::vector<NodeEntry>& nodes,
                                      const std::vector<ValidatorEntry>& validators) {
    std::string text;
    for (const NodeEntry& node : nodes) {
        text += node.name + (node.validators.empty() ? ": []\n" : ":\n");
        for (const ValidatorIndex index : node.validators) {
            const ValidatorEntry& keys = validators[static_cast<std::size_t>(index.value)];
            for (const auto role : {validator::Role::attestation, validator::Role::proposal}) {
                const PublicKey& key = role == validator::Role::attestation
                                           ? keys.attestation_public_key
                                           : keys.proposal_public_key;
                text += fmt::format("  - index: {}\n    pubkey_hex: {}\n    privkey_file: {}\n",
                                    index,
                                    to_hex(key.bytes()),
                                    key_file_name(index, role, true));
            }
        }
    }
    return text;
}

std::string nodes_yaml(const std::vector<NodeEntry>& nodes) {
    std::string text;
    for (const NodeEntry& node : nodes) text += "- " + node.enr + "\n";
    return text;
}

std::string validator_config_yaml(const std::vector<NodeEntry>& nodes,
                                  std::uint64_t attestation_committee_count,
                                  std::uint64_t log_active_slots) {
    std::string text = fmt::format(
        "shuffle: roundrobin\n"
        "deployment_mode: local\n"
        "config:\n"
        "  activeEpoch: {}\n"
        "  keyType: hash-sig\n"
        "  attestation_committee_count: {}\n"
        "validators:\n",
        log_active_slots,
        attestation_committee_count);
    for (const NodeEntry& node : nodes) {
        text += fmt::format(
            "  - name: \"{}\"\n"
            "    privkey: \"{}\"\n"
            "    enrFields:\n"
            "      ip: \"{}\"\n"
            "      quic: {}\n"
            "    metricsPort: {}\n"
            "    apiPort: {}\n"
            "    isAggregator: {}\n"
            "    count: {}\n",
            node.name,
            to_hex(ByteView{node.key.secret_bytes()}),
            node.ip,
            node.quic_port,
            node.metrics_port,
            node.api_port,
            node.is_aggregator,
            node.validators.size());
    }
    return text;
}

std::string keys_manifest_yaml(const crypto::SignatureScheme& scheme,
                               std::uint64_t log_active_slots,
                               const std::vector<ValidatorEntry>& validators) {
    std::string text = fmt::format(
        "key_scheme: {}\n"
        "hash_function: Poseidon1\n"
        "encoding: TargetSum\n"
        "lifetime: {}\n"
        "log_num_active_epochs: {}\n"
        "num_active_epochs: {}\n"
        "num_validators: {}\n"
        "validators:\n",
        scheme.name(),
        scheme.lifetime_slots(),
        log_active_slots,
        std::uint64_t{1} << log_active_slots,
        validators.size());
    for (std::size_t i = 0; i < validators.size(); ++i) {
        const ValidatorIndex index{i};
        text += fmt::format(
            "  - index: {}\n"
            "    attester_key_pubkey_hex: 0x{}\n"
            "    attester_key_privkey_file: {}\n"
            "    proposer_key_pubkey_hex: 0x{}\n"
            "    proposer_key_privkey_file: {}\n",
            index,
            to_hex(validators[i].attestation_public_key.bytes()),
            key_file_name(index, validator::Role::attestation, true),
            to_hex(validators[i].proposal_public_key.bytes()),
            key_file_name(index, validator::Role::proposal, true));
    }
    return text;
}

}  // namespace lepton::node
