// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keys made ahead for devnets to come: a directory of key pairs that have never signed. A devnet
// takes its keys out of it for good, so no key ever sees a second genesis, whose slots begin at 0
// again (docs/decisions/0009). Blocking; one thread at a time.
//
// Layout, below the directory that is given; readable by the owner only:
//   lock                                  held while a devnet uses the cache
//   <scheme>-<first slot>-<end slot>/     one directory per kind of key
//     key_<name>_sk.ssz, key_<name>_pk.ssz    <name>: the first 16 digits of the public key's hash
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/signature_scheme.hpp"
#include "types/keys.hpp"
#include "validator/file_lock.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace lepton::node {

class KeyCache {
  public:
    /// Opens the cache in `directory`, which is made when it is not there, for keys of `scheme`
    /// that sign `activation`. What a killed devnet left unfinished is removed.
    /// Errors: the directory cannot be written; another process uses it
    static Result<KeyCache, IoError> open(const std::string& directory,
                                          const crypto::SignatureScheme& scheme,
                                          crypto::SlotRange activation);

    /// Returns how many keys are there. After check(): how many good ones.
    std::size_t size() const { return names_.size(); }
    crypto::SlotRange activation() const { return activation_; }

    /// Loads up to `count` keys with every check that a node makes, and removes those that fail:
    /// damaged ones, ones of other slots, ones whose window is not the first, ones that others can
    /// read. Returns a line for each that was removed.
    /// Errors: what is removed must be gone
    Result<std::vector<std::string>, IoError> check(std::size_t count);

    /// Makes one key and adds it; after a stop request none.
    /// Cost: `activation` slots of key generation
    Result<void, IoError> make(Random& random,
                               const std::stop_token& stop,
                               const crypto::Progress& progress);

    /// Moves a key out, to `secret_path` and `public_path` on the same file system, and returns its
    /// public key. The move is durable when this returns: before anybody can sign. Requires size().
    Result<PublicKey, IoError> take(const std::string& secret_path, const std::string& public_path);

  private:
    KeyCache(std::string directory,
             const crypto::SignatureScheme& scheme,
             crypto::SlotRange activation,
             validator::FileLock lock)
        : directory_(std::move(directory)),
          scheme_(&scheme),
          activation_(activation),
          lock_(std::move(lock)) {}

    Result<void, IoError> find_keys();
    Result<void, IoError> remove(const std::string& name);
    /// Returns why a key is of no use, empty when it is good.
    std::string fault_of(const std::string& name) const;
    std::string path(const std::string& name, bool is_secret) const;

    std::string directory_;
    const crypto::SignatureScheme* scheme_;
    crypto::SlotRange activation_;
    validator::FileLock lock_;
    /// Of the keys that are whole, sorted.
    std::vector<std::string> names_;
};

}  // namespace lepton::node
