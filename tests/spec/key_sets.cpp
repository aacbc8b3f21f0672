// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/key_sets.hpp"

#include "crypto/sha256.hpp"
#include "spec/formats.hpp"

#include <fstream>
#include <iterator>
#include <optional>

namespace lepton::spec {
namespace {

namespace fs = std::filesystem;

PublicKey public_key_of(const std::string& hex) {
    return read_as<PublicKey>(json::value(hex));
}

/// Each line is a public key and a secret key; a validator's attestation key comes before its
/// proposal key.
KeySet read_key_lines(const fs::path& file) {
    std::vector<PublicKey> keys;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        keys.push_back(public_key_of(line.substr(0, line.find(' '))));
    }
    KeySet set;
    for (std::size_t i = 1; i < keys.size(); i += 2) set.push_back({keys[i - 1], keys[i]});
    return set;
}

std::optional<ValidatorKeys> read_validator(const fs::path& file) {
    const auto content = read_json(file);
    if (!content || !is_validator_keys(*content)) return std::nullopt;
    const auto key = [&](std::string_view pair) {
        return read_as<PublicKey>(at(as_object(at(*content, pair)), "public_key"));
    };
    return ValidatorKeys{key("attestation_keypair"), key("proposal_keypair")};
}

/// Validator i is in the file i.json.
KeySet read_key_folder(const fs::path& folder) {
    KeySet set;
    while (const auto keys = read_validator(folder / fmt::format("{}.json", set.size()))) {
        set.push_back(*keys);
    }
    return set;
}

}  // namespace

std::string key_set_digest(const KeySet& keys) {
    crypto::Sha256 hash;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        hash.update(lepton::as_bytes(std::to_string(i)));
        hash.update(keys[i].attestation.bytes());
        hash.update(keys[i].proposal.bytes());
    }
    return "0x" + to_hex(hash.finish());
}

KeySets find_key_sets(const fs::path& folder) {
    KeySets sets;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        try {
            KeySet set;
            const std::string name = entry.path().filename().string();
            if (name == "test_scheme_keys.txt") set = read_key_lines(entry.path());
            if (name == "0.json") set = read_key_folder(entry.path().parent_path());
            if (!set.empty()) sets[key_set_digest(set)] = std::move(set);
        } catch (const BadVector&) {
            continue;  // fails by name when it is its turn to be run
        }
    }
    return sets;
}

Result<json::object, std::string> read_json(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) return std::unexpected("the file cannot be read");
    boost::system::error_code error;
    json::value root = json::parse(text, error);
    if (error || !root.is_object()) return std::unexpected("not a JSON object");
    return std::move(root.get_object());
}

bool is_validator_keys(const json::object& content) {
    return content.contains("attestation_keypair") && content.contains("proposal_keypair");
}

Validators validators_of(const Vector& vector, std::uint64_t count) {
    const auto digest = as_string(at(as_object(at(vector.body, "_info")), "keySetDigest"));
    const auto keys = vector.keys.find(digest);
    if (keys == vector.keys.end()) {
        throw CannotJudge(fmt::format("its key set is not among the files: {}", digest));
    }
    if (count > keys->second.size()) throw BadVector("more validators than its key set has");
    Validators validators;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto& [attestation, proposal] = keys->second[i];
        validators.push_back({attestation, proposal, ValidatorIndex{i}});
    }
    return validators;
}

}  // namespace lepton::spec
