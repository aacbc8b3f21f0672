// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-collector: a peer without validators that writes down all gossip it hears, for a judge
// outside of lepton's code (witness.py). It listens to every topic of the network, stays connected
// to every node, and influences nothing: it forwards no message and serves no block. One thread.
//
// Lines on stdout:
//   listening MULTIADDR
//   connected PEER | disconnected PEER
//   message UNIX_MS TOPIC PEER SIZE HEX     SIZE bytes, uncompressed SSZ
// It ends well when its stdin ends, so that it never outlives who started it.
#include "libp2p/asio_reactor.hpp"
#include "libp2p/asio_udp_socket.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/quic/transport.hpp"
#include "libp2p/swarm.hpp"
#include "p2p/bootnodes.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/request_protocols.hpp"
#include "p2p/swarm_adapter.hpp"
#include "types/network_profile.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using namespace lepton;
using libp2p::PeerId;

constexpr Duration kDialInterval = std::chrono::seconds(1);
constexpr Duration kPingInterval = std::chrono::milliseconds(500);

void tell(std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

/// Returns an identity whose peer id is above those of all `nodes`: of two connections to a node,
/// both sides then keep the one that the node dialled, which is the living one after its restart.
libp2p::Identity make_identity(Random& random, const std::vector<libp2p::Multiaddr>& nodes) {
    for (;;) {
        libp2p::Identity identity = libp2p::Identity::generate(random);
        if (std::ranges::all_of(nodes, [&](const libp2p::Multiaddr& node) {
                return *node.peer_id < identity.peer_id();
            })) {
            return identity;
        }
    }
}

class Collector {
  public:
    Collector(boost::asio::io_context& context,
              libp2p::Reactor& reactor,
              Random& random,
              const libp2p::Identity& identity,
              p2p::SwarmAdapterConfig config,
              std::vector<libp2p::Multiaddr> nodes)
        : reactor_(reactor),
          nodes_(std::move(nodes)),
          swarm_(reactor,
                 std::make_unique<libp2p::QuicTransport>(
                     reactor, random, identity, metrics_, libp2p::asio_udp_sockets(context)),
                 random,
                 metrics_,
                 std::move(config.swarm),
                 [this](libp2p::SwarmEvent event) {
                     std::visit([this](auto& one) { on(std::move(one)); }, event);
                 }) {
        for (const std::string& topic : config.subscriptions) swarm_.subscribe(topic);
    }

    Result<void, IoError> start(const libp2p::Multiaddr& address) {
        auto listening = swarm_.listen(address);
        if (!listening) return std::unexpected(listening.error());
        listening->peer_id = swarm_.peer_id();
        tell("listening " + listening->to_string());
        dial_missing();
        ping_all();
        return {};
    }

  private:
    void on(libp2p::ConnectionEstablished event) {
        if (event.count == 1) tell("connected " + event.peer.to_base58());
    }
    void on(libp2p::ConnectionClosed event) {
        if (event.remaining == 0) tell("disconnected " + event.peer.to_base58());
    }
    void on(libp2p::GossipMessage event) {
        tell(fmt::format("message {} {} {} {} {}",
                         reactor_.clock().unix_ms(),
                         event.topic,
                         event.peer.to_base58(),
                         event.data.size(),
                         to_hex(event.data)));
        swarm_.report_validation(event.id, event.peer, libp2p::gossipsub::Verdict::ignore);
    }
    /// The only requests that are let in ask for a status. The asker gets its own back: a peer that
    /// is where it is has nothing to offer and nothing to ask for.
    void on(libp2p::InboundRequest event) {
        if (event.channel.write(p2p::encode_response_chunk(event.data)) ==
            libp2p::ResponseChannel::Written::queued) {
            event.channel.finish();
        }
    }
    template <class Event>
        requires(std::is_same_v<Event, libp2p::IncomingError> ||
                 std::is_same_v<Event, libp2p::PeerProtocols> ||
                 std::is_same_v<Event, libp2p::PeerSubscription> ||
                 std::is_same_v<Event, libp2p::ResponseWritable> ||
                 std::is_same_v<Event, libp2p::ResponseOutcome>)
    void on(Event&& /*event*/) {}

    void dial_missing() {
        for (const libp2p::Multiaddr& node : nodes_) {
            if (swarm_.is_connected(*node.peer_id)) continue;
            if (!dialling_.insert(*node.peer_id).second) continue;
            swarm_.dial(node, [this, peer = *node.peer_id](const libp2p::DialOutcome&) {
                dialling_.erase(peer);
            });
        }
        reactor_.after(kDialInterval, [this] { dial_missing(); });
    }

    /// A node that was restarted answers packets of its former life with a reset: something has to
    /// be sent for it to answer.
    void ping_all() {
        for (const libp2p::Multiaddr& node : nodes_) {
            if (!swarm_.is_connected(*node.peer_id)) continue;
            if (!pinging_.insert(*node.peer_id).second) continue;
            swarm_.ping(*node.peer_id, [this, peer = *node.peer_id](const libp2p::PingOutcome&) {
                pinging_.erase(peer);
            });
        }
        reactor_.after(kPingInterval, [this] { ping_all(); });
    }

    libp2p::Reactor& reactor_;
    std::vector<libp2p::Multiaddr> nodes_;
    std::set<PeerId> dialling_;
    std::set<PeerId> pinging_;
    Metrics metrics_;
    /// The last member: it goes first, and calls back until it is gone.
    libp2p::Swarm swarm_;
};

int fail(int code, std::string_view what) {
    std::fprintf(stderr, "lepton-collector: %.*s\n", static_cast<int>(what.size()), what.data());
    return code;
}

int run(const std::string& network,
        const std::string& bootnodes,
        std::uint64_t committees,
        std::uint16_t port) {
    const auto profile = network_profile(network);
    if (!profile) return fail(2, profile.error().what);
    std::ifstream file(bootnodes);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    SystemRandom random;
    const auto nodes =
        p2p::parse_bootnodes(text, libp2p::Identity::generate(random).peer_id()).addresses;
    if (nodes.empty()) return fail(2, bootnodes + ": no node is listed there");
    const libp2p::Identity identity = make_identity(random, nodes);

    p2p::P2pConfig p2p_config{.profile = *profile,
                              .bootnodes = nodes,
                              .committee_count = committees,
                              .validators = {},
                              .is_aggregator = false,
                              .aggregate_subnets = {},
                              .peer_names = {}};
    const libp2p::Multiaddr address{
        .ip = Bytes{127, 0, 0, 1}, .udp_port = port, .peer_id = std::nullopt};
    p2p::SwarmAdapterConfig config = p2p::swarm_adapter_config(
        p2p_config, identity.public_key_protobuf(), "lepton-collector", address);
    config.swarm.requests = {p2p::swarm_protocol(p2p::RequestProtocol::status)};
    config.subscriptions.clear();
    for (const p2p::Topic& topic : p2p::all_topics(p2p_config)) {
        config.subscriptions.push_back(p2p::topic_name(profile->fork_digest, topic));
    }

    boost::asio::io_context context;
    const SystemClock clock;
    libp2p::AsioReactor reactor{context, clock};
    Collector collector{context, reactor, random, identity, std::move(config), nodes};
    if (auto started = collector.start(address); !started) return fail(74, started.error().what);

    boost::asio::posix::stream_descriptor input{context, ::dup(STDIN_FILENO)};
    std::string ignored;
    boost::asio::async_read(
        input, boost::asio::dynamic_buffer(ignored, 4096), [&](auto, auto) { context.stop(); });
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A peer that writes down all gossip of a network of lepton nodes"};
    std::string network = "leanspec-test";
    std::string bootnodes;
    std::uint64_t committees = 1;
    std::uint16_t port = 0;
    app.add_option("--network", network, "network profile")->capture_default_str();
    app.add_option("--bootnodes", bootnodes, "nodes.yaml")->required();
    app.add_option("--attestation-committee-count", committees, "subnets to listen to")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--port", port, "QUIC port (UDP); 0: any")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return run(network, bootnodes, committees, port);
}
