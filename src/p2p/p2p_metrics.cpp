// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_metrics.hpp"

#include "base/assert.hpp"

namespace lepton::p2p {
namespace {

using libp2p::CloseCause;
using libp2p::PeerId;

constexpr std::string_view kUnknownClient = "unknown";

std::string_view direction(bool is_outbound) {
    return is_outbound ? "outbound" : "inbound";
}

std::string_view reason(CloseCause cause) {
    switch (cause) {
        case CloseCause::local:
            return "local_close";
        case CloseCause::remote:
            return "remote_close";
        case CloseCause::timeout:
            return "timeout";
        case CloseCause::error:
            return "error";
    }
    assertion_failed("known CloseCause", __FILE__, __LINE__, {});
}

}  // namespace

Counter& CounterTable::at(std::string_view first, std::string_view second) {
    auto family = children_.find(first);
    if (family == children_.end()) family = children_.try_emplace(std::string{first}).first;
    const auto known = family->second.find(second);
    if (known != family->second.end()) return *known->second;
    Counter& child = metrics_.counter(
        family_, help_, {{first_label_, std::string{first}}, {second_label_, std::string{second}}});
    family->second.emplace(second, &child);
    return child;
}

P2pMetrics::P2pMetrics(Metrics& metrics, const P2pConfig& config)
    : metrics_(metrics),
      names_(config.peer_names),
      connections_(metrics,
                   "lean_peer_connection_events_total",
                   "Connections that came up or failed",
                   "direction",
                   "result"),
      disconnections_(metrics,
                      "lean_peer_disconnection_events_total",
                      "Peers that were lost",
                      "direction",
                      "reason"),
      gossip_results_(metrics,
                      "lepton_gossip_messages_total",
                      "Gossip messages by what became of them before verification",
                      "topic",
                      "result"),
      published_(metrics,
                 "lepton_published_total",
                 "Own messages by the outcome of publishing",
                 "kind",
                 "status"),
      requests_(metrics,
                "lepton_requests_total",
                "Requests to peers by their result",
                "protocol",
                "result"),
      requests_received_(metrics,
                         "lepton_requests_received_total",
                         "Requests of peers by what became of them",
                         "protocol",
                         "result"),
      fetches_(metrics,
               "lepton_block_fetches_total",
               "Blocks wanted by root, by outcome",
               "kind",
               "status"),
      fetches_wanted_(metrics.gauge("lepton_block_fetches_wanted", "Blocks wanted by root now")),
      fetches_stalled_(metrics.gauge("lepton_block_fetches_stalled",
                                     "Wanted blocks that wait for a peer to ask")),
      bans_(metrics.counter("lepton_peers_banned_total", "Peers banned for what they sent")),
      block_sizes_(metrics.histogram("lean_gossip_block_size_bytes",
                                     "Size of gossiped blocks on the wire",
                                     {10e3, 50e3, 100e3, 250e3, 500e3, 1e6, 2e6, 5e6})),
      attestation_sizes_(metrics.histogram("lean_gossip_attestation_size_bytes",
                                           "Size of gossiped votes on the wire",
                                           {512, 1024, 2048, 4096, 8192, 16384})),
      aggregation_sizes_(
          metrics.histogram("lean_gossip_aggregation_size_bytes",
                            "Size of gossiped aggregates on the wire",
                            {1024, 4096, 16384, 65536, 131072, 262144, 524288, 1048576})) {
    const std::vector<SubnetId> subnets = subscribed_subnets(config);
    metrics.gauge("lean_attestation_committee_count", "Number of attestation subnets")
        .Set(static_cast<double>(config.committee_count));
    metrics.gauge("lean_attestation_committee_subnet", "The first subnet this node listens to")
        .Set(subnets.empty() ? 0.0 : static_cast<double>(subnets.front().value));
    for (const std::string_view way : {"inbound", "outbound"}) {
        connections_.at(way, "success");
        for (const CloseCause cause :
             {CloseCause::local, CloseCause::remote, CloseCause::timeout}) {
            disconnections_.at(way, reason(cause));
        }
    }
    set_connected_peers({});
    set_mesh_peers({});
}

void P2pMetrics::connected(bool is_outbound) {
    connections_.at(direction(is_outbound), "success").Increment();
}

void P2pMetrics::dial_failed(SwarmErrorKind kind) {
    connections_.at("outbound", kind == SwarmErrorKind::timeout ? "timeout" : "error").Increment();
}

void P2pMetrics::incoming_refused() {
    connections_.at("inbound", "error").Increment();
}

void P2pMetrics::disconnected(bool is_outbound, CloseCause cause) {
    disconnections_.at(direction(is_outbound), reason(cause)).Increment();
}

void P2pMetrics::set_connected_peers(const std::vector<PeerId>& peers) {
    set_by_client("lean_connected_peers", "Connected peers", peers);
}

void P2pMetrics::set_mesh_peers(const std::vector<PeerId>& peers) {
    set_by_client("lean_gossip_mesh_peers", "Peers in the mesh of any topic", peers);
}

void P2pMetrics::set_by_client(const std::string& family,
                               const std::string& help,
                               const std::vector<PeerId>& peers) {
    std::map<std::string_view, double> counts{{kUnknownClient, 0}};
    for (const auto& [peer, name] : names_) counts[name] = 0;
    for (const PeerId& peer : peers) {
        const auto name = names_.find(peer);
        ++counts[name == names_.end() ? kUnknownClient : std::string_view{name->second}];
    }
    for (const auto& [client, count] : counts) {
        metrics_.gauge(family, help, {{"client", std::string{client}}}).Set(count);
    }
}

void P2pMetrics::gossip_size(TopicKind kind, std::size_t size) {
    Histogram& sizes = kind == TopicKind::block         ? block_sizes_
                       : kind == TopicKind::aggregation ? aggregation_sizes_
                                                        : attestation_sizes_;
    sizes.Observe(static_cast<double>(size));
}

void P2pMetrics::gossip_result(TopicKind kind, std::string_view result) {
    gossip_results_.at(to_string(kind), result).Increment();
}

void P2pMetrics::published(network_api::PublishKind kind, network_api::PublishStatus status) {
    published_.at(to_string(kind), to_string(status)).Increment();
}

void P2pMetrics::request_ended(RequestProtocol protocol, std::string_view result) {
    requests_.at(to_string(protocol), result).Increment();
}

void P2pMetrics::request_received(RequestProtocol protocol, std::string_view result) {
    requests_received_.at(to_string(protocol), result).Increment();
}

void P2pMetrics::fetch_ended(network_api::FetchStatus status) {
    fetches_.at("root", to_string(status)).Increment();
}

void P2pMetrics::set_fetches(std::size_t wanted, std::size_t stalled) {
    fetches_wanted_.Set(static_cast<double>(wanted));
    fetches_stalled_.Set(static_cast<double>(stalled));
}

}  // namespace lepton::p2p
