// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "ssz/ssz.hpp"
#include "types/ssz.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;

std::string_view describe(libp2p::CloseCause cause) {
    switch (cause) {
        case libp2p::CloseCause::local:
            return "local";
        case libp2p::CloseCause::remote:
            return "remote";
        case libp2p::CloseCause::timeout:
            return "timeout";
        case libp2p::CloseCause::error:
            return "error";
    }
    assertion_failed("known CloseCause", __FILE__, __LINE__, {});
}

}  // namespace

P2p::P2p(P2pConfig config, VerifierRecipients verifier, const P2pWorld& world)
    : config_(std::move(config)),
      verifier_(std::move(verifier)),
      chain_(world.chain),
      clock_(world.clock),
      random_(world.random),
      metrics_(world.metrics, config_),
      undecodable_(libp2p::DecodeFailures::make(world.metrics)),
      book_(world.random),
      fetches_(world.random),
      server_(world.blocks),
      range_(world.random) {
    LEPTON_ASSERT(config_.committee_count > 0);
    for (const libp2p::Multiaddr& address : config_.bootnodes) book_.add_static(address, now());
    proceed();
}

void P2p::on_events(SwarmEvents batch) {
    for (SwarmEvent& event : batch.events) {
        std::visit([this](auto& one) { on_event(std::move(one)); }, event);
    }
    proceed();
}

void P2p::on_time() {
    proceed();
}

std::optional<Time> P2p::next_due() const {
    std::optional<Time> due = server_.next_due(now());
    const auto consider = [&due](const std::optional<Time>& other) {
        if (other && (!due || *other < *due)) due = other;
    };
    consider(book_.next_due());
    consider(fetches_.next_due());
    consider(range_.next_due());
    for (const auto& [id, peer] : connected_) consider(peer.status_due);
    return due;
}

std::vector<SwarmCommand> P2p::take_commands() {
    return std::exchange(commands_, {});
}

void P2p::proceed() {
    start_dials();
    start_fetches();
    sync_range();
    ask_statuses();
    serve();
    metrics_.set_fetches(fetches_.size(), fetches_.stalled());
}

std::string P2p::name_of(const PeerId& id) const {
    const auto peer = connected_.find(id);
    return peer == connected_.end() ? id.to_base58() : peer->second.name;
}

// --- peers

void P2p::on_event(PeerConnected event) {
    metrics_.connected(event.is_outbound);
    book_.connected(event.peer, now());
    if (book_.is_banned(event.peer, now())) {
        commands_.emplace_back(SwarmDisconnect{event.peer, "banned"});
        return;
    }
    Peer& peer = connected_[event.peer];
    peer = Peer{.name = event.peer.to_base58(),
                .is_outbound = event.is_outbound,
                .status_due = std::nullopt,
                .has_status = false,
                .has_range = true,
                .refused = {}};
    // Before anything else is asked of it.
    ask_status(event.peer, peer);
    fetches_.peer_connected(event.peer);
    update_gauges();
    const auto level = book_.is_static(event.peer) ? log::Level::info : log::Level::debug;
    if (!log::is_enabled(level)) return;
    log::write(level,
               fmt::format("peer_connected peer={} direction={} peers={}",
                           peer.name,
                           event.is_outbound ? "outbound" : "inbound",
                           connected_.size()));
}

void P2p::on_event(PeerDisconnected event) {
    metrics_.disconnected(event.is_outbound, event.reason.cause);
    book_.disconnected(event.peer, now());
    const std::string name = name_of(event.peer);
    connected_.erase(event.peer);
    fetches_.peer_disconnected(event.peer, now());
    range_.peer_disconnected(event.peer, now());
    server_.peer_disconnected(event.peer);
    update_gauges();
    const auto level = book_.is_static(event.peer) ? log::Level::info : log::Level::debug;
    if (!log::is_enabled(level)) return;
    log::write(level,
               fmt::format("peer_disconnected peer={} cause={} what={} peers={}",
                           name,
                           describe(event.reason.cause),
                           log::quoted(event.reason.what),
                           connected_.size()));
}

void P2p::on_event(IncomingRefused event) {
    metrics_.incoming_refused();
    log::debug("incoming_refused what={}", log::quoted(event.what));
}

void P2p::on_event(MeshReport event) {
    metrics_.set_mesh_peers(event.peers);
}

void P2p::update_gauges() {
    std::vector<PeerId> peers;
    for (const auto& [id, peer] : connected_) peers.push_back(id);
    metrics_.set_connected_peers(peers);
}

void P2p::start_dials() {
    while (const auto address = book_.next_dial(now())) {
        commands_.push_back(Asked<SwarmDial>{
            {*address}, [this, address = *address](const SwarmDial::reply& connected) {
                book_.dial_finished(*address.peer_id, connected.has_value(), now());
                if (!connected) {
                    metrics_.dial_failed(connected.error().kind);
                    log::info("dial_failed address={} kind={} what={}",
                              address.to_string(),
                              to_string(connected.error().kind),
                              log::quoted(connected.error().what));
                }
                proceed();
            }});
    }
}

void P2p::on_report(const network_api::ReportPeer& message) {
    // Nobody is to blame for this node's own blocks.
    if (message.peer.empty()) return;
    const auto peer = PeerId::from_base58(message.peer);
    LEPTON_ASSERT(peer.has_value(), message.peer);
    log::debug("peer_reported peer={} reason={} root={}",
               message.peer,
               to_string(message.reason),
               message.root);
    penalize(*peer, message.reason, to_string(message.reason));
    proceed();
}

void P2p::penalize(const PeerId& id, Rejection reason, std::string_view what) {
    const int points = rejection_row(reason).penalty;
    if (points > 0) penalize(id, static_cast<double>(points), what);
}

void P2p::penalize(const PeerId& id, double points, std::string_view what) {
    const auto peer = connected_.find(id);
    if (peer != connected_.end()) ++peer->second.refused[what];
    if (!book_.penalize(id, points, now())) return;
    metrics_.banned();
    std::string refused;
    if (peer != connected_.end()) {
        for (const auto& [name, count] : peer->second.refused) {
            refused += fmt::format(" {}={}", name, count);
        }
    }
    log::warn("peer_banned peer={} reason={}{}", name_of(id), what, refused);
    commands_.emplace_back(SwarmDisconnect{id, "banned"});
}

void P2p::count_undecodable(const PeerId& id, std::string_view protocol, std::string_view reason) {
    undecodable_->count(id, protocol, reason);
    log::debug("undecodable peer={} protocol={} reason={}", name_of(id), protocol, reason);
}

// --- answering peers

void P2p::on_event(RequestReceived event) {
    const ssz::DecodeContext context = decode_context(config_.profile);
    const RequestProtocol protocol = event.request.protocol;
    const auto refuse = [&](ssz::DecodeError error) {
        metrics_.request_received(protocol, "malformed");
        count_undecodable(event.request.peer, protocol_id(protocol), to_string(error));
        server_.refuse(event.request, ResponseCode::invalid_request, "malformed request");
        penalize(event.request.peer, Rejection::DECODE_ERROR, "request_malformed");
    };
    const auto serve_blocks = [&](const auto& request) {
        if (!request) return refuse(request.error());
        metrics_.request_received(protocol, "accepted");
        server_.add(event.request, *request, now());
    };
    switch (protocol) {
        case RequestProtocol::status: {
            const auto status = ssz::decode<Status>(event.ssz, context);
            if (!status) return refuse(status.error());
            metrics_.request_received(protocol, "accepted");
            answer_status(event.request);
            const auto peer = connected_.find(event.request.peer);
            if (peer != connected_.end()) {
                consider_head(event.request.peer, peer->second, status->head);
            }
            return;
        }
        case RequestProtocol::blocks_by_root:
            return serve_blocks(ssz::decode<BlocksByRootRequest>(event.ssz, context));
        case RequestProtocol::blocks_by_range:
            return serve_blocks(ssz::decode<BlocksByRangeRequest>(event.ssz, context));
    }
}

void P2p::answer_status(const InboundRequest& request) {
    const auto view = chain_.get();
    const Status status{view->latest_finalized, view->head};
    respond({request, encode_response_chunk(ssz::encode(status)), true});
}

void P2p::serve() {
    for (int i = 0; i < kServePartsPerTurn; ++i) {
        auto part = server_.next(now());
        if (!part) return;
        respond(*std::move(part));
    }
}

void P2p::respond(SwarmRespond part) {
    const InboundRequest to = part.to;
    commands_.push_back(Asked<SwarmRespond>{
        std::move(part), [this, to](const SwarmRespond::reply& reply) {
            if (!reply) {
                metrics_.request_received(to.protocol, to_string(reply.error().kind));
                log::debug("response_failed peer={} protocol={} request={} kind={} what={}",
                           name_of(to.peer),
                           to_string(to.protocol),
                           to.id,
                           to_string(reply.error().kind),
                           log::quoted(reply.error().what));
            }
            server_.sent(to, reply.has_value());
            proceed();
        }});
}

}  // namespace lepton::p2p
