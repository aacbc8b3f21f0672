// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The pseudorandom function of a secret key: starts of its chains and randomness of its signatures.
// It gives kLanes values at a time, in the rows that the hashes take them from.
// Spec: crypto/xmss/prf.py. Any thread.
#pragma once

#include "crypto/wipe.hpp"
#include "crypto/xmss/parameters.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"

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

    /// Where a chain starts.
    struct ChainPlace {
        std::uint32_t slot = 0;
        std::uint8_t chain = 0;
    };
    /// Writes position 0 of each chain of `places`: secrets.
    /// Cost: one Keccak permutation per place
    void chain_starts(const std::array<ChainPlace, kLanes>& places, Lanes<8>& starts) const;

    /// Writes the randomness of the attempts `first_counter`, `first_counter` + 1, … to encode
    /// `message`: secrets but for that of the one attempt that goes into the signature.
    /// Cost: one Keccak permutation per attempt
    void rhos(std::uint32_t slot,
              const Bytes32& message,
              std::uint64_t first_counter,
              Lanes<7>& rhos) const;

  private:
    Bytes32 key_;
};

}  // namespace lepton::crypto::xmss
