// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The keys of the validators that vectors speak of by number. A vector names its key set by a
// digest, and the sets are files beside the vectors. One thread.
#pragma once

#include "base/result.hpp"
#include "spec/json.hpp"
#include "types/keys.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lepton::spec {

/// The public keys of one validator.
struct ValidatorKeys {
    PublicKey attestation;
    PublicKey proposal;
};
/// Of all validators, in order.
using KeySet = std::vector<ValidatorKeys>;
using KeySets = std::map<std::string, KeySet, std::less<>>;

/// Returns the digest by which vectors name `keys`.
std::string key_set_digest(const KeySet& keys);

/// Returns the key sets below `folder` by their digests: files test_scheme_keys.txt, and folders
/// with a file per validator as leanSpec has them. Files that are no key sets are passed over.
KeySets find_key_sets(const std::filesystem::path& folder);

/// Returns the JSON object in `file`. Errors: it cannot be read, or holds something else
Result<json::object, std::string> read_json(const std::filesystem::path& file);

/// Returns whether a JSON file holds the two key pairs of a validator.
bool is_validator_keys(const json::object& content);

}  // namespace lepton::spec
