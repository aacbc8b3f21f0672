// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The pseudorandom function of a secret key: starts of its chains and randomness of its signatures.
// Spec: crypto/xmss/prf.py. Any thread.
#pragma once

#include "crypto/wipe.hpp"
#include "crypto/xmss/parameters.hpp"

namespace lepton::crypto::xmss {

/// The secret of a key; wiped on destruction. Takes the same time for all keys.
class Prf {
  public:
    explicit Prf(const Bytes32& key) : key_(key) {}
    ~Prf() { wipe(key_); }
    Prf(const Prf&) = default;
    Prf& operator=(const Prf&) = default;

    /// Returns the 32 bytes, borrowed: for the key file.
    const Bytes32& secret_bytes() const { return key_; }

    /// Returns position 0 of a chain: a secret.
    Digest chain_start(std::uint32_t slot, std::uint64_t chain) const;

    /// Returns the randomness of attempt `counter` to encode `message`.
    Rho rho(std::uint32_t slot, const Bytes32& message, std::uint64_t counter) const;

  private:
    Bytes32 key_;
};

}  // namespace lepton::crypto::xmss
