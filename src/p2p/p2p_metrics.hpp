// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The metrics of the P2P actor. Names that start with lean_ are those all lean clients have. Label
// values are fixed texts, so no peer can make more of them. One thread.
#pragma once

#include "base/metrics.hpp"
#include "libp2p/transport.hpp"
#include "network_api/messages.hpp"
#include "p2p/p2p_config.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/swarm_messages.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::p2p {

/// Counters of one family with two labels, found without a lock after their first use.
class CounterTable {
  public:
    CounterTable(Metrics& metrics,
                 std::string family,
                 std::string help,
                 std::string first_label,
                 std::string second_label)
        : metrics_(metrics),
          family_(std::move(family)),
          help_(std::move(help)),
          first_label_(std::move(first_label)),
          second_label_(std::move(second_label)) {}

    /// Makes the child at zero when it does not exist.
    Counter& at(std::string_view first, std::string_view second);

  private:
    Metrics& metrics_;
    std::string family_;
    std::string help_;
    std::string first_label_;
    std::string second_label_;
    using Children = std::map<std::string, Counter*, std::less<>>;
    std::map<std::string, Children, std::less<>> children_;
};

class P2pMetrics {
  public:
    /// `metrics` must outlive this object. Every lean_ family has a child from the start.
    P2pMetrics(Metrics& metrics, const P2pConfig& config);

    void connected(bool is_outbound);
    void dial_failed(SwarmErrorKind kind);
    void incoming_refused();
    void disconnected(bool is_outbound, libp2p::CloseCause cause);
    /// Sets the gauges to the number of these peers, by client.
    void set_connected_peers(const std::vector<libp2p::PeerId>& peers);
    void set_mesh_peers(const std::vector<libp2p::PeerId>& peers);

    void gossip_size(TopicKind kind, std::size_t size);
    /// `result`: "verifier" for what went on, else why not.
    void gossip_result(TopicKind kind, std::string_view result);
    void published(network_api::PublishKind kind, network_api::PublishStatus status);
    void request_ended(RequestProtocol protocol, std::string_view result);
    void request_received(RequestProtocol protocol, std::string_view result);
    void fetch_ended(network_api::FetchStatus status);
    void set_fetches(std::size_t wanted, std::size_t stalled);
    void banned() { bans_.Increment(); }

  private:
    void set_by_client(const std::string& family,
                       const std::string& help,
                       const std::vector<libp2p::PeerId>& peers);

    Metrics& metrics_;
    std::map<libp2p::PeerId, std::string> names_;
    CounterTable connections_;
    CounterTable disconnections_;
    CounterTable gossip_results_;
    CounterTable published_;
    CounterTable requests_;
    CounterTable requests_received_;
    CounterTable fetches_;
    Gauge& fetches_wanted_;
    Gauge& fetches_stalled_;
    Counter& bans_;
    Histogram& block_sizes_;
    Histogram& attestation_sizes_;
    Histogram& aggregation_sizes_;
};

}  // namespace lepton::p2p
