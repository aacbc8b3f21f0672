// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The reactor and the socket of a running node, on the loopback interface.
#include "libp2p/asio_reactor.hpp"
#include "libp2p/asio_udp_socket.hpp"
#include "libp2p/quic/test_peers.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace lepton::libp2p {
namespace {

using namespace std::chrono_literals;
using test::ConnectionEnd;
using test::StreamEnd;

/// Runs `context` until `condition` holds; false after `limit` of real time.
template <class Condition>
bool run_until(boost::asio::io_context& context, Condition condition, Duration limit = 10s) {
    const SystemClock clock;
    const Time end = clock.now() + limit;
    while (!condition()) {
        if (clock.now() >= end) return false;
        context.restart();
        context.run_one_for(10ms);
    }
    return true;
}

TEST(AsioReactor, timers_run_in_order_and_never_from_within_after) {
    boost::asio::io_context context;
    const SystemClock clock;
    AsioReactor reactor{context, clock};
    std::vector<int> order;
    reactor.after(20ms, [&] { order.push_back(3); });
    reactor.after(10ms, [&] { order.push_back(2); });
    reactor.defer([&] {
        order.push_back(0);
        reactor.defer([&] { order.push_back(1); });
    });
    const TimerId cancelled = reactor.after(5ms, [&] { order.push_back(99); });
    reactor.cancel(cancelled);
    reactor.cancel(0);
    EXPECT_TRUE(order.empty());
    EXPECT_TRUE(run_until(context, [&] { return order.size() == 4; }));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
    reactor.cancel(cancelled);
}

TEST(AsioReactor, delay_is_kept) {
    boost::asio::io_context context;
    const SystemClock clock;
    AsioReactor reactor{context, clock};
    const Time start = clock.now();
    Time ran{};
    reactor.after(30ms, [&] { ran = clock.now(); });
    reactor.after(1s, [] {});
    EXPECT_TRUE(run_until(context, [&] { return ran != Time{}; }));
    EXPECT_GE(ran, start + 30ms);
    EXPECT_LT(ran, start + 500ms);
}

TEST(AsioReactor, destroyed_reactor_runs_nothing) {
    boost::asio::io_context context;
    const SystemClock clock;
    bool has_run = false;
    {
        AsioReactor reactor{context, clock};
        reactor.after(1ms, [&] { has_run = true; });
        reactor.defer([&] { has_run = true; });
    }
    context.run_for(20ms);
    EXPECT_FALSE(has_run);
}

TEST(AsioUdpSocket, taken_address_is_named_in_the_error) {
    boost::asio::io_context context;
    const auto open = asio_udp_sockets(context);
    const auto any = SocketAddress::from_multiaddr(
        Multiaddr::from_string("/ip4/127.0.0.1/udp/0/quic-v1").value());
    const auto first = open(any);
    ASSERT_TRUE(first) << first.error().what;
    const auto second = open((*first)->local_address());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().what,
              "bind " + (*first)->local_address().to_multiaddr().to_string() +
                  ": Address already in use");
    const auto foreign = open(SocketAddress::from_multiaddr(
        Multiaddr::from_string("/ip4/192.0.2.1/udp/9000/quic-v1").value()));
    ASSERT_FALSE(foreign);
    EXPECT_NE(foreign.error().what.find("/ip4/192.0.2.1/udp/9000"), std::string::npos);
}

struct Collector final : DatagramReceiver {
    void on_datagram(const Datagram& datagram) override {
        payloads.push_back(to_bytes(datagram.payload));
        remote = datagram.remote;
        local = datagram.local;
    }
    void on_batch_end() override { ++batches; }
    void on_sendable() override {}

    std::vector<Bytes> payloads;
    SocketAddress remote;
    IpAddress local;
    int batches = 0;
};

TEST(AsioUdpSocket, batch_arrives_as_single_datagrams_and_tells_the_local_address) {
    for (const char* any : {"/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1"}) {
        SCOPED_TRACE(any);
        boost::asio::io_context context;
        const auto open = asio_udp_sockets(context);
        const auto any_address = SocketAddress::from_multiaddr(Multiaddr::from_string(any).value());
        const auto receiver = open(any_address);
        const auto sender = open(any_address);
        if (!receiver && any_address.ip.is_ip6()) GTEST_SKIP() << receiver.error().what;
        ASSERT_TRUE(receiver && sender);
        Collector collector;
        (*receiver)->start(collector);

        const char* loopback =
            any_address.ip.is_ip6() ? "/ip6/::1/udp/0/quic-v1" : "/ip4/127.0.0.2/udp/0/quic-v1";
        SocketAddress to = SocketAddress::from_multiaddr(Multiaddr::from_string(loopback).value());
        to.port = (*receiver)->local_address().port;
        Bytes batch;
        for (std::uint8_t i = 0; i < 5; ++i) batch.insert(batch.end(), i < 4 ? 1200 : 700, i);
        EXPECT_EQ((*sender)->send(to, {{}, any_address.ip.size}, batch, 1200), batch.size());
        const bool has_all = run_until(context, [&] { return collector.payloads.size() >= 5; }, 2s);
        if (!has_all && any_address.ip.is_ip6()) GTEST_SKIP() << "no IPv6 on this machine";
        ASSERT_EQ(collector.payloads.size(), 5u);
        for (std::uint8_t i = 0; i < 5; ++i) {
            EXPECT_EQ(collector.payloads[i], Bytes(i < 4 ? 1200 : 700, i));
        }
        EXPECT_EQ(collector.local, to.ip);

        // The answer leaves from the address that was written to, not from the usual one.
        Collector answers;
        (*sender)->start(answers);
        (*receiver)->send(collector.remote, collector.local, Bytes{1, 2, 3}, 3);
        ASSERT_TRUE(run_until(context, [&] { return answers.payloads.size() == 1; }));
        EXPECT_EQ(answers.remote, to);
    }
}

TEST(AsioUdpSocket, empty_datagram_is_one_too) {
    boost::asio::io_context context;
    const auto open = asio_udp_sockets(context);
    const auto any = SocketAddress::from_multiaddr(
        Multiaddr::from_string("/ip4/127.0.0.1/udp/0/quic-v1").value());
    const auto receiver = open(any);
    ASSERT_TRUE(receiver);
    Collector collector;
    (*receiver)->start(collector);
    boost::asio::ip::udp::socket raw{context, boost::asio::ip::udp::v4()};
    const boost::asio::ip::udp::endpoint to{boost::asio::ip::address_v4::loopback(),
                                            (*receiver)->local_address().port};
    raw.send_to(boost::asio::buffer("", 0), to);
    raw.send_to(boost::asio::buffer("x", 1), to);
    ASSERT_TRUE(run_until(context, [&] { return collector.payloads.size() == 2; }));
    EXPECT_TRUE(collector.payloads[0].empty());
}

struct Host {
    explicit Host(Reactor& reactor, boost::asio::io_context& context)
        : identity(Identity::generate(random)),
          transport(reactor, random, identity, metrics, asio_udp_sockets(context)) {}

    SystemRandom random;
    Metrics metrics;
    Identity identity;
    QuicTransport transport;
    std::unique_ptr<ConnectionEnd> end;
};

TEST(AsioTransport, largest_message_crosses_the_loopback_interface) {
    boost::asio::io_context context;
    const SystemClock clock;
    AsioReactor reactor{context, clock};
    for (const char* text : {"/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/0.0.0.0/udp/0/quic-v1"}) {
        Host listener{reactor, context}, dialler{reactor, context};
        auto bound = listener.transport.listen(
            Multiaddr::from_string(text).value(), [&](std::unique_ptr<Connection> connection) {
                listener.end = std::make_unique<ConnectionEnd>(std::move(connection));
            });
        ASSERT_TRUE(bound) << bound.error().what;
        EXPECT_NE(bound->udp_port, 0);
        Multiaddr address = *bound;
        address.ip = {127, 0, 0, 1};
        address.peer_id = listener.identity.peer_id();
        std::string failure;
        dialler.transport.dial(address, [&](auto result) {
            if (result) {
                dialler.end = std::make_unique<ConnectionEnd>(std::move(*result));
            } else {
                failure = result.error().what;
            }
        });
        ASSERT_TRUE(run_until(context, [&] { return dialler.end != nullptr || !failure.empty(); }));
        ASSERT_EQ(failure, "");

        SeededRandom random{5};
        Bytes content(12'234'442);
        random.fill(content);
        StreamEnd* near = dialler.end->open();
        ASSERT_TRUE(near);
        const Time start = clock.now();
        EXPECT_TRUE(near->stream->write(content));
        near->stream->finish();
        ASSERT_TRUE(run_until(
            context,
            [&] { return !listener.end->streams.empty() && listener.end->streams[0]->has_ended; },
            30s));
        const auto taken =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - start);
        RecordProperty("milliseconds", std::to_string(taken.count()));
        EXPECT_TRUE(listener.end->streams[0]->received == content);

        dialler.transport.stop();
        listener.transport.stop();
        EXPECT_TRUE(
            run_until(context, [&] { return dialler.end->closed && listener.end->closed; }));
    }
}

/// A callback may let go of the socket in the middle of a batch.
TEST(AsioTransport, transport_may_be_destroyed_in_a_callback) {
    boost::asio::io_context context;
    const SystemClock clock;
    AsioReactor reactor{context, clock};
    auto listener = std::make_unique<Host>(reactor, context);
    Host dialler{reactor, context};
    bool is_destroyed = false;
    SystemRandom random;
    const auto bound =
        listener->transport.listen(Multiaddr::from_string("/ip4/127.0.0.1/udp/0/quic-v1").value(),
                                   [&](std::unique_ptr<Connection>) {
                                       listener->transport.stop();
                                       is_destroyed = true;
                                   });
    ASSERT_TRUE(bound);
    bool is_done = false;
    dialler.transport.dial(*bound, [&](auto) { is_done = true; });
    EXPECT_TRUE(run_until(context, [&] { return is_destroyed; }));
    EXPECT_TRUE(run_until(context, [&] { return is_done; }));
    listener.reset();
}

}  // namespace
}  // namespace lepton::libp2p
