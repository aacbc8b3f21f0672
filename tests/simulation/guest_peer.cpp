// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "guest_peer.hpp"

#include "base/assert.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/swarm_adapter.hpp"

#include <utility>
#include <variant>

namespace lepton::simulation {
namespace {

constexpr Duration kLookInterval = std::chrono::seconds{2};

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

}  // namespace

GuestPeer::GuestPeer(const SimWorld& world,
                     SimMachine& machine,
                     Random& random,
                     std::uint32_t first_identity,
                     std::vector<libp2p::Multiaddr> nodes,
                     Hooks hooks)
    : world_(world),
      machine_(machine),
      random_(random),
      next_identity_(first_identity),
      nodes_(std::move(nodes)),
      hooks_(std::move(hooks)) {
    join();
}

GuestPeer::~GuestPeer() = default;

void GuestPeer::start() {
    look();
}

void GuestPeer::join() {
    const std::uint32_t identity = next_identity_++;
    const NetworkProfile& profile = world_.genesis.profile;
    const libp2p::Multiaddr listen{
        .ip = libp2p::sim_ip(identity), .udp_port = 9000, .peer_id = std::nullopt};
    p2p::SwarmAdapterConfig config = p2p::swarm_adapter_config({.profile = profile,
                                                                .bootnodes = {},
                                                                .committee_count = 1,
                                                                .validators = {},
                                                                .is_aggregator = true,
                                                                .aggregate_subnets = {},
                                                                .peer_names = {}},
                                                               libp2p::sim_public_key(identity),
                                                               "guest",
                                                               listen);
    is_thrown_out_ = false;
    swarm_ = std::make_unique<libp2p::Swarm>(
        machine_,
        world_.network.add_endpoint(
            machine_, libp2p::sim_public_key(identity), libp2p::sim_ip(identity)),
        random_,
        metrics_,
        config.swarm,
        [this](libp2p::SwarmEvent event) { on_event(std::move(event)); });
    for (const std::string& topic : config.subscriptions) swarm_->subscribe(topic);
}

void GuestPeer::look() {
    if (is_thrown_out_) {
        swarm_.reset();
        join();
    }
    for (const libp2p::Multiaddr& node : nodes_) {
        if (!swarm_->is_connected(*node.peer_id)) {
            swarm_->dial(node, [](const libp2p::DialOutcome&) {});
        }
    }
    machine_.after(kLookInterval, [this] { look(); });
}

void GuestPeer::publish(const p2p::Topic& topic, ByteView ssz) {
    publish_raw(topic, p2p::snappy_block_encode(ssz));
}

void GuestPeer::publish_raw(const p2p::Topic& topic, Bytes data) {
    // Whether anybody hears it is of no interest.
    (void)swarm_->publish(p2p::topic_name(world_.genesis.profile.fork_digest, topic),
                          std::move(data));
}

void GuestPeer::request(p2p::RequestProtocol protocol, ByteView ssz) {
    for (const libp2p::Multiaddr& node : nodes_) {
        if (!swarm_->is_connected(*node.peer_id)) continue;
        swarm_->request(*node.peer_id,
                        p2p::protocol_id(protocol),
                        p2p::encode_request(ssz),
                        [this](libp2p::RequestEvent event) {
                            const auto* chunk = std::get_if<libp2p::ResponseChunk>(&event);
                            if (chunk != nullptr) swarm_->chunk_handled(chunk->request.id);
                        });
    }
}

void GuestPeer::on_event(libp2p::SwarmEvent event) {
    std::visit(
        Overloaded{[this](libp2p::GossipMessage& message) { on_gossip(message); },
                   [this](libp2p::InboundRequest& request) { on_request(std::move(request)); },
                   [this](libp2p::ConnectionClosed& closed) {
                       if (closed.reason.cause == libp2p::CloseCause::remote) {
                           is_thrown_out_ = true;
                       }
                   },
                   [](auto&) {}},
        event);
}

void GuestPeer::on_gossip(const libp2p::GossipMessage& message) {
    swarm_->report_validation(message.id, message.peer, libp2p::gossipsub::Verdict::accept);
    const auto topic = p2p::parse_topic(world_.genesis.profile.fork_digest, message.topic);
    LEPTON_ASSERT(topic.has_value(), message.topic);
    hooks_.on_gossip(*topic, message.data);
}

void GuestPeer::on_request(libp2p::InboundRequest request) {
    const auto protocol = p2p::parse_protocol_id(request.request.protocol);
    LEPTON_ASSERT(protocol.has_value(), request.request.protocol);
    std::optional<Bytes> answer = hooks_.answer(*protocol, request.data);
    if (!answer) {
        waiting_.push_back(std::move(request.channel));
        if (waiting_.size() > kWaitingMax) waiting_.pop_front();
        return;
    }
    using Written = libp2p::ResponseChannel::Written;
    if (answer->empty() || request.channel.write(std::move(*answer)) == Written::queued) {
        request.channel.finish();
    }
}

}  // namespace lepton::simulation
