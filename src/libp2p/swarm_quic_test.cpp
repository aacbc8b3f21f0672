// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Two swarms over real QUIC on the loopback interface.
#include "libp2p/asio_reactor.hpp"
#include "libp2p/asio_udp_socket.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/quic/transport.hpp"
#include "libp2p/simulation/test_node.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct QuicNode {
    QuicNode(Reactor& reactor, boost::asio::io_context& context, std::uint64_t seed)
        : random(seed),
          identity(Identity::generate(random)),
          swarm(std::make_unique<Swarm>(
              reactor,
              std::make_unique<QuicTransport>(
                  reactor, random, identity, metrics, asio_udp_sockets(context)),
              random,
              metrics,
              config(identity),
              [this](SwarmEvent event) { events.push_back(std::move(event)); })) {
        address = swarm->listen(Multiaddr{{127, 0, 0, 1}, 0, {}}).value();
        address.peer_id = identity.peer_id();
    }

    static SwarmConfig config(const Identity& identity) {
        SwarmConfig made = test_swarm_config(0);
        made.public_key = identity.public_key_protobuf();
        return made;
    }
    template <class Event>
    std::vector<Event*> all() {
        std::vector<Event*> result;
        for (SwarmEvent& event : events) {
            if (auto* found = std::get_if<Event>(&event)) result.push_back(found);
        }
        return result;
    }

    Metrics metrics;
    SeededRandom random;
    Identity identity;
    Multiaddr address;
    std::deque<SwarmEvent> events;
    std::unique_ptr<Swarm> swarm;
};

struct SwarmQuicTest : testing::Test {
    template <class Condition>
    bool run_until(Condition condition) {
        const Time end = clock.now() + seconds(20);
        while (!condition()) {
            if (clock.now() >= end) return false;
            context.restart();
            context.run_one_for(milliseconds(10));
        }
        return true;
    }
    void connect() {
        bool is_done = false;
        a.swarm->dial(b.address, [&](DialOutcome outcome) { is_done = outcome.has_value(); });
        ASSERT_TRUE(run_until([&] {
            return is_done && !a.all<PeerProtocols>().empty() && !b.all<PeerProtocols>().empty();
        }));
    }

    boost::asio::io_context context;
    SystemClock clock;
    AsioReactor reactor{context, clock};
    QuicNode a{reactor, context, 1};
    QuicNode b{reactor, context, 2};
};

TEST_F(SwarmQuicTest, swarms_identify_and_ping_each_other) {
    connect();
    EXPECT_EQ(a.all<ConnectionEstablished>().at(0)->peer, b.identity.peer_id());
    EXPECT_EQ(a.all<PeerProtocols>()[0]->info.public_key, b.identity.public_key_protobuf());
    std::optional<PingOutcome> ping;
    a.swarm->ping(b.identity.peer_id(), [&](PingOutcome outcome) { ping = outcome; });
    ASSERT_TRUE(run_until([&] { return ping.has_value(); }));
    EXPECT_TRUE(*ping);
}

TEST_F(SwarmQuicTest, a_large_message_is_gossiped) {
    a.swarm->subscribe("/block");
    b.swarm->subscribe("/block");
    connect();
    ASSERT_TRUE(run_until([&] { return a.swarm->mesh("/block").size() == 1; }));
    const std::string payload = "block " + std::string(900'000, 'x');
    ASSERT_TRUE(a.swarm->publish("/block", to_bytes(as_bytes(payload))));
    ASSERT_TRUE(run_until([&] { return !b.all<GossipMessage>().empty(); }));
    EXPECT_EQ(as_text(b.all<GossipMessage>()[0]->data), payload);
}

TEST_F(SwarmQuicTest, a_large_answer_streams) {
    connect();
    std::size_t received = 0;
    bool has_ended = false;
    a.swarm->request(b.identity.peer_id(), "/stream/1", framed("go"), [&](RequestEvent event) {
        if (const auto* chunk = std::get_if<ResponseChunk>(&event)) {
            received += chunk->data.size();
            a.swarm->chunk_handled(chunk->request.id);
        } else {
            has_ended = std::holds_alternative<ResponseEnd>(event);
        }
    });
    ASSERT_TRUE(run_until([&] { return !b.all<InboundRequest>().empty(); }));
    ResponseChannel& channel = b.all<InboundRequest>()[0]->channel;
    const std::size_t total = 60;
    std::size_t written = 0;
    std::size_t told = 0;
    const auto write_on = [&] {
        while (written < total) {
            const auto result = channel.write(framed(Bytes(300'000, 7)));
            if (result == ResponseChannel::Written::full) return;
            ASSERT_EQ(result, ResponseChannel::Written::queued);
            ++written;
        }
        channel.finish();
    };
    write_on();
    EXPECT_LT(written, 10u) << "the rest waits for the reader";
    ASSERT_TRUE(run_until([&] {
        for (; told < b.all<ResponseWritable>().size(); ++told) write_on();
        return has_ended;
    }));
    EXPECT_EQ(received, total * 300'000);
    ASSERT_TRUE(run_until([&] { return !b.all<ResponseOutcome>().empty(); }));
    EXPECT_EQ(b.all<ResponseOutcome>()[0]->result, ResponseResult::sent);
}

TEST_F(SwarmQuicTest, a_peer_that_asks_one_at_a_time_is_never_too_many) {
    connect();
    // Each as soon as the last answer is there: faster than the server looks after its answers.
    for (std::size_t i = 0; i < 6; ++i) {
        std::optional<RequestEvent> last;
        a.swarm->request(b.identity.peer_id(), "/echo/1", framed("x"), [&](RequestEvent event) {
            last = std::move(event);
            if (const auto* chunk = std::get_if<ResponseChunk>(&*last)) {
                a.swarm->chunk_handled(chunk->request.id);
            }
        });
        ASSERT_TRUE(run_until([&] { return last || b.all<InboundRequest>().size() > i; }));
        ASSERT_EQ(b.all<InboundRequest>().size(), i + 1);
        ResponseChannel& channel = b.all<InboundRequest>()[i]->channel;
        ASSERT_EQ(channel.write(framed("yes")), ResponseChannel::Written::queued);
        channel.finish();
        ASSERT_TRUE(
            run_until([&] { return last && !std::holds_alternative<ResponseChunk>(*last); }));
        ASSERT_TRUE(std::holds_alternative<ResponseEnd>(*last));
    }
}

TEST_F(SwarmQuicTest, refusals_and_resets_arrive_as_such) {
    connect();
    std::vector<RequestError> errors;
    const auto keep = [&](RequestEvent event) {
        errors.push_back(std::get<RequestFailure>(event).kind);
    };
    a.swarm->request(b.identity.peer_id(), "/echo/1", framed("x"), keep);
    ASSERT_TRUE(run_until([&] { return !b.all<InboundRequest>().empty(); }));
    {
        const ResponseChannel dropped = std::move(b.all<InboundRequest>()[0]->channel);
    }
    ASSERT_TRUE(run_until([&] { return errors.size() == 1; }));
    EXPECT_EQ(errors[0], RequestError::reset);

    SwarmConfig config = QuicNode::config(a.identity);
    config.requests.clear();
    SeededRandom random(3);
    const Identity identity = Identity::generate(random);
    config.public_key = identity.public_key_protobuf();
    Metrics metrics;
    Swarm c(reactor,
            std::make_unique<QuicTransport>(
                reactor, random, identity, metrics, asio_udp_sockets(context)),
            random,
            metrics,
            config,
            [](SwarmEvent) {});
    bool is_connected = false;
    c.dial(a.address, [&](DialOutcome outcome) { is_connected = outcome.has_value(); });
    ASSERT_TRUE(run_until([&] { return is_connected; }));
    ASSERT_TRUE(run_until([&] { return a.swarm->is_connected(identity.peer_id()); }));
    a.swarm->request(identity.peer_id(), "/echo/1", framed("x"), keep);
    ASSERT_TRUE(run_until([&] { return errors.size() == 2; }));
    EXPECT_EQ(errors[1], RequestError::unsupported_protocol);
}

TEST_F(SwarmQuicTest, a_swarm_may_go_in_the_middle_of_everything) {
    connect();
    std::vector<DialErrorKind> dials;
    std::vector<RequestError> requests;
    a.swarm->dial(Multiaddr{{127, 0, 0, 1}, 9, {}},
                  [&](DialOutcome outcome) { dials.push_back(outcome.error().kind); });
    a.swarm->request(b.identity.peer_id(), "/echo/1", framed("x"), [&](RequestEvent event) {
        requests.push_back(std::get<RequestFailure>(event).kind);
    });
    ASSERT_TRUE(run_until([&] { return !b.all<InboundRequest>().empty(); }));
    a.swarm.reset();
    EXPECT_EQ(dials, std::vector{DialErrorKind::stopped});
    EXPECT_EQ(requests, std::vector{RequestError::stopped});
    ASSERT_TRUE(run_until([&] { return !b.all<ConnectionClosed>().empty(); }));
    EXPECT_EQ(b.all<ConnectionClosed>()[0]->reason.cause, CloseCause::remote);
}

}  // namespace
}  // namespace lepton::libp2p
