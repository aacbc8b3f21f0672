// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keys and signatures to measure with. A key is as large as a real one, but only the leaves of a
// few slots are hashes of chains; the others are random, which saves minutes and changes nothing of
// what signing and verifying do. One thread.
#pragma once

#include "crypto/signature_scheme.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace lepton::bench {

/// The slots that can be signed.
inline constexpr std::uint64_t kSlots = 16;

/// Returns a key of the prod scheme, the same for the same seed.
std::unique_ptr<crypto::Signer> make_signer(std::uint64_t seed);

/// A message that a validator signed.
struct Vote {
    Bytes public_key;
    std::uint64_t slot = 0;
    Bytes32 message{};
    Bytes signature;
    std::uint64_t attempts = 0;  ///< randomness tried until the message could be encoded

    crypto::VerifyJob job() const { return {public_key, slot, message, signature}; }
};

/// Returns the vote of the key made from `seed` for a random message of `random`.
Vote sign_random_message(const crypto::Signer& signer,
                         std::uint64_t seed,
                         std::uint64_t slot,
                         Random& random);

}  // namespace lepton::bench
