// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The names by which datagrams find their connection. Values; any thread.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>

namespace lepton::libp2p {

/// A QUIC connection id, at most 20 bytes in version 1.
struct ConnectionId {
    static constexpr std::size_t kSizeMax = 20;

    std::array<std::uint8_t, kSizeMax> bytes{};
    std::uint8_t size = 0;

    /// Requires at most kSizeMax bytes.
    static ConnectionId from(ByteView view) {
        LEPTON_ASSERT(view.size() <= kSizeMax);
        ConnectionId id;
        id.size = static_cast<std::uint8_t>(view.size());
        std::ranges::copy(view, id.bytes.begin());
        return id;
    }
    ByteView view() const { return ByteView{bytes}.first(size); }

    auto operator<=>(const ConnectionId&) const = default;
};

/// The last 16 bytes of a stateless reset.
using ResetToken = std::array<std::uint8_t, 16>;

}  // namespace lepton::libp2p
