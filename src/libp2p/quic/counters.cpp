// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/counters.hpp"

#include <string>

namespace lepton::libp2p {

std::string_view to_string(Drop drop) {
    switch (drop) {
        case Drop::malformed:
            return "malformed";
        case Drop::unknown_version:
            return "unknown_version";
        case Drop::not_listening:
            return "not_listening";
        case Drop::unknown_connection:
            return "unknown_connection";
        case Drop::invalid_token:
            return "invalid_token";
        case Drop::half_open_full:
            return "half_open_full";
        case Drop::prefix_full:
            return "prefix_full";
        case Drop::prefix_too_fast:
            return "prefix_too_fast";
        case Drop::too_fast:
            return "too_fast";
        case Drop::connections_full:
            return "connections_full";
        case Drop::retry_required:
            return "retry_required";
        case Drop::closed_connection:
            return "closed_connection";
        case Drop::before_handshake:
            return "before_handshake";
        case Drop::stateless_rate:
            return "stateless_rate";
        case Drop::socket_full:
            return "socket_full";
    }
    return "unknown";
}

QuicCounters::QuicCounters(Metrics& metrics)
    : datagrams_received(
          metrics.counter("lepton_quic_datagrams_total", "UDP datagrams", {{"direction", "in"}})),
      datagrams_sent(
          metrics.counter("lepton_quic_datagrams_total", "UDP datagrams", {{"direction", "out"}})),
      bytes_received(
          metrics.counter("lepton_quic_bytes_total", "UDP payload bytes", {{"direction", "in"}})),
      bytes_sent(
          metrics.counter("lepton_quic_bytes_total", "UDP payload bytes", {{"direction", "out"}})),
      retries_sent(metrics.counter("lepton_quic_retries_total", "Retry packets sent")),
      resets_sent(metrics.counter("lepton_quic_resets_total", "stateless resets sent")),
      version_negotiations_sent(metrics.counter("lepton_quic_version_negotiations_total",
                                                "version negotiation packets sent")),
      handshakes_completed(metrics.counter(
          "lepton_quic_handshakes_total", "handshakes ended", {{"result", "completed"}})),
      handshakes_failed(metrics.counter(
          "lepton_quic_handshakes_total", "handshakes ended", {{"result", "failed"}})),
      abusive_peers(metrics.counter("lepton_quic_abusive_peers_total",
                                    "connections closed for useless traffic or memory use")),
      connections(metrics.gauge("lepton_quic_connections", "connections that are not closed")),
      half_open(metrics.gauge("lepton_quic_half_open", "accepted handshakes under way")),
      queued_bytes(metrics.gauge("lepton_quic_queued_bytes",
                                 "bytes waiting for sending or acknowledgement")) {
    for (std::size_t i = 0; i < kDropCount; ++i) {
        drops_[i] = &metrics.counter("lepton_quic_dropped_total",
                                     "datagrams not used or not sent",
                                     {{"reason", std::string{to_string(static_cast<Drop>(i))}}});
    }
}

}  // namespace lepton::libp2p
