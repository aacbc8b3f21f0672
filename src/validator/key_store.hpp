// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The secret keys of this node's validators. Loading happens once, at start-up; afterwards each
// signer belongs to the thread that signs (see crypto::Signer for what may run beside it).
#pragma once

#include "crypto/signature_scheme.hpp"
#include "types/state.hpp"
#include "validator/file_lock.hpp"
#include "validator/name_lock.hpp"
#include "validator/signing_journal.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lepton::validator {

/// Where the secret keys of one validator are.
struct KeyFiles {
    ValidatorIndex index;
    std::string attestation_secret_key;
    std::string proposal_secret_key;
};

class KeyStore {
  public:
    /// A store without keys: a node without validators.
    KeyStore() = default;

    /// Returns the keys in `files`, each checked against the public key that `registry` has for
    /// its index and role. Locks every file against other processes for the life of the store.
    /// A file that others may read is reported in the log, not refused: the tools that make
    /// genesis directories leave key files readable.
    /// Errors: one line that names the file: it cannot be read, is too large, is locked, does not
    ///         fit the registry; an index twice or outside the registry; one key in both roles
    /// Cost:   reads every file (8 MiB per key) and a few thousand hashes per key
    static Result<KeyStore, ConfigError> load(std::span<const KeyFiles> files,
                                              const Validators& registry,
                                              const crypto::SignatureScheme& scheme);

    /// Takes every key for this process alone, for the life of the store: load() sees who has
    /// opened the same file, this also sees who has opened a copy of it, anywhere on this machine.
    /// Errors: one line that names the first key that another process has
    Result<void, ConfigError> take_alone();

    /// Returns the validators of this node, ascending.
    const std::vector<ValidatorIndex>& indices() const { return indices_; }

    /// Returns the signer of a validator's key, nullptr when this node does not have it.
    crypto::Signer* find(ValidatorIndex index, Role role) const;

    /// Returns the name of a key in the signing journal. Requires find(index, role).
    const KeyId& key_id(ValidatorIndex index, Role role) const;

    /// Returns every signer, for the work that keeps prepared windows ahead of the slots; those for
    /// votes first, since every slot asks for them.
    std::vector<crypto::Signer*> signers() const;

    /// Adds a key that was made or loaded elsewhere: simulation and tests. Requires that the store
    /// does not have one for `index` and `role`.
    void add(ValidatorIndex index, Role role, std::unique_ptr<crypto::Signer> signer);

  private:
    struct Key {
        KeyId id;
        std::unique_ptr<crypto::Signer> signer;
        FileLock lock;
        NameLock name;
    };

    std::vector<ValidatorIndex> indices_;
    std::map<std::pair<ValidatorIndex, Role>, Key> keys_;
};

/// Returns all of the secret key file `path`, which is open and locked as `file`. One that others
/// may read is reported in the log.
/// Errors: one line that names the file: larger than `size_max` bytes, or not readable
Result<Bytes, ConfigError> read_secret(const FileLock& file,
                                       const std::string& path,
                                       std::size_t size_max);

/// Returns the name of a public key in the signing journal.
KeyId key_id_of(ByteView public_key);

}  // namespace lepton::validator
