// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Who may start a handshake with this node. A handshake costs memory and processor time before the
// stranger has proven anything, even its address; so unfinished ones are bounded, in all and per
// network, and above a threshold an address must be proven first. Pure; one thread.
#pragma once

#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/socket_address.hpp"
#include "libp2p/quic/token_bucket.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace lepton::libp2p {

enum class Admission : std::uint8_t {
    accept,
    retry,            ///< the client must prove its address first
    half_open_full,   ///< too many unfinished handshakes
    prefix_full,      ///< too many of them from this network
    prefix_too_fast,  ///< too many started by this network lately
    too_fast,         ///< too many started by everybody lately
};

class AdmissionControl {
  public:
    /// Decides about a handshake from `ip`; `is_validated`: its address is proven. `accept` counts
    /// as one more unfinished handshake until `finish`.
    Admission start(const IpAddress& ip, bool is_validated, Time now);
    /// Forgets one unfinished handshake of `ip`: it succeeded or failed.
    void finish(const IpAddress& ip, Time now);

    std::size_t half_open() const { return half_open_; }

  private:
    struct Prefix {
        std::size_t half_open = 0;
        TokenBucket handshakes{limits::kHandshakesPerPrefixPerSecond,
                               limits::kHandshakesPerPrefixBurst};
    };

    /// Forgets networks that have nothing open and a full bucket.
    void sweep(Time now);

    std::size_t half_open_ = 0;
    TokenBucket handshakes_{limits::kHandshakesPerSecond, limits::kHandshakesBurst};
    TokenBucket unproven_{limits::kRetryPerSecond, limits::kRetryBurst};
    /// At most limits::kPrefixesMax.
    std::map<IpAddress, Prefix> prefixes_;
};

}  // namespace lepton::libp2p
