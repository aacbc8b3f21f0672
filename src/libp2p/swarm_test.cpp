// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/swarm.hpp"

#include "libp2p/gossipsub/limits.hpp"
#include "libp2p/multistream.hpp"
#include "libp2p/simulation/test_node.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct SwarmTest : testing::Test {
    void connect(TestNode& from, TestNode& to) {
        from.dial(to);
        reactor.run_for(seconds(1));
        ASSERT_TRUE(from.swarm.is_connected(to.id()));
        ASSERT_TRUE(to.swarm.is_connected(from.id()));
    }

    ManualReactor reactor;
    SeededRandom random{1};
    SimNetwork network{random};
};

/// Takes what comes and answers nothing.
struct Silence final : StreamHandler {
    void on_data(ByteView) override {}
    void on_end() override {}
    void on_error(const StreamError&) override {}
    void on_writable() override {}
};

/// A peer that speaks whatever the test writes, on its own streams, and is silent on others.
struct RawPeer final : ConnectionHandler, StreamHandler {
    RawPeer(SimNetwork& network, ManualReactor& made_reactor, std::uint32_t number)
        : reactor(made_reactor),
          transport(network.add_endpoint(reactor, sim_public_key(number), sim_ip(number))),
          id(PeerId::from_public_key(sim_public_key(number))) {}

    void dial(const TestNode& node) {
        transport->dial(node.address,
                        [this](Result<std::unique_ptr<Connection>, DialError> result) {
                            ASSERT_TRUE(result);
                            connection = std::move(*result);
                            connection->set_handler(this);
                        });
        reactor.run_for(seconds(1));
        ASSERT_NE(connection, nullptr);
    }
    Stream& open(const Bytes& first) {
        auto& stream = streams.emplace_back(connection->open_stream());
        stream->set_handler(this);
        stream->write(first);
        return *stream;
    }
    static Bytes lines(std::initializer_list<std::string_view> texts) {
        Bytes out;
        for (const std::string_view text : texts) MultistreamLines::append_line(out, text);
        return out;
    }

    void on_data(ByteView bytes) override { append(received, bytes); }
    void on_end() override { ++ends; }
    void on_error(const StreamError&) override { ++resets; }
    void on_writable() override {}
    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        stream->set_handler(&silence);
        inbound.push_back(std::move(stream));
    }
    void on_closed(Connection&, const CloseReason& reason) override { closed.push_back(reason); }

    ManualReactor& reactor;
    std::unique_ptr<Transport> transport;
    PeerId id;
    Silence silence;
    std::unique_ptr<Connection> connection;
    std::vector<std::unique_ptr<Stream>> streams;
    std::vector<std::unique_ptr<Stream>> inbound;
    Bytes received;
    int ends = 0;
    int resets = 0;
    std::vector<CloseReason> closed;
};

// ---- connections

TEST_F(SwarmTest, both_sides_hear_of_the_connection_and_identify_each_other) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    connect(a, b);
    EXPECT_EQ(a.dials_done, 1u);
    const auto up = a.all<ConnectionEstablished>();
    ASSERT_EQ(up.size(), 1u);
    EXPECT_EQ(up[0]->peer, b.id());
    EXPECT_TRUE(up[0]->is_outbound);
    EXPECT_EQ(up[0]->count, 1u);
    EXPECT_FALSE(b.all<ConnectionEstablished>().at(0)->is_outbound);

    const auto identified = a.all<PeerProtocols>();
    ASSERT_EQ(identified.size(), 1u);
    const IdentifyInfo& info = identified[0]->info;
    EXPECT_EQ(info.agent_version, "test/2");
    EXPECT_EQ(info.public_key, sim_public_key(2));
    EXPECT_EQ(info.protocols,
              (std::vector<std::string>{"/meshsub/1.2.0",
                                        "/meshsub/1.1.0",
                                        "/meshsub/1.0.0",
                                        "/ipfs/id/1.0.0",
                                        "/ipfs/id/push/1.0.0",
                                        "/ipfs/ping/1.0.0",
                                        "/echo/1",
                                        "/stream/1"}));
    EXPECT_EQ(info.listen_addresses, (std::vector{Multiaddr{sim_ip(2), 9000, {}}}));
    EXPECT_EQ(info.observed_address, (Multiaddr{sim_ip(1), 9000, {}}));
    EXPECT_EQ(b.all<PeerProtocols>().size(), 1u);
}

TEST_F(SwarmTest, dials_that_cannot_succeed_say_why) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    a.dial(a);
    Multiaddr wrong = b.address;
    wrong.peer_id = PeerId::from_public_key(sim_public_key(9));
    std::vector<DialFailure> failures;
    const auto keep = [&](DialOutcome outcome) { failures.push_back(outcome.error()); };
    a.swarm.dial(wrong, keep);
    Multiaddr nobody{sim_ip(77), 9000, {}};
    a.swarm.dial(nobody, keep);
    EXPECT_TRUE(a.dial_failures.empty()) << "never from within the call";
    reactor.run_for(seconds(10));
    ASSERT_EQ(a.dial_failures.size(), 1u);
    EXPECT_EQ(a.dial_failures[0].kind, DialErrorKind::bad_address);
    ASSERT_EQ(failures.size(), 2u);
    EXPECT_EQ(failures[0].kind, DialErrorKind::wrong_peer);
    EXPECT_EQ(failures[0].address, wrong);
    EXPECT_EQ(failures[1].kind, DialErrorKind::timeout);
    EXPECT_EQ(a.swarm.peer_count(), 0u);
}

TEST_F(SwarmTest, a_second_dial_of_a_peer_joins_the_first) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    a.dial(b);
    a.dial(b);
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.dials_done, 2u);
    a.dial(b);
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.dials_done, 3u) << "it is connected already";
    EXPECT_EQ(b.all<ConnectionEstablished>().size(), 1u);
}

TEST_F(SwarmTest, a_simultaneous_dial_leaves_the_connection_of_the_smaller_id) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        ManualReactor own_reactor;
        SeededRandom own_random(seed);
        SimNetwork own_network(own_random);
        TestNode a(own_network, own_reactor, 1);
        TestNode b(own_network, own_reactor, 2);
        ASSERT_LT(a.id(), b.id());
        a.dial(b);
        b.dial(a);
        own_reactor.run_for(seconds(5));
        ASSERT_EQ(a.all<ConnectionEstablished>().size(), 2u);
        ASSERT_EQ(a.all<ConnectionClosed>().size(), 1u) << seed;
        ASSERT_EQ(b.all<ConnectionClosed>().size(), 1u) << seed;
        EXPECT_EQ(a.all<ConnectionClosed>()[0]->remaining, 1u);
        EXPECT_EQ(a.all<ConnectionClosed>()[0]->reason.what, "duplicate connection");
        // What is left works in both directions.
        a.swarm.subscribe("/block");
        b.swarm.subscribe("/block");
        own_reactor.run_for(seconds(5));
        EXPECT_EQ(a.swarm.mesh("/block").size(), 1u) << seed;
        EXPECT_EQ(b.swarm.mesh("/block").size(), 1u) << seed;
        // The one that is left was dialled by a: when a stops, b hears it from a.
        a.swarm.disconnect(b.id(), "done");
        own_reactor.run_for(seconds(1));
        EXPECT_EQ(b.all<ConnectionClosed>().back()->reason.what, "done");
        EXPECT_EQ(b.all<ConnectionClosed>().back()->remaining, 0u);
    }
}

TEST_F(SwarmTest, a_node_that_comes_back_replaces_its_dead_connection) {
    TestNode a(network, reactor, 1);
    {
        TestNode b(network, reactor, 2);
        connect(b, a);
        network.crash(b.id());
    }
    TestNode b(network, reactor, 2);
    b.dial(a);
    reactor.run_for(seconds(3));
    const auto up = a.all<ConnectionEstablished>();
    ASSERT_EQ(up.size(), 2u);
    EXPECT_EQ(up[1]->count, 2u);
    ASSERT_EQ(a.all<ConnectionClosed>().size(), 1u);
    EXPECT_EQ(a.all<ConnectionClosed>()[0]->remaining, 1u);
    PingOutcome outcome = std::unexpected(PingError::failed);
    a.swarm.ping(b.id(), [&](PingOutcome result) { outcome = result; });
    reactor.run_for(seconds(1));
    EXPECT_TRUE(outcome) << "new streams use the living connection";
}

TEST_F(SwarmTest, a_dropped_connection_can_be_dialled_again) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    a.swarm.subscribe("/block");
    b.swarm.subscribe("/block");
    connect(a, b);
    reactor.run_for(seconds(2));
    ASSERT_EQ(a.swarm.mesh("/block").size(), 1u);
    network.drop_connections(a.id(), b.id());
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.all<ConnectionClosed>().at(0)->reason.cause, CloseCause::error);
    EXPECT_EQ(a.swarm.peer_count(), 0u);
    EXPECT_TRUE(a.swarm.mesh("/block").empty());
    connect(a, b);
    reactor.run_for(seconds(2));
    EXPECT_EQ(a.swarm.mesh("/block").size(), 1u);
    EXPECT_TRUE(a.swarm.publish("/block", to_bytes(as_bytes("again"))));
    reactor.run_for(seconds(1));
    EXPECT_EQ(b.gossip, std::vector<std::string>{"again"});
}

TEST_F(SwarmTest, strangers_cannot_take_every_place) {
    SwarmConfig config = test_swarm_config(1);
    config.limits.peers_max = 3;
    config.limits.inbound_peers_max = 2;
    TestNode a(network, reactor, config, 1);
    std::deque<TestNode> others;
    for (std::uint32_t i = 2; i <= 6; ++i) others.emplace_back(network, reactor, i);
    for (std::size_t i = 0; i < 3; ++i) others[i].dial(a);
    reactor.run_for(seconds(2));
    EXPECT_EQ(a.swarm.peer_count(), 2u);
    ASSERT_EQ(a.all<IncomingError>().size(), 1u);
    EXPECT_EQ(a.all<IncomingError>()[0]->what, "inbound_peers");
    a.dial(others[3]);
    reactor.run_for(seconds(2));
    EXPECT_EQ(a.swarm.peer_count(), 3u);
    a.dial(others[4]);
    reactor.run_for(seconds(2));
    ASSERT_EQ(a.dial_failures.size(), 1u);
    EXPECT_EQ(a.dial_failures[0].kind, DialErrorKind::limit);
}

TEST_F(SwarmTest, stop_answers_what_is_owed_and_falls_silent) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    TestNode c(network, reactor, 3);
    connect(a, b);
    a.dial(c);
    std::vector<PingError> pings;
    a.swarm.ping(b.id(), [&](PingOutcome outcome) { pings.push_back(outcome.error()); });
    std::vector<RequestError> requests;
    a.swarm.request(b.id(), "/echo/1", framed("x"), [&](RequestEvent event) {
        requests.push_back(std::get<RequestFailure>(event).kind);
    });
    a.swarm.stop();
    EXPECT_EQ(pings, std::vector{PingError::stopped});
    EXPECT_EQ(requests, std::vector{RequestError::stopped});
    ASSERT_EQ(a.dial_failures.size(), 1u);
    EXPECT_EQ(a.dial_failures[0].kind, DialErrorKind::stopped);

    const std::size_t events = a.events.size();
    EXPECT_EQ(a.swarm.publish("/block", {1}).error(), gossipsub::PublishError::stopped);
    a.dial(b);
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.dial_failures.back().kind, DialErrorKind::stopped);
    b.dial(a);
    reactor.run_for(seconds(10));
    EXPECT_EQ(a.events.size(), events);
    EXPECT_EQ(b.all<ConnectionClosed>().at(0)->reason.cause, CloseCause::remote);
}

// ---- ping

TEST_F(SwarmTest, a_ping_takes_one_round_trip) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    connect(a, b);
    std::vector<PingOutcome> outcomes;
    const auto keep = [&](PingOutcome outcome) { outcomes.push_back(outcome); };
    a.swarm.ping(b.id(), keep);
    reactor.run_for(seconds(1));
    ASSERT_EQ(outcomes.size(), 1u);
    ASSERT_TRUE(outcomes[0]);
    EXPECT_GE(*outcomes[0], milliseconds(10));
    EXPECT_LE(*outcomes[0], milliseconds(100));

    a.swarm.ping(PeerId::from_public_key(sim_public_key(9)), keep);
    network.partition(a.id(), b.id());
    a.swarm.ping(b.id(), keep);
    reactor.run_for(seconds(11));
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes[1], std::unexpected(PingError::no_peer));
    EXPECT_EQ(outcomes[2], std::unexpected(PingError::timeout));
}

TEST_F(SwarmTest, a_peer_may_say_again_what_it_speaks) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    IdentifyInfo info;
    info.agent_version = "other/2";
    info.protocols = {"/meshsub/1.1.0"};
    Bytes flight = RawPeer::lines({"/multistream/1.0.0", "/ipfs/id/push/1.0.0"});
    append(flight, framed(encode_identify(info)));
    raw.open(flight).finish();
    reactor.run_for(seconds(1));
    const auto told = a.all<PeerProtocols>();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0]->peer, raw.id);
    EXPECT_EQ(told[0]->info, info);
}

// ---- hostile peers

TEST_F(SwarmTest, a_negotiation_in_one_flight_is_answered) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    Bytes flight = RawPeer::lines({"/multistream/1.0.0", "/ipfs/ping/1.0.0"});
    append(flight, Bytes(32, 7));
    raw.open(flight);
    reactor.run_for(seconds(1));
    Bytes expected = RawPeer::lines({"/multistream/1.0.0", "/ipfs/ping/1.0.0"});
    append(expected, Bytes(32, 7));
    const std::string_view received = as_text(raw.received);
    EXPECT_NE(received.find(as_text(expected)), std::string_view::npos);
}

TEST_F(SwarmTest, a_negotiation_that_drips_is_ended_after_five_seconds) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    Stream& stream = raw.open({0x13});
    for (int i = 0; i < 4; ++i) {
        reactor.run_for(seconds(1));
        stream.write({'/'});
    }
    EXPECT_EQ(raw.resets, 0);
    reactor.run_for(seconds(2));
    EXPECT_EQ(raw.resets, 1);
}

TEST_F(SwarmTest, streams_of_unknown_protocols_are_refused_and_end) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    raw.open(RawPeer::lines({"/multistream/1.0.0", "/unknown"}));
    raw.open({0xff, 0xff, 0xff});
    reactor.run_for(seconds(1));
    EXPECT_EQ(raw.resets, 1) << "what is not multistream is ended at once";
    reactor.run_for(seconds(5));
    EXPECT_EQ(raw.resets, 2);
    EXPECT_TRUE(a.swarm.is_connected(raw.id));
}

TEST_F(SwarmTest, a_peer_that_answers_nothing_leaves_no_tasks_behind) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    reactor.run_for(seconds(30));
    EXPECT_TRUE(a.all<PeerProtocols>().empty());
    raw.connection->close(0, "bye");
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.all<ConnectionClosed>().size(), 1u);
    EXPECT_EQ(a.swarm.peer_count(), 0u);
}

TEST_F(SwarmTest, a_third_ping_stream_is_refused_and_a_flood_without_reading_is_cut) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    const Bytes open = RawPeer::lines({"/multistream/1.0.0", "/ipfs/ping/1.0.0"});
    Stream& first = raw.open(open);
    raw.open(open);
    raw.open(open);
    reactor.run_for(seconds(1));
    EXPECT_EQ(raw.resets, 1);
    first.write(Bytes(4 * 1024 * 1024, 1));
    reactor.run_for(seconds(5));
    EXPECT_EQ(raw.resets, 2);
}

TEST_F(SwarmTest, a_frame_beyond_the_limit_ends_the_connection) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    Bytes flight = RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.2.0"});
    append_varint(flight, gossipsub::kRpcSizeMax + 1);
    raw.open(flight);
    reactor.run_for(seconds(1));
    ASSERT_EQ(a.all<ConnectionClosed>().size(), 1u);
    EXPECT_EQ(a.all<ConnectionClosed>()[0]->reason.what, "gossipsub: malformed gossip frame");
    EXPECT_EQ(raw.closed.size(), 1u);
}

TEST_F(SwarmTest, a_frame_that_never_ends_is_given_up) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    Bytes flight = RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.2.0"});
    append_varint(flight, 1'000'000);
    Stream& stream = raw.open(flight);
    for (int i = 0; i < 29; ++i) {
        stream.write({0});
        reactor.run_for(seconds(1));
    }
    EXPECT_EQ(raw.resets, 0);
    reactor.run_for(seconds(3));
    EXPECT_EQ(raw.resets, 1);
    EXPECT_TRUE(a.swarm.is_connected(raw.id));
}

TEST_F(SwarmTest, unfinished_frames_of_all_peers_are_bounded) {
    TestNode a(network, reactor, 1);
    std::deque<RawPeer> peers;
    const std::size_t held = 12'000'000;
    for (std::uint32_t i = 2; i < 2 + 14; ++i) {
        RawPeer& raw = peers.emplace_back(network, reactor, i);
        raw.dial(a);
        Bytes flight = RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.2.0"});
        append_varint(flight, gossipsub::kRpcSizeMax);
        append(flight, Bytes(held, 0));
        raw.open(flight);
    }
    reactor.run_for(seconds(5));
    int resets = 0;
    for (const RawPeer& raw : peers) resets += raw.resets > 0 ? 1 : 0;
    EXPECT_GE(resets, 14 - static_cast<int>(gossipsub::kPartialFramesMax / held));
    EXPECT_LT(resets, 14);
}

TEST_F(SwarmTest, the_second_gossip_stream_of_a_peer_replaces_the_first) {
    TestNode a(network, reactor, 1);
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    const Bytes open = RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.1.0"});
    raw.open(open);
    reactor.run_for(seconds(1));
    Bytes flight = open;
    gossipsub::Rpc rpc;
    rpc.subscriptions = {{true, "/block"}};
    append(flight, gossipsub::encode_frame(rpc));
    raw.open(flight);
    reactor.run_for(seconds(1));
    EXPECT_EQ(raw.resets, 1);
    ASSERT_EQ(a.all<PeerSubscription>().size(), 1u);
    EXPECT_EQ(a.all<PeerSubscription>()[0]->topic, "/block");
    EXPECT_TRUE(a.all<PeerSubscription>()[0]->subscribed);
}

TEST_F(SwarmTest, a_peer_that_opens_a_gossip_stream_is_told_the_subscriptions_again) {
    TestNode a(network, reactor, 1);
    a.swarm.subscribe("/block");
    RawPeer raw(network, reactor, 2);
    raw.dial(a);
    reactor.run_for(seconds(1));
    // Identify and gossipsub: to both it says yes to whatever was proposed first.
    for (const auto& stream : raw.inbound) {
        stream->set_handler(&raw);
        stream->write(RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.2.0"}));
    }
    reactor.run_for(seconds(1));
    gossipsub::Rpc greeting;
    greeting.subscriptions = {{true, "/block"}};
    const Bytes frame = gossipsub::encode_frame(greeting);
    const auto times_told = [&] {
        std::size_t times = 0;
        for (auto at = raw.received.begin();; ++at, ++times) {
            at = std::search(at, raw.received.end(), frame.begin(), frame.end());
            if (at == raw.received.end()) return times;
        }
    };
    ASSERT_EQ(times_told(), 1u);
    const Bytes open = RawPeer::lines({"/multistream/1.0.0", "/meshsub/1.2.0"});
    raw.open(open);
    reactor.run_for(seconds(1));
    EXPECT_EQ(times_told(), 2u) << "its first may follow one towards an earlier process";
    raw.open(open);
    reactor.run_for(seconds(1));
    EXPECT_EQ(times_told(), 3u);
}

TEST_F(SwarmTest, random_bytes_on_every_protocol_do_no_harm) {
    TestNode a(network, reactor, 1);
    TestNode b(network, reactor, 2);
    connect(a, b);
    SeededRandom noise(9);
    for (std::uint32_t round = 0; round < 60; ++round) {
        RawPeer raw(network, reactor, 100 + round);
        raw.dial(a);
        for (const char* protocol : {"/ipfs/id/push/1.0.0",
                                     "/ipfs/id/1.0.0",
                                     "/ipfs/ping/1.0.0",
                                     "/meshsub/1.2.0",
                                     "/echo/1"}) {
            Bytes flight = RawPeer::lines({"/multistream/1.0.0", protocol});
            Bytes junk(noise.below(300));
            noise.fill(junk);
            append(flight, junk);
            if (noise.below(3) == 0) flight[noise.below(flight.size())] ^= 0x41;
            Stream& stream = raw.open(flight);
            if (noise.below(2) == 0) stream.finish();
        }
        reactor.run_for(seconds(2));
    }
    reactor.run_for(seconds(60));
    EXPECT_TRUE(a.swarm.is_connected(b.id()));
    EXPECT_EQ(a.swarm.peer_count(), 1u);
    EXPECT_EQ(a.swarm.responses_in_flight(), 0u);
    PingOutcome outcome = std::unexpected(PingError::failed);
    b.swarm.ping(a.id(), [&](PingOutcome result) { outcome = result; });
    reactor.run_for(seconds(1));
    EXPECT_TRUE(outcome);
}

}  // namespace
}  // namespace lepton::libp2p
