// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A swarm on the simulated network that writes down what happens to it: for tests of libp2p. One
// thread.
#pragma once

#include "base/metrics.hpp"
#include "libp2p/frame_reader.hpp"
#include "libp2p/simulation/manual_reactor.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "libp2p/swarm.hpp"
#include "libp2p/varint.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace lepton::libp2p {

/// Messages with a varint length in front.
class FrameDecoder final : public MessageDecoder {
  public:
    explicit FrameDecoder(std::size_t size_max) : reader_(size_max) {}

    Result<void, DecodeError> feed(ByteView bytes, std::vector<Bytes>& out) override {
        const auto fed =
            reader_.feed(bytes, [&out](ByteView frame) { out.push_back(to_bytes(frame)); });
        if (fed) return {};
        return std::unexpected(fed.error() == FrameError::too_large ? DecodeError::too_large
                                                                    : DecodeError::malformed);
    }
    bool is_between_messages() const override { return reader_.partial_size() == 0; }

  private:
    FrameReader reader_;
};

inline Bytes framed(ByteView message) {
    Bytes out;
    append_varint(out, message.size());
    append(out, message);
    return out;
}
inline Bytes framed(std::string_view message) {
    return framed(as_bytes(message));
}

/// The id of a payload is its first bytes; "!" starts one that cannot be read.
inline gossipsub::MessageId test_message_id(std::string_view payload) {
    gossipsub::MessageId id{};
    std::ranges::copy(as_bytes(payload.substr(0, id.size())), id.begin());
    return id;
}

inline RequestProtocol test_protocol(std::string id) {
    RequestProtocol protocol;
    protocol.id = std::move(id);
    protocol.make_request_decoder = [] { return std::make_unique<FrameDecoder>(1000); };
    protocol.make_response_decoder = [] { return std::make_unique<FrameDecoder>(4'000'000); };
    protocol.request_size_max = 1002;
    protocol.rate = {100, std::chrono::seconds(1)};
    return protocol;
}

inline SwarmConfig test_swarm_config(std::uint32_t number) {
    SwarmConfig config;
    config.public_key = sim_public_key(number);
    config.agent_version = "test/" + std::to_string(number);
    config.gossip.topics = {{"/block", 1'000'000}, {"/vote", 10'000}};
    config.gossip_transform = [](std::string_view,
                                 ByteView raw) -> Result<gossipsub::Transformed, std::string> {
        if (as_text(raw).starts_with("!")) return std::unexpected("not readable");
        return gossipsub::Transformed{test_message_id(as_text(raw)), to_bytes(raw)};
    };
    config.requests = {test_protocol("/echo/1"), test_protocol("/stream/1")};
    return config;
}

/// Gives every gossip message the verdict of `verdict`, and keeps every event.
struct TestNode {
    TestNode(SimNetwork& network, ManualReactor& reactor, std::uint32_t number)
        : TestNode(network, reactor, test_swarm_config(number), number) {}

    TestNode(SimNetwork& network, ManualReactor& reactor, SwarmConfig config, std::uint32_t number)
        : random(number + 1000),
          swarm(reactor,
                network.add_endpoint(reactor, sim_public_key(number), sim_ip(number)),
                random,
                metrics,
                std::move(config),
                [this](SwarmEvent event) { on_event(std::move(event)); }) {
        address = swarm.listen(Multiaddr{sim_ip(number), 9000, {}}).value();
    }

    void on_event(SwarmEvent event) {
        if (const auto* message = std::get_if<GossipMessage>(&event)) {
            const std::string payload(as_text(message->data));
            gossip.push_back(payload);
            if (verdict) swarm.report_validation(message->id, message->peer, *verdict);
        }
        events.push_back(std::move(event));
    }

    void dial(const TestNode& other) {
        swarm.dial(other.address, [this](DialOutcome outcome) {
            if (outcome) {
                ++dials_done;
            } else {
                dial_failures.push_back(outcome.error());
            }
        });
    }

    /// Every event of one type, in order.
    template <class Event>
    std::vector<const Event*> all() const {
        std::vector<const Event*> result;
        for (const SwarmEvent& event : events) {
            if (const auto* found = std::get_if<Event>(&event)) result.push_back(found);
        }
        return result;
    }
    template <class Event>
    std::vector<Event*> all() {
        std::vector<Event*> result;
        for (SwarmEvent& event : events) {
            if (auto* found = std::get_if<Event>(&event)) result.push_back(found);
        }
        return result;
    }

    PeerId id() const { return swarm.peer_id(); }
    double counter(const std::string& family,
                   const std::string& help,
                   const std::string& label,
                   const std::string& value) {
        return metrics.counter(family, help, {{label, value}}).Value();
    }
    double gossip_events(const std::string& event) {
        return counter("libp2p_gossipsub_messages_total",
                       "Gossip messages, by what happened to them.",
                       "event",
                       event);
    }
    double gossip_drops(const std::string& reason) {
        return counter("libp2p_gossipsub_dropped_total",
                       "What the gossip router dropped, by reason.",
                       "reason",
                       reason);
    }

    Metrics metrics;
    SeededRandom random;
    Multiaddr address;
    std::optional<gossipsub::Verdict> verdict = gossipsub::Verdict::accept;
    std::deque<SwarmEvent> events;
    std::vector<std::string> gossip;
    std::size_t dials_done = 0;
    std::vector<DialFailure> dial_failures;
    /// The last member: it tells nothing to what is gone.
    Swarm swarm;
};

}  // namespace lepton::libp2p
