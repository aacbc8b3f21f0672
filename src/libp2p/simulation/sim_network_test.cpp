// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/simulation/sim_network.hpp"

#include "libp2p/simulation/manual_reactor.hpp"
#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A stream with everything that happened on it.
struct Recorder final : StreamHandler {
    explicit Recorder(std::unique_ptr<Stream> made) : stream(std::move(made)) {
        stream->set_handler(this);
    }

    void on_data(ByteView bytes) override {
        append(received, bytes);
        if (consumes) stream->consume(bytes.size());
    }
    void on_end() override { ended = true; }
    void on_error(const StreamError& error) override { errors.push_back(error.code); }
    void on_writable() override { ++writable; }

    std::unique_ptr<Stream> stream;
    Bytes received;
    bool consumes = true;
    bool ended = false;
    std::vector<std::uint64_t> errors;
    int writable = 0;
};

/// An endpoint that keeps what reaches it.
struct Node final : ConnectionHandler {
    Node(SimNetwork& network, Reactor& reactor, std::uint8_t number)
        : transport(network.add_endpoint(reactor, sim_public_key(number), sim_ip(number))),
          peer_id(PeerId::from_public_key(sim_public_key(number))) {
        address = transport
                      ->listen(Multiaddr{sim_ip(number), 9000, {}},
                               [this](std::unique_ptr<Connection> connection) {
                                   keep(std::move(connection));
                               })
                      .value();
    }

    void keep(std::unique_ptr<Connection> connection) {
        connection->set_handler(this);
        connections.push_back(std::move(connection));
    }
    void dial(const Multiaddr& to) {
        transport->dial(to, [this](Result<std::unique_ptr<Connection>, DialError> result) {
            if (result) {
                keep(std::move(*result));
            } else {
                dial_errors.push_back(result.error().kind);
            }
        });
    }
    std::unique_ptr<Recorder> open() {
        return std::make_unique<Recorder>(connections.back()->open_stream());
    }

    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        streams.push_back(std::make_unique<Recorder>(std::move(stream)));
    }
    void on_closed(Connection&, const CloseReason& reason) override {
        closed.push_back(reason.cause);
    }

    std::unique_ptr<Transport> transport;
    PeerId peer_id;
    Multiaddr address;
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<std::unique_ptr<Recorder>> streams;
    std::vector<CloseCause> closed;
    std::vector<DialErrorKind> dial_errors;
};

struct SimNetworkTest : testing::Test {
    void connect() {
        a.dial(b.address);
        reactor.run_for(seconds(1));
        ASSERT_EQ(a.connections.size(), 1u);
        ASSERT_EQ(b.connections.size(), 1u);
    }

    ManualReactor reactor;
    SeededRandom random{1};
    SimNetwork network{random, {.stream_window = 1000, .connection_window = 4000}};
    Node a{network, reactor, 1};
    Node b{network, reactor, 2};
};

TEST_F(SimNetworkTest, both_sides_learn_who_the_other_is) {
    connect();
    EXPECT_EQ(a.connections[0]->peer_id(), b.peer_id);
    EXPECT_EQ(b.connections[0]->peer_id(), a.peer_id);
    EXPECT_TRUE(a.connections[0]->is_outbound());
    EXPECT_FALSE(b.connections[0]->is_outbound());
    EXPECT_EQ(a.connections[0]->remote_address(), b.address);
    EXPECT_EQ(to_bytes(b.connections[0]->peer_public_key()), sim_public_key(1));
}

TEST_F(SimNetworkTest, a_dial_fails_for_the_wrong_peer_and_for_nobody) {
    Multiaddr wrong = b.address;
    wrong.peer_id = a.peer_id;
    a.dial(wrong);
    Multiaddr nobody = b.address;
    nobody.udp_port = 1;
    a.dial(nobody);
    reactor.run_for(seconds(10));
    EXPECT_EQ(a.dial_errors, (std::vector{DialErrorKind::wrong_peer, DialErrorKind::timeout}));
    EXPECT_TRUE(b.connections.empty());
}

TEST_F(SimNetworkTest, bytes_arrive_in_order_within_the_window) {
    connect();
    const auto out = a.open();
    Bytes sent(5000, 0);
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i % 251);
    ASSERT_TRUE(out->stream->write(sent));
    out->stream->finish();
    EXPECT_EQ(out->stream->queued_size(), 4000u) << "the window lets 1000 bytes go";
    reactor.run_for(seconds(2));
    ASSERT_EQ(b.streams.size(), 1u);
    EXPECT_EQ(b.streams[0]->received, sent);
    EXPECT_TRUE(b.streams[0]->ended);
    EXPECT_EQ(out->stream->queued_size(), 0u);
}

TEST_F(SimNetworkTest, a_reader_that_does_not_consume_stops_the_writer) {
    connect();
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write(Bytes(10, 1)));
    reactor.run_for(seconds(1));
    b.streams[0]->consumes = false;
    ASSERT_TRUE(out->stream->write(Bytes(Stream::kQueueSizeLow + 2000, 2)));
    reactor.run_for(seconds(5));
    EXPECT_EQ(b.streams[0]->received.size(), 1000u) << "one window";
    EXPECT_EQ(out->writable, 0);
    EXPECT_FALSE(out->stream->write(Bytes(Stream::kQueueSizeMax, 3)));

    b.streams[0]->consumes = true;
    b.streams[0]->stream->consume(990);
    reactor.run_for(seconds(60));
    EXPECT_EQ(b.streams[0]->received.size(), Stream::kQueueSizeLow + 2010);
    EXPECT_EQ(out->writable, 1) << "told once, when the queue fell below the low mark";
}

TEST_F(SimNetworkTest, unread_bytes_of_a_dropped_stream_return_to_the_connection) {
    connect();
    for (int i = 0; i < 20; ++i) {
        const auto out = a.open();
        ASSERT_TRUE(out->stream->write(Bytes(900, 1)));
        reactor.run_for(milliseconds(200));
        ASSERT_EQ(b.streams.size(), 1u) << i;
        b.streams[0]->consumes = false;
        EXPECT_EQ(b.streams[0]->received.size(), 900u) << i;
        b.streams.clear();
        reactor.run_for(milliseconds(200));
        EXPECT_EQ(out->errors, std::vector<std::uint64_t>{0});
    }
}

TEST_F(SimNetworkTest, a_reset_carries_its_code) {
    connect();
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write({1}));
    reactor.run_for(seconds(1));
    out->stream->reset(7);
    reactor.run_for(seconds(1));
    EXPECT_EQ(b.streams[0]->errors, std::vector<std::uint64_t>{7});
    EXPECT_FALSE(b.streams[0]->stream->write({1}));
    EXPECT_TRUE(out->errors.empty());
}

TEST_F(SimNetworkTest, a_stream_finished_on_both_sides_may_be_destroyed) {
    connect();
    auto out = a.open();
    ASSERT_TRUE(out->stream->write({1}));
    out->stream->finish();
    reactor.run_for(seconds(1));
    ASSERT_TRUE(b.streams[0]->ended);
    ASSERT_TRUE(b.streams[0]->stream->write(Bytes(3000, 2)));
    b.streams[0]->stream->finish();
    b.streams.clear();
    reactor.run_for(seconds(2));
    EXPECT_EQ(out->received.size(), 3000u);
    EXPECT_TRUE(out->ended);
    EXPECT_TRUE(out->errors.empty());
}

TEST_F(SimNetworkTest, open_streams_are_limited_until_they_end) {
    connect();
    std::vector<std::unique_ptr<Recorder>> open;
    for (int i = 0; i < 64; ++i) open.push_back(a.open());
    EXPECT_EQ(a.connections[0]->open_stream(), nullptr);
    open.pop_back();
    EXPECT_NE(a.connections[0]->open_stream(), nullptr);
}

TEST_F(SimNetworkTest, closing_tells_the_streams_before_the_connection) {
    connect();
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write({1}));
    reactor.run_for(seconds(1));
    b.connections[0]->close(0, "bye");
    EXPECT_TRUE(b.closed.empty()) << "never from within the call";
    reactor.run_for(seconds(1));
    EXPECT_EQ(b.closed, std::vector{CloseCause::local});
    EXPECT_EQ(a.closed, std::vector{CloseCause::remote});
    EXPECT_EQ(out->errors.size(), 1u);
    EXPECT_EQ(b.streams[0]->errors.size(), 1u);
    EXPECT_EQ(a.connections[0]->open_stream(), nullptr);
}

TEST_F(SimNetworkTest, a_short_partition_delays_and_a_long_one_ends_the_connection) {
    connect();
    const auto out = a.open();
    network.partition(a.peer_id, b.peer_id);
    ASSERT_TRUE(out->stream->write({1, 2, 3}));
    reactor.run_for(seconds(5));
    EXPECT_TRUE(b.streams.empty());
    network.heal(a.peer_id, b.peer_id);
    reactor.run_for(seconds(1));
    ASSERT_EQ(b.streams.size(), 1u);
    EXPECT_EQ(b.streams[0]->received, (Bytes{1, 2, 3}));

    reactor.run_for(seconds(10));
    network.partition(a.peer_id, b.peer_id);
    a.dial(b.address);
    reactor.run_for(seconds(11));
    EXPECT_EQ(a.closed, std::vector{CloseCause::timeout});
    EXPECT_EQ(b.closed, std::vector{CloseCause::timeout});
    EXPECT_EQ(a.dial_errors, std::vector{DialErrorKind::timeout});
}

TEST_F(SimNetworkTest, in_a_one_way_partition_the_deaf_side_closes_first) {
    connect();
    network.set_path(a.peer_id, b.peer_id, {.is_blocked = true});
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write({1}));
    reactor.run_for(seconds(9));
    EXPECT_TRUE(a.closed.empty() && b.closed.empty());
    EXPECT_TRUE(b.streams.empty());
    reactor.run_for(seconds(2));
    EXPECT_EQ(b.closed, std::vector{CloseCause::timeout});
    EXPECT_TRUE(a.closed.empty()) << "it has heard from the other until now";
    reactor.run_for(seconds(10));
    EXPECT_EQ(a.closed, std::vector{CloseCause::timeout});
    EXPECT_EQ(network.counters().timeouts, 2u);
}

TEST_F(SimNetworkTest, a_partition_that_begins_again_counts_its_time_anew) {
    connect();
    for (int i = 0; i < 3; ++i) {
        network.partition(a.peer_id, b.peer_id);
        reactor.run_for(seconds(6));
        network.heal(a.peer_id, b.peer_id);
        reactor.run_for(milliseconds(100));
    }
    EXPECT_TRUE(a.closed.empty() && b.closed.empty());
}

TEST_F(SimNetworkTest, loss_delays_what_arrives_and_too_much_of_it_ends_the_connection) {
    connect();
    network.set_path(a.peer_id, b.peer_id, {.loss = 300});
    const auto out = a.open();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(out->stream->write(Bytes(10, 1)));
    reactor.run_for(milliseconds(50));
    const std::size_t early = b.streams.empty() ? 0 : b.streams[0]->received.size();
    EXPECT_LT(early, 500u);
    reactor.run_for(seconds(9));
    EXPECT_EQ(b.streams.at(0)->received.size(), 500u) << "nothing is lost for good";
    EXPECT_GT(network.counters().losses, 0u);

    network.set_path(a.peer_id, b.peer_id, {.loss = 1000});
    ASSERT_TRUE(out->stream->write({1}));
    reactor.run_for(seconds(21));
    EXPECT_EQ(b.closed, std::vector{CloseCause::timeout});
    EXPECT_EQ(a.closed, std::vector{CloseCause::timeout});
}

TEST_F(SimNetworkTest, a_narrow_path_takes_its_time) {
    connect();
    network.set_path(a.peer_id, b.peer_id, {.bytes_per_second = 100});
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write(Bytes(500, 1)));
    reactor.run_for(seconds(4));
    ASSERT_TRUE(out->stream->write(Bytes(400, 1)));
    reactor.run_for(milliseconds(1500));
    EXPECT_EQ(b.streams.at(0)->received.size(), 500u);
    EXPECT_EQ(network.counters().queued, 1u);
    reactor.run_for(seconds(4));
    EXPECT_EQ(b.streams.at(0)->received.size(), 900u);
}

TEST_F(SimNetworkTest, a_duplicated_dial_and_request_arrive_twice) {
    network.set_path(a.peer_id, b.peer_id, {.duplicates = 1000});
    a.dial(b.address);
    reactor.run_for(seconds(1));
    ASSERT_EQ(a.connections.size(), 1u);
    ASSERT_EQ(b.connections.size(), 2u);
    const auto out = a.open();
    ASSERT_TRUE(out->stream->write({1, 2, 3}));
    network.set_path(a.peer_id, b.peer_id, {.duplicates = 999});
    out->stream->finish();
    reactor.run_for(milliseconds(60));
    network.set_path(a.peer_id, b.peer_id, {});
    reactor.run_for(seconds(2));
    ASSERT_GE(b.streams.size(), 2u);
    for (const auto& stream : b.streams) {
        EXPECT_EQ(stream->received, (Bytes{1, 2, 3}));
        EXPECT_TRUE(stream->ended);
        stream->stream->write({4});
        stream->stream->finish();
    }
    reactor.run_for(seconds(1));
    EXPECT_EQ(out->received, Bytes{4}) << "the answer to the copy goes nowhere";
    reactor.run_for(seconds(10));
    EXPECT_EQ(b.closed, std::vector{CloseCause::timeout}) << "nobody speaks on the copy";
    EXPECT_TRUE(a.closed.empty());
}

TEST_F(SimNetworkTest, a_crash_is_noticed_by_the_idle_timeout_and_the_node_may_come_back) {
    connect();
    network.crash(b.peer_id);
    reactor.run_for(seconds(9));
    EXPECT_TRUE(a.closed.empty());
    reactor.run_for(seconds(2));
    EXPECT_EQ(a.closed, std::vector{CloseCause::timeout});
    EXPECT_TRUE(b.closed.empty()) << "the crashed side hears nothing";

    Node again(network, reactor, 2);
    EXPECT_EQ(again.address, b.address);
    a.dial(again.address);
    reactor.run_for(seconds(1));
    EXPECT_EQ(again.connections.size(), 1u);
}

TEST_F(SimNetworkTest, a_dropped_connection_is_an_error_on_both_sides) {
    connect();
    network.drop_connections(b.peer_id, a.peer_id);
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.closed, std::vector{CloseCause::error});
    EXPECT_EQ(b.closed, std::vector{CloseCause::error});
}

TEST_F(SimNetworkTest, stop_answers_dials_and_closes_connections) {
    connect();
    a.dial(b.address);
    a.transport->stop();
    reactor.run_for(seconds(1));
    EXPECT_EQ(a.dial_errors, std::vector{DialErrorKind::stopped});
    EXPECT_EQ(a.closed, std::vector{CloseCause::local});
    EXPECT_EQ(b.closed, std::vector{CloseCause::remote});
}

TEST(SimNetwork, the_same_seed_gives_the_same_times) {
    const auto run = [](std::uint64_t seed) {
        ManualReactor reactor;
        SeededRandom random(seed);
        SimNetwork network(random);
        Node a(network, reactor, 1);
        Node b(network, reactor, 2);
        a.dial(b.address);
        reactor.run_until([&] { return !a.connections.empty(); }, seconds(5));
        return reactor.clock().now();
    };
    EXPECT_EQ(run(5), run(5));
    EXPECT_NE(run(5), run(6));
}

TEST(ManualReactor, timers_run_in_order_and_a_cancelled_one_does_not) {
    ManualReactor reactor;
    std::vector<int> ran;
    reactor.after(seconds(2), [&] { ran.push_back(3); });
    reactor.after(seconds(1), [&] { ran.push_back(1); });
    reactor.after(seconds(1), [&] {
        ran.push_back(2);
        reactor.defer([&] { ran.push_back(9); });
    });
    reactor.cancel(reactor.after(seconds(1), [&] { ran.push_back(4); }));
    reactor.cancel(0);
    reactor.run_for(milliseconds(1500));
    EXPECT_EQ(ran, (std::vector{1, 2, 9}));
    reactor.run_for(seconds(1));
    EXPECT_EQ(ran, (std::vector{1, 2, 9, 3}));
    EXPECT_EQ(reactor.pending(), 0u);
}

}  // namespace
}  // namespace lepton::libp2p
