// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Names for simulated endpoints: keys and addresses by number. Pure; any thread.
#pragma once

#include "base/bytes.hpp"

namespace lepton::libp2p {

/// Returns something in the form of a secp256k1 public key's protobuf; nobody has its private key.
inline Bytes sim_public_key(std::uint32_t number) {
    Bytes key{0x08, 0x02, 0x12, 0x21, 0x02};
    key.resize(4 + 33, 0);
    for (std::size_t i = 0; i < 4; ++i)
        key[5 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return key;
}

/// Returns the address 10.x.y.z of endpoint `number`.
inline Bytes sim_ip(std::uint32_t number) {
    return {10,
            static_cast<std::uint8_t>(number >> 16),
            static_cast<std::uint8_t>(number >> 8),
            static_cast<std::uint8_t>(number)};
}

}  // namespace lepton::libp2p
