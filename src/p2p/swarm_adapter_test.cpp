// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/swarm_adapter.hpp"

#include "actor/system.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "p2p/simulator_reactor.hpp"
#include "p2p/snappy_block.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

namespace lepton::p2p {
namespace {

using actor::SourceEnd;
using libp2p::Multiaddr;
using libp2p::PeerId;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct World {
    World() : simulator({.seed = 1}), network(random) {}

    actor::Simulator simulator;
    SeededRandom random{1};
    libp2p::SimNetwork network;
};

// An adapter, and the test in the place of the P2P actor.
class Node {
  public:
    Node(World& world, std::uint32_t number)
        : id(PeerId::from_public_key(libp2p::sim_public_key(number))),
          address{libp2p::sim_ip(number), 9000, id},
          world_(world),
          random_(number),
          reactor_(world.simulator),
          system_(std::make_unique<actor::System>(
              actor::SystemOptions{.control = world.simulator,
                                   .offload = world.simulator,
                                   .random = random_,
                                   .root = {.backoff_min = milliseconds(10)}})) {
        P2pConfig config;
        config.profile = network_profile("leanspec-test").value();
        Multiaddr listen = address;
        listen.peer_id.reset();
        adapter.emplace(system_->spawn<SwarmAdapter>(
            {.name = "swarm", .scheduler = world.simulator}, [this, number, config, listen] {
                return SwarmAdapter(
                    swarm_adapter_config(
                        config, libp2p::sim_public_key(number), "lepton/test", listen),
                    reactor_,
                    world_.network.add_endpoint(
                        reactor_, libp2p::sim_public_key(number), libp2p::sim_ip(number)),
                    random_,
                    metrics);
            }));
        world.simulator.run_ready();
    }
    ~Node() { system_.reset(); }

    // Asks for the next events.
    void demand(bool is_first = false) {
        SwarmNextEvents next{
            actor::Demand<SwarmEvents>{[this](std::expected<SwarmEvents, SourceEnd> item) {
                if (item) {
                    batches.push_back(std::move(*item));
                } else {
                    ends.push_back(std::move(item.error()));
                }
            }},
            is_first};
        ASSERT_TRUE(adapter->send(std::move(next)));
        world_.simulator.run_ready();
    }

    // Takes every event until nothing happens for a while.
    std::vector<SwarmEvent> take_events(bool is_first = false) {
        std::vector<SwarmEvent> events;
        for (;; is_first = false) {
            if (!has_demand_) demand(is_first);
            world_.simulator.run_for(seconds(1));
            has_demand_ = batches.empty();
            if (has_demand_) return events;
            for (SwarmEvents& batch : std::exchange(batches, {})) {
                EXPECT_LE(batch.events.size(), kEventsPerBatchMax);
                std::ranges::move(batch.events, std::back_inserter(events));
            }
        }
    }

    template <class Event>
    std::vector<Event> take() {
        std::vector<Event> found;
        for (SwarmEvent& event : take_events()) {
            if (auto* one = std::get_if<Event>(&event)) found.push_back(std::move(*one));
        }
        return found;
    }

    template <class M>
    std::shared_ptr<std::optional<actor::AskResult<typename M::reply>>> ask(M message) {
        using R = typename M::reply;
        auto answer = std::make_shared<std::optional<actor::AskResult<R>>>();
        adapter->recipient<M>().ask(std::move(message),
                                    actor::Reply<R>{[answer](actor::AskResult<R> result) {
                                        answer->emplace(std::move(result));
                                    }});
        world_.simulator.run_ready();
        return answer;
    }

    void dial(const Node& other) {
        const auto answer = ask(SwarmDial{other.address});
        world_.simulator.run_for(seconds(2));
        ASSERT_TRUE(answer->has_value());
        ASSERT_TRUE((**answer).value().has_value());
    }

    actor::System& system() { return *system_; }
    double metric(const std::string& line) const {
        const std::string text = metrics.text();
        const auto at = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }

    PeerId id;
    Multiaddr address;
    Metrics metrics;
    std::optional<actor::ActorRef<SwarmAdapter>> adapter;
    std::vector<SwarmEvents> batches;
    std::vector<SourceEnd> ends;

  private:
    World& world_;
    SeededRandom random_;
    SimulatorReactor reactor_;
    std::unique_ptr<actor::System> system_;
    bool has_demand_ = false;
};

class SwarmAdapterTest : public testing::Test {
  protected:
    SwarmErrorKind dial_error(const Multiaddr& address) {
        const auto answer = a.ask(SwarmDial{address});
        world.simulator.run_for(seconds(10));
        return (**answer).value().error().kind;
    }

    std::string block_topic() const {
        return topic_name(network_profile("leanspec-test").value().fork_digest,
                          {TopicKind::block, {}});
    }

    SwarmPublish message(std::uint8_t fill, std::size_t size = 100) {
        return {block_topic(), snappy_block_encode(Bytes(size, fill))};
    }

    SwarmRequest request(std::size_t chunks_max = 1) {
        return {.peer = b.id,
                .protocol = RequestProtocol::blocks_by_root,
                .ssz = Bytes{4, 0, 0, 0},
                .chunks_max = chunks_max};
    }

    World world;
    Node a{world, 1};
    Node b{world, 2};
};

TEST_F(SwarmAdapterTest, events_wait_until_they_are_asked_for) {
    a.dial(b);
    EXPECT_TRUE(b.batches.empty());
    EXPECT_EQ(b.metric("lepton_swarm_events_queued"), 1);
    b.demand();
    ASSERT_EQ(b.batches.size(), 1u);
    ASSERT_EQ(b.batches[0].events.size(), 1u);
    const auto& connected = std::get<PeerConnected>(b.batches[0].events[0]);
    EXPECT_EQ(connected.peer, a.id);
    EXPECT_FALSE(connected.is_outbound);
    EXPECT_EQ(b.metric("lepton_swarm_events_queued"), 0);
    // And the other way round: the demand waits for an event.
    b.demand();
    EXPECT_EQ(b.batches.size(), 1u);
    world.network.drop_connections(a.id, b.id);
    world.simulator.run_for(seconds(1));
    ASSERT_EQ(b.batches.size(), 2u);
    const auto& disconnected = std::get<PeerDisconnected>(b.batches[1].events[0]);
    EXPECT_EQ(disconnected.peer, a.id);
    EXPECT_FALSE(disconnected.is_outbound);
    EXPECT_EQ(disconnected.reason.cause, libp2p::CloseCause::error);
}

TEST_F(SwarmAdapterTest, failed_dials_say_why) {
    Multiaddr nobody{libp2p::sim_ip(99), 9000, {}};
    EXPECT_EQ(dial_error(nobody), SwarmErrorKind::timeout);
    Multiaddr wrong = b.address;
    wrong.peer_id = PeerId::from_public_key(libp2p::sim_public_key(77));
    EXPECT_EQ(dial_error(wrong), SwarmErrorKind::unreachable);
    EXPECT_EQ(dial_error(a.address), SwarmErrorKind::unreachable);
}

TEST_F(SwarmAdapterTest, publish_is_answered_with_what_the_router_did) {
    using network_api::PublishStatus;
    const auto alone = a.ask(message(1));
    EXPECT_EQ((**alone)->status, PublishStatus::no_peers);
    a.dial(b);
    world.simulator.run_for(seconds(3));
    const auto sent = a.ask(message(2));
    EXPECT_EQ((**sent)->status, PublishStatus::published);
    EXPECT_EQ((**sent)->peers, 1u);
    const auto again = a.ask(message(2));
    EXPECT_EQ((**again)->status, PublishStatus::duplicate);
    const auto gossip = b.take<GossipReceived>();
    ASSERT_EQ(gossip.size(), 1u);
    EXPECT_EQ(gossip[0].message.data, Bytes(100, 2));
    EXPECT_EQ(gossip[0].message.topic, block_topic());
    EXPECT_EQ(gossip[0].message.peer, a.id);
}

TEST_F(SwarmAdapterTest, new_listener_learns_the_peers_and_nothing_old) {
    a.dial(b);
    world.simulator.run_for(seconds(3));
    a.ask(message(2));
    const auto answer = a.ask(request());
    world.simulator.run_for(seconds(1));
    const std::vector<SwarmEvent> events = b.take_events(true);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(std::get<PeerConnected>(events[0]).peer, a.id);
    for (const SwarmEvent& event : events) {
        EXPECT_FALSE(std::holds_alternative<GossipReceived>(event));
        EXPECT_FALSE(std::holds_alternative<RequestReceived>(event));
    }
    EXPECT_EQ(b.metric(R"(lepton_swarm_events_dropped_total{kind="gossip"})"), 1);
    EXPECT_EQ(b.metric(R"(lepton_swarm_events_dropped_total{kind="request"})"), 1);
    // Whoever asked is not left waiting.
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((**answer).value().error().kind, SwarmErrorKind::disconnected);
}

TEST_F(SwarmAdapterTest, request_and_answer_in_parts) {
    a.dial(b);
    const auto answer = a.ask(request(2));
    const auto received = b.take<RequestReceived>();
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0].request.peer, a.id);
    EXPECT_EQ(received[0].request.protocol, RequestProtocol::blocks_by_root);
    EXPECT_EQ(received[0].ssz, (Bytes{4, 0, 0, 0}));
    const InboundRequest to = received[0].request;
    EXPECT_TRUE((**b.ask(SwarmRespond{to, encode_response_chunk(as_bytes("one")), false}))
                    .value()
                    .has_value());
    EXPECT_TRUE((**b.ask(SwarmRespond{to, encode_response_chunk(as_bytes("two")), false}))
                    .value()
                    .has_value());
    world.simulator.run_for(seconds(1));
    EXPECT_FALSE(answer->has_value());
    EXPECT_TRUE((**b.ask(SwarmRespond{to, {}, true})).value().has_value());
    world.simulator.run_for(seconds(1));
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((**answer).value().value(),
              (std::vector<ResponseChunk>{{ResponseCode::success, to_bytes(as_bytes("one"))},
                                          {ResponseCode::success, to_bytes(as_bytes("two"))}}));
    // The request is over.
    const auto late = b.ask(SwarmRespond{to, {}, true});
    EXPECT_EQ((**late).value().error().kind, SwarmErrorKind::disconnected);
}

TEST_F(SwarmAdapterTest, more_chunks_than_asked_for_is_no_answer) {
    a.dial(b);
    const auto answer = a.ask(request(1));
    const auto received = b.take<RequestReceived>();
    ASSERT_EQ(received.size(), 1u);
    Bytes both = encode_response_chunk(as_bytes("one"));
    append(both, encode_response_chunk(as_bytes("two")));
    b.ask(SwarmRespond{received[0].request, both, true});
    world.simulator.run_for(seconds(1));
    EXPECT_EQ((**answer).value().error().kind, SwarmErrorKind::malformed);
}

TEST_F(SwarmAdapterTest, requests_that_fail_say_why) {
    const auto no_connection = a.ask(request());
    world.simulator.run_for(seconds(1));
    EXPECT_EQ((**no_connection).value().error().kind, SwarmErrorKind::disconnected);
    a.dial(b);
    const auto unanswered = a.ask(request());
    world.simulator.run_for(seconds(15));
    EXPECT_EQ((**unanswered).value().error().kind, SwarmErrorKind::timeout);
    const auto cut = a.ask(request());
    world.simulator.run_for(seconds(1));
    world.network.drop_connections(a.id, b.id);
    world.simulator.run_for(seconds(1));
    EXPECT_EQ((**cut).value().error().kind, SwarmErrorKind::disconnected);
}

// What does not fit waits; its answer comes when there is room, so nothing piles up.
TEST_F(SwarmAdapterTest, part_that_does_not_fit_waits_for_room) {
    a.dial(b);
    const auto answer = a.ask(request(3));
    const auto received = b.take<RequestReceived>();
    ASSERT_EQ(received.size(), 1u);
    Bytes noise(3 * 1024 * 1024);
    world.random.fill(noise);
    const Bytes chunk = encode_response_chunk(noise);
    world.network.partition(a.id, b.id);
    const auto first = b.ask(SwarmRespond{received[0].request, chunk, false});
    EXPECT_TRUE((**first).value().has_value());
    const auto second = b.ask(SwarmRespond{received[0].request, chunk, true});
    world.simulator.run_for(seconds(1));
    EXPECT_FALSE(second->has_value());
    world.network.heal(a.id, b.id);
    world.simulator.run_for(seconds(5));
    ASSERT_TRUE(second->has_value());
    EXPECT_TRUE((**second).value().has_value());
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((**answer).value().value(),
              std::vector<ResponseChunk>(2, {ResponseCode::success, noise}));
}

TEST_F(SwarmAdapterTest, waiting_part_fails_with_its_connection) {
    a.dial(b);
    a.ask(request(3));
    const auto received = b.take<RequestReceived>();
    ASSERT_EQ(received.size(), 1u);
    Bytes noise(3 * 1024 * 1024);
    world.random.fill(noise);
    world.network.partition(a.id, b.id);
    b.ask(SwarmRespond{received[0].request, encode_response_chunk(noise), false});
    const auto second =
        b.ask(SwarmRespond{received[0].request, encode_response_chunk(noise), true});
    EXPECT_FALSE(second->has_value());
    world.network.drop_connections(a.id, b.id);
    world.simulator.run_for(seconds(1));
    ASSERT_TRUE(second->has_value());
    EXPECT_EQ((**second).value().error().kind, SwarmErrorKind::disconnected);
}

TEST_F(SwarmAdapterTest, verdict_decides_about_relaying) {
    Node c(world, 3);
    a.dial(b);
    b.dial(c);
    world.simulator.run_for(seconds(3));
    for (const auto& [fill, verdict] :
         std::initializer_list<std::pair<std::uint8_t, GossipVerdict>>{
             {1, GossipVerdict::accept}, {2, GossipVerdict::ignore}, {3, GossipVerdict::reject}}) {
        a.ask(message(fill));
        const auto gossip = b.take<GossipReceived>();
        ASSERT_EQ(gossip.size(), 1u);
        ASSERT_TRUE(
            b.adapter->send(SwarmVerdict{gossip[0].message.id, gossip[0].message.peer, verdict}));
        const auto relayed = c.take<GossipReceived>();
        EXPECT_EQ(relayed.size(), verdict == GossipVerdict::accept ? 1u : 0u);
    }
}

TEST_F(SwarmAdapterTest, disconnect_closes_the_connection) {
    a.dial(b);
    a.take_events();
    ASSERT_TRUE(a.adapter->send(SwarmDisconnect{b.id, "enough"}));
    const auto gone = a.take<PeerDisconnected>();
    ASSERT_EQ(gone.size(), 1u);
    EXPECT_EQ(gone[0].peer, b.id);
    EXPECT_TRUE(gone[0].is_outbound);
    EXPECT_EQ(gone[0].reason.cause, libp2p::CloseCause::local);
}

TEST_F(SwarmAdapterTest, mesh_is_reported_and_only_the_latest_waits) {
    a.dial(b);
    world.simulator.run_for(seconds(60));
    const auto reports = a.take<MeshReport>();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].peers, std::vector{b.id});
}

TEST_F(SwarmAdapterTest, gossip_that_nobody_takes_is_bounded) {
    a.dial(b);
    world.simulator.run_for(seconds(3));
    // Verdicts are never given; the router forgets, but the events would stay.
    const std::size_t count = 40;
    Bytes noise(2 * 1024 * 1024);
    for (std::size_t i = 0; i < count; ++i) {
        world.random.fill(noise);
        a.ask(SwarmPublish{block_topic(), snappy_block_encode(noise)});
        world.simulator.run_for(seconds(8));
    }
    EXPECT_GT(b.metric(R"(lepton_swarm_events_dropped_total{kind="gossip"})"), 0);
    std::size_t bytes = 0;
    for (const GossipReceived& gossip : b.take<GossipReceived>()) {
        bytes += gossip.message.data.size();
    }
    EXPECT_LE(bytes, kQueuedGossipBytesMax);
    EXPECT_GT(bytes, kQueuedGossipBytesMax / 2);
}

TEST_F(SwarmAdapterTest, requested_stop_is_an_end_without_failure) {
    a.dial(b);
    a.take_events();
    const auto open = a.ask(request());
    a.system().shutdown();
    world.simulator.run_for(seconds(1));
    EXPECT_EQ(a.ends,
              std::vector{(SourceEnd{.source = "swarm", .why = "stopped", .is_failure = false})});
    ASSERT_TRUE(open->has_value());
    EXPECT_EQ((**open).value().error().kind, SwarmErrorKind::stopped);
    const auto after = a.ask(message(9));
    EXPECT_EQ((*after)->error(), actor::AskError::stopped);
}

}  // namespace
}  // namespace lepton::p2p
