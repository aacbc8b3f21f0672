// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Public keys and signatures of validators as opaque bytes. Their sizes depend on the network's
// signature scheme (network_profile.hpp) and are checked where bytes enter. Values; any thread.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <compare>

namespace lepton {

/// A validator's public key. Kept inline, so that copying a registry costs no allocation per key.
class PublicKey {
  public:
    /// The largest key of any scheme in sight (52 bytes) and some room.
    static constexpr std::size_t kSizeMax = 64;

    PublicKey() = default;
    /// Requires bytes.size() <= kSizeMax.
    explicit PublicKey(ByteView bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
        LEPTON_ASSERT(bytes.size() <= kSizeMax);
        std::ranges::copy(bytes, bytes_.begin());
    }

    ByteView bytes() const { return {bytes_.data(), size_}; }
    auto operator<=>(const PublicKey&) const = default;

  private:
    std::array<std::uint8_t, kSizeMax> bytes_{};
    std::uint8_t size_ = 0;
};

/// A signature in its wire form.
struct Signature {
    Bytes bytes;

    auto operator<=>(const Signature&) const = default;
};

}  // namespace lepton
