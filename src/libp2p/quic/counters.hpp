// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the QUIC transport counts. Nothing it throws away goes uncounted. Any thread.
#pragma once

#include "base/metrics.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::libp2p {

/// Why a datagram that arrived was not used, or one that should leave did not.
enum class Drop : std::uint8_t {
    malformed,
    unknown_version,
    not_listening,
    unknown_connection,
    invalid_token,
    half_open_full,
    prefix_full,
    prefix_too_fast,
    too_fast,
    connections_full,
    retry_required,
    closed_connection,
    before_handshake,  ///< 1-RTT datagrams beyond what a dialled connection holds back
    stateless_rate,    ///< an answer not sent: too many of them
    socket_full,       ///< an answer not sent: the system had no room
};
inline constexpr std::size_t kDropCount = 15;

/// Returns the enumerator's name.
std::string_view to_string(Drop drop);

class QuicCounters {
  public:
    /// Registers the families; `metrics` must outlive this object.
    explicit QuicCounters(Metrics& metrics);

    void drop(Drop reason) { drops_[static_cast<std::size_t>(reason)]->Increment(); }
    std::uint64_t dropped(Drop reason) const {
        return static_cast<std::uint64_t>(drops_[static_cast<std::size_t>(reason)]->Value());
    }

    Counter& datagrams_received;
    Counter& datagrams_sent;
    Counter& bytes_received;
    Counter& bytes_sent;
    Counter& retries_sent;
    Counter& resets_sent;
    Counter& version_negotiations_sent;
    Counter& handshakes_completed;
    Counter& handshakes_failed;
    Counter& abusive_peers;
    Gauge& connections;
    Gauge& half_open;
    Gauge& queued_bytes;

  private:
    std::array<Counter*, kDropCount> drops_{};
};

}  // namespace lepton::libp2p
