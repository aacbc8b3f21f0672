// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Keccak permutation and two functions over it: keccak256 with Ethereum's original padding
// (not SHA3-256), and SHAKE128 (FIPS 202). Any thread; a Shake128 object belongs to one thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lepton::crypto {

/// The 1600-bit state: lane x + 5 * y, each lane little-endian.
using KeccakState = std::array<std::uint64_t, 25>;

/// Applies Keccak-f[1600] (24 rounds) to `state`.
void keccak_f1600(KeccakState& state);

/// Returns the Keccak-256 digest of `data` as Ethereum uses it (padding byte 0x01).
Bytes32 keccak256(ByteView data);

/// Fills all of `out` with the SHAKE128 output of `input`.
void shake128(ByteView input, MutableByteView out);

/// SHAKE128 of a message that arrives in pieces. The state is wiped on destruction.
class Shake128 {
  public:
    Shake128() = default;
    ~Shake128();
    Shake128(const Shake128&) = default;
    Shake128& operator=(const Shake128&) = default;

    /// Appends `data` to the message. Requires that squeeze was not called yet.
    void absorb(ByteView data);

    /// Fills all of `out` with the next output bytes; may be called again for more.
    void squeeze(MutableByteView out);

  private:
    KeccakState state_{};
    std::size_t position_ = 0;  // bytes of the current block absorbed or handed out
    bool is_squeezing_ = false;
};

}  // namespace lepton::crypto
