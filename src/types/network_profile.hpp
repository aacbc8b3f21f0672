// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Everything that differs between networks, chosen once at start-up. No other file outside
// crypto/xmss may know a key or signature size, a scheme or a fork digest as a constant. Values;
// any thread.
#pragma once

#include "base/result.hpp"
#include "types/constants.hpp"
#include "types/primitives.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lepton {

struct NetworkProfile {
    /// "leanspec-prod", "leanspec-test"
    std::string name;
    /// Name of the crypto::SignatureScheme of votes and proposals.
    std::string signature_scheme;
    /// Bytes of a validator's public key and of a signature on the wire.
    std::size_t public_key_size = 0;
    std::size_t signature_size = 0;
    /// Slots for which a key can sign, from slot 0.
    std::uint64_t key_lifetime_slots = 0;
    /// Name of the aggregation backend's proof format, and the most bytes of one proof.
    std::string proof_format;
    std::size_t proof_size_max = kProofSizeMax;
    /// Most distinct messages one multi-message proof may cover.
    std::size_t proof_components_max = 16;
    std::uint64_t milliseconds_per_interval = 800;
    /// Part of every gossip topic: eight hexadecimal digits, no prefix.
    std::string fork_digest;

    std::uint64_t milliseconds_per_slot() const {
        return milliseconds_per_interval * kIntervalsPerSlot;
    }
    bool operator==(const NetworkProfile&) const = default;
};

/// Returns the profile `name`. Errors: an unknown name, with the known ones.
Result<NetworkProfile, ConfigError> network_profile(std::string_view name);

}  // namespace lepton
