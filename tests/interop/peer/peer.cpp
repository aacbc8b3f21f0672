// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "peer.hpp"

#include "crypto/sha256.hpp"
#include "p2p/request_protocols.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/swarm_adapter.hpp"
#include "types/network_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace lepton::interop {
namespace {

namespace json = boost::json;
using libp2p::PeerId;

constexpr std::size_t kShownDataMax = 65'536;
constexpr std::size_t kStatusSize = 80;
constexpr std::size_t kRangeSize = 16;
constexpr std::size_t kRootSize = 32;
constexpr std::array<std::uint8_t, 4> kRootsOffset{4, 0, 0, 0};
constexpr std::string_view kRawGossipProtocol = "/meshsub/1.0.0";

/// A command that could not be understood; ends up as an `error` event.
[[noreturn]] void refuse(const std::string& what) {
    throw std::runtime_error(what);
}

std::string text(const json::object& command, std::string_view field) {
    const json::value* value = command.if_contains(field);
    if (value == nullptr || !value->is_string()) refuse(fmt::format("field {} is missing", field));
    return std::string{value->get_string()};
}

std::uint64_t number(const json::object& command, std::string_view field) {
    const json::value* value = command.if_contains(field);
    if (value == nullptr || !value->is_number()) refuse(fmt::format("field {} is missing", field));
    return value->to_number<std::uint64_t>();
}

Bytes hex(const json::object& command, std::string_view field) {
    auto bytes = from_hex(text(command, field));
    if (!bytes) refuse(fmt::format("field {}: {}", field, bytes.error()));
    return std::move(*bytes);
}

PeerId peer_of(const json::object& command) {
    auto peer = PeerId::from_base58(text(command, "peer"));
    if (!peer) refuse("field peer: " + peer.error());
    return std::move(*peer);
}

/// Bytes that do not compress, the same in every implementation.
Bytes generated(std::size_t size, std::uint32_t seed) {
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) {
        std::uint32_t x = (seed + static_cast<std::uint32_t>(i)) * 2654435761U;
        x ^= x >> 15U;
        data[i] = static_cast<std::uint8_t>((x * 2246822519U) >> 24U);
    }
    return data;
}

/// Passes over everything: of an answer to arbitrary bytes only the end matters.
class NothingReader final : public libp2p::MessageDecoder {
  public:
    Result<void, libp2p::DecodeError> feed(ByteView /*bytes*/,
                                           std::vector<Bytes>& /*out*/) override {
        return {};
    }
    bool is_between_messages() const override { return true; }
};

/// Lets `send_bytes` open a gossip stream of its own. No node chooses the oldest version when it
/// opens one.
libp2p::RequestProtocol raw_gossip_protocol() {
    libp2p::RequestProtocol raw;
    raw.id = kRawGossipProtocol;
    raw.make_request_decoder = [] { return std::make_unique<NothingReader>(); };
    raw.make_response_decoder = raw.make_request_decoder;
    return raw;
}

libp2p::SwarmConfig swarm_config(const libp2p::Identity& identity) {
    p2p::P2pConfig config;
    config.profile = network_profile("leanspec-test").value();
    auto made = p2p::swarm_adapter_config(
        config, identity.public_key_protobuf(), "lepton-interop/lepton", {});
    made.swarm.requests.push_back(raw_gossip_protocol());
    return std::move(made.swarm);
}

std::string_view to_string(libp2p::gossipsub::PublishError error) {
    using libp2p::gossipsub::PublishError;
    switch (error) {
        case PublishError::no_peers:
            return "no_peers";
        case PublishError::duplicate:
            return "duplicate";
        case PublishError::too_large:
            return "too_large";
        case PublishError::queue_full:
            return "queue_full";
        case PublishError::invalid:
            return "invalid";
        case PublishError::stopped:
            return "stopped";
    }
    return "unknown";
}

std::deque<Bytes> error_answer(p2p::ResponseCode code, std::string_view what) {
    std::deque<Bytes> chunks;
    chunks.push_back(p2p::encode_error_chunk(code, what));
    return chunks;
}

}  // namespace

Peer::Peer(libp2p::Reactor& reactor,
           std::unique_ptr<libp2p::Transport> transport,
           Random& random,
           const libp2p::Identity& identity,
           Metrics& metrics,
           Emit emit)
    : reactor_(reactor),
      identity_(identity),
      metrics_(metrics),
      emit_(std::move(emit)),
      swarm_(reactor,
             std::move(transport),
             random,
             metrics,
             swarm_config(identity),
             [this](libp2p::SwarmEvent event) { on_event(std::move(event)); }) {
    for (const auto& topic : swarm_config(identity).gossip.topics) topics_.insert(topic.name);
}

Result<void, IoError> Peer::listen(const libp2p::Multiaddr& address) {
    auto bound = swarm_.listen(address);
    if (!bound) return std::unexpected(bound.error());
    bound->peer_id = identity_.peer_id();
    emit_({{"event", "ready"},
           {"peer", identity_.peer_id().to_base58()},
           {"addr", bound->to_string()}});
    return {};
}

// ---- commands

bool Peer::command(std::string_view line) {
    try {
        const json::value parsed = json::parse({line.data(), line.size()});
        if (!parsed.is_object()) refuse("not a JSON object");
        if (text(parsed.get_object(), "cmd") == "quit") return false;
        run(parsed.get_object());
    } catch (const std::exception& error) {
        emit_({{"event", "error"}, {"what", error.what()}});
    }
    return true;
}

void Peer::run(const json::object& command) {
    const std::string name = text(command, "cmd");
    if (name == "dial") {
        dial(text(command, "addr"));
    } else if (name == "disconnect") {
        swarm_.disconnect(peer_of(command), "asked to");
    } else if (name == "subscribe" || name == "unsubscribe" || name == "mesh") {
        const std::string topic = text(command, "topic");
        if (!topics_.contains(topic)) refuse("a topic of another network: " + topic);
        if (name == "subscribe") return swarm_.subscribe(topic);
        if (name == "unsubscribe") return swarm_.unsubscribe(topic);
        json::array peers;
        for (const PeerId& peer : swarm_.mesh(topic)) peers.emplace_back(peer.to_base58());
        emit_({{"event", "mesh"}, {"topic", topic}, {"peers", std::move(peers)}});
    } else if (name == "publish") {
        publish(command);
    } else if (name == "request") {
        const std::string protocol = text(command, "protocol");
        if (!p2p::parse_protocol_id(protocol)) refuse("unknown protocol " + protocol);
        const Bytes payload = hex(command, "payload");
        send(peer_of(command), protocol, p2p::encode_request(payload), text(command, "id"));
    } else if (name == "send_bytes") {
        const std::string protocol = text(command, "protocol");
        if (!p2p::parse_protocol_id(protocol) && protocol != kRawGossipProtocol) {
            refuse("unknown protocol " + protocol);
        }
        send(peer_of(command), protocol, hex(command, "bytes"), text(command, "id"));
    } else if (name == "set_status") {
        status_ = hex(command, "payload");
    } else if (name == "serve_block") {
        blocks_[hex(command, "root")] = hex(command, "block");
    } else if (name == "ping") {
        const PeerId peer = peer_of(command);
        swarm_.ping(peer, [this, peer](libp2p::PingOutcome outcome) {
            if (!outcome) return emit_({{"event", "error"}, {"what", "no answer to the ping"}});
            const auto rtt = std::chrono::duration_cast<std::chrono::microseconds>(*outcome);
            emit_({{"event", "pong"}, {"peer", peer.to_base58()}, {"rtt_us", rtt.count()}});
        });
    } else if (name == "metrics") {
        emit_({{"event", "metrics"}, {"text", metrics_.text()}});
    } else if (name == "delay_verdicts") {
        verdict_delay_ = std::chrono::milliseconds(number(command, "ms"));
    } else {
        refuse("unknown command " + name);
    }
}

void Peer::dial(const std::string& address) {
    const auto parsed = libp2p::Multiaddr::from_string(address);
    if (!parsed) refuse("field addr: " + parsed.error());
    swarm_.dial(*parsed, [this, address](libp2p::DialOutcome outcome) {
        if (outcome) return;
        emit_({{"event", "dial_failed"}, {"addr", address}, {"what", outcome.error().what}});
    });
}

void Peer::publish(const json::object& command) {
    const std::string topic = text(command, "topic");
    if (!topics_.contains(topic)) refuse("a topic of another network: " + topic);
    const Bytes data = command.contains("size")
                           ? generated(number(command, "size"),
                                       static_cast<std::uint32_t>(number(command, "seed")))
                           : hex(command, "data");
    const auto receipt = swarm_.publish(topic, p2p::snappy_block_encode(data));
    emit_({{"event", "published"},
           {"topic", topic},
           {"ok", receipt.has_value()},
           {"what", receipt ? std::string_view{} : to_string(receipt.error())}});
}

void Peer::send(const PeerId& peer, std::string_view protocol, Bytes bytes, std::string id) {
    auto question = std::make_shared<Question>(Question{std::move(id), {}});
    swarm_.request(peer, protocol, std::move(bytes), [this, question](libp2p::RequestEvent event) {
        on_answer(question, std::move(event));
    });
}

// ---- events

void Peer::on_answer(const std::shared_ptr<Question>& question, libp2p::RequestEvent event) {
    if (auto* chunk = std::get_if<libp2p::ResponseChunk>(&event)) {
        const p2p::ResponseChunk read = p2p::response_chunk(std::move(chunk->data));
        question->chunks.push_back(
            json::object{{"code", static_cast<int>(read.code)}, {"payload", to_hex(read.payload)}});
        return swarm_.chunk_handled(chunk->request.id);
    }
    const auto* failure = std::get_if<libp2p::RequestFailure>(&event);
    emit_({{"event", "response"},
           {"id", question->id},
           {"ok", failure == nullptr},
           {"what", failure == nullptr ? std::string_view{} : to_string(failure->kind)},
           {"chunks", std::move(question->chunks)}});
}

void Peer::on_event(libp2p::SwarmEvent event) {
    std::visit(
        [this](auto&& value) {
            using Event = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Event, libp2p::ResponseWritable>) {
                write_chunks(value.request.id);
            } else if constexpr (std::is_same_v<Event, libp2p::ResponseOutcome>) {
                responses_.erase(value.request.id);
            } else if constexpr (!std::is_same_v<Event, libp2p::IncomingError>) {
                on_event(std::forward<decltype(value)>(value));
            }
        },
        std::move(event));
}

void Peer::on_event(const libp2p::ConnectionEstablished& event) {
    if (event.count != 1) return;
    emit_({{"event", "connected"},
           {"peer", event.peer.to_base58()},
           {"direction", event.is_outbound ? "outbound" : "inbound"}});
    if (!event.is_outbound || status_.empty()) return;
    send(event.peer,
         protocol_id(p2p::RequestProtocol::status),
         p2p::encode_request(status_),
         "status:" + event.peer.to_base58());
}

void Peer::on_event(const libp2p::ConnectionClosed& event) {
    if (event.remaining != 0) return;
    emit_({{"event", "disconnected"}, {"peer", event.peer.to_base58()}});
}

void Peer::on_event(const libp2p::PeerProtocols& event) {
    emit_({{"event", "identified"},
           {"peer", event.peer.to_base58()},
           {"agent", event.info.agent_version},
           {"protocols", json::array(event.info.protocols.begin(), event.info.protocols.end())}});
}

void Peer::on_event(const libp2p::PeerSubscription& event) {
    emit_({{"event", "subscription"},
           {"peer", event.peer.to_base58()},
           {"topic", event.topic},
           {"subscribed", event.subscribed}});
}

void Peer::on_event(const libp2p::GossipMessage& event) {
    json::object told{{"event", "message"},
                      {"topic", event.topic},
                      {"from", event.peer.to_base58()},
                      {"id", to_hex(event.id)},
                      {"size", event.data.size()},
                      {"sha256", to_hex(crypto::sha256(event.data))}};
    if (event.data.size() <= kShownDataMax) told["data"] = to_hex(event.data);
    emit_(told);
    reactor_.after(verdict_delay_, [this, id = event.id, peer = event.peer] {
        swarm_.report_validation(id, peer, libp2p::gossipsub::Verdict::accept);
    });
}

void Peer::on_event(libp2p::InboundRequest event) {
    const libp2p::RequestInfo& info = event.request;
    emit_({{"event", "request"},
           {"peer", info.peer.to_base58()},
           {"protocol", info.protocol},
           {"payload", to_hex(event.data)}});
    auto chunks = answer(p2p::parse_protocol_id(info.protocol).value(), event.data);
    responses_.emplace(info.id, Response{std::move(event.channel), std::move(chunks)});
    write_chunks(info.id);
}

void Peer::write_chunks(libp2p::RequestId id) {
    const auto found = responses_.find(id);
    if (found == responses_.end()) return;
    Response& response = found->second;
    while (!response.chunks.empty()) {
        const auto written = response.channel.write(std::move(response.chunks.front()));
        if (written != libp2p::ResponseChannel::Written::queued) return;
        response.chunks.pop_front();
    }
    response.channel.finish();
}

std::deque<Bytes> Peer::answer(p2p::RequestProtocol protocol, ByteView payload) const {
    std::deque<Bytes> chunks;
    const auto bad_request = [] {
        return error_answer(p2p::ResponseCode::invalid_request, "bad request");
    };
    switch (protocol) {
        case p2p::RequestProtocol::status:
            if (payload.size() != kStatusSize) return bad_request();
            if (status_.empty()) {
                return error_answer(p2p::ResponseCode::resource_unavailable, "no status");
            }
            chunks.push_back(p2p::encode_response_chunk(status_));
            break;
        case p2p::RequestProtocol::blocks_by_root: {
            if (payload.size() % kRootSize != kRootsOffset.size() ||
                !std::ranges::equal(payload.first(kRootsOffset.size()), kRootsOffset)) {
                return bad_request();
            }
            ByteView roots = payload.subspan(kRootsOffset.size());
            for (; !roots.empty(); roots = roots.subspan(kRootSize)) {
                const auto block = blocks_.find(to_bytes(roots.first(kRootSize)));
                if (block == blocks_.end()) continue;
                chunks.push_back(p2p::encode_response_chunk(block->second));
            }
            break;
        }
        case p2p::RequestProtocol::blocks_by_range:
            if (payload.size() != kRangeSize) return bad_request();
            break;
    }
    return chunks;
}

}  // namespace lepton::interop
