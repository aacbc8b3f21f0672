// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the endpoint does with datagrams that belong to no connection, and with crowds of strangers.
#include "libp2p/quic/endpoint.hpp"

#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/raw_peer.hpp"
#include "libp2p/quic/test_peers.hpp"
#include "libp2p/tls/test_certificates.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::libp2p {
namespace {

using namespace std::chrono_literals;
using test::ConnectionEnd;
using test::Peer;
using test::RawPeer;
using test::Watch;
using test::World;

SocketAddress address_of(const char* ip, std::uint16_t port) {
    Multiaddr address =
        Multiaddr::from_string(std::string{"/ip4/"} + ip + "/udp/1/quic-v1").value();
    address.udp_port = port;
    return SocketAddress::from_multiaddr(address);
}

/// A listener, and what it sends to addresses that no peer has.
struct Listener {
    Listener() : peer(world, 1) {
        peer.listen();
        self = SocketAddress::from_multiaddr(peer.address);
        world.network.set_tap(
            [this](const SocketAddress& from, const SocketAddress& to, Bytes& payload) {
                if (from == self) {
                    answers.push_back(payload);
                    answered.push_back(to);
                }
                return true;
            });
    }

    ~Listener() { world.network.set_tap(nullptr); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    void receive(const SocketAddress& from, Bytes payload) {
        received_size += payload.size();
        world.network.inject(from, self, std::move(payload));
        world.reactor.run_for(2ms);
    }
    std::size_t answers_size() const {
        std::size_t size = 0;
        for (const Bytes& answer : answers) size += answer.size();
        return size;
    }

    World world;
    Peer peer;
    SocketAddress self;
    std::vector<Bytes> answers;
    std::vector<SocketAddress> answered;
    std::size_t received_size = 0;
};

/// Returns the first datagram that a dialler sends to `to`.
Bytes first_datagram(std::uint64_t seed, const SocketAddress& to) {
    World world{seed};
    Peer dialler{world, 7};
    Bytes first;
    const Watch watch{world, [&](const SocketAddress&, const SocketAddress&, Bytes& payload) {
                          if (first.empty()) first = payload;
                          return false;
                      }};
    dialler.transport.dial(to.to_multiaddr(), [](auto) {});
    world.reactor.run_for(10ms);
    return first;
}

TEST(QuicEndpoint, noise_is_dropped_and_counted) {
    Listener listener;
    SeededRandom random{5};
    for (int i = 0; i < 2000; ++i) {
        Bytes noise(random.below(1500));
        random.fill(noise);
        listener.receive(address_of("192.0.2.1", 1000), noise);
    }
    EXPECT_TRUE(listener.peer.accepted.empty());
    EXPECT_EQ(listener.peer.counters.datagrams_received.Value(), 2000);
    std::uint64_t dropped = 0;
    for (std::size_t i = 0; i < kDropCount; ++i) {
        const auto reason = static_cast<Drop>(i);
        if (reason == Drop::stateless_rate || reason == Drop::socket_full) continue;
        dropped += listener.peer.counters.dropped(reason);
    }
    EXPECT_EQ(dropped, 2000u);
    // Nothing that a forger can aim at a third party is longer than what he sent.
    EXPECT_LT(listener.answers_size(), listener.received_size);
}

TEST(QuicEndpoint, changed_handshake_packets_harm_nobody) {
    const Bytes good = first_datagram(3, address_of("10.0.0.1", 9000));
    ASSERT_EQ(good.size(), 1200u);
    SeededRandom random{6};
    Listener listener;
    for (int i = 0; i < 3000; ++i) {
        Bytes changed = good;
        for (auto flips = 1 + random.below(4); flips > 0; --flips) {
            changed[random.below(i % 2 == 0 ? 60 : changed.size())] =
                static_cast<std::uint8_t>(random.below(256));
        }
        if (i % 10 == 0) changed.resize(random.below(changed.size()));
        listener.receive(address_of("192.0.2.1", 1000), changed);
    }
    listener.world.reactor.run_for(20s);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), 0);
    // Afterwards it serves as before.
    Peer dialler{listener.world, 2};
    EXPECT_TRUE(dialler.dial(listener.peer.full_address()));
}

TEST(QuicEndpoint, every_datagram_that_starts_a_connection_has_1200_bytes) {
    Bytes small = first_datagram(3, address_of("10.0.0.1", 9000));
    small.resize(1199);
    Listener listener;
    listener.receive(address_of("192.0.2.1", 1000), small);
    EXPECT_TRUE(listener.answers.empty());
    EXPECT_EQ(listener.peer.counters.dropped(Drop::malformed), 1u);
}

TEST(QuicEndpoint, unproven_address_gets_at_most_three_times_what_it_sent) {
    Listener listener;
    listener.receive(address_of("192.0.2.1", 1000),
                     first_datagram(3, address_of("10.0.0.1", 9000)));
    listener.world.reactor.run_for(10s);
    EXPECT_GT(listener.answers_size(), 0u);
    EXPECT_LE(listener.answers_size(), 3 * listener.received_size);
}

TEST(QuicEndpoint, other_versions_are_told_which_one_is_spoken) {
    Listener listener;
    Bytes datagram(1200, 0);
    datagram[0] = 0xc0;
    datagram[1] = 0xba;  // version ba000000
    datagram[5] = 2;     // destination connection id
    datagram[6] = 0x11;
    datagram[7] = 0x22;
    datagram[8] = 1;  // source connection id
    datagram[9] = 0x33;
    listener.receive(address_of("192.0.2.1", 1000), datagram);
    ASSERT_EQ(listener.answers.size(), 1u);
    Bytes answer = listener.answers[0];
    EXPECT_NE(answer[0] & 0x80, 0);
    answer[0] = 0x80;
    EXPECT_EQ(to_hex(answer),
              "80"
              "00000000"
              "0133"
              "021122"
              "0a1a2a3a"
              "00000001");

    // Version 2, which the library knows, is none of ours.
    datagram[1] = 0x6b;
    datagram[2] = 0x33;
    datagram[3] = 0x43;
    datagram[4] = 0xcf;
    listener.receive(address_of("192.0.2.1", 1000), datagram);
    EXPECT_EQ(listener.answers.size(), 2u);

    // A small datagram might be a forger's: no answer.
    datagram.resize(1199);
    listener.receive(address_of("192.0.2.1", 1000), datagram);
    EXPECT_EQ(listener.answers.size(), 2u);
    EXPECT_EQ(listener.peer.counters.dropped(Drop::unknown_version), 3u);
    EXPECT_EQ(listener.peer.counters.version_negotiations_sent.Value(), 2);
}

TEST(QuicEndpoint, stateless_answers_are_shorter_than_their_cause_and_rate_limited) {
    Listener listener;
    for (std::size_t size = 1; size < 100; ++size) {
        listener.receive(address_of("192.0.2.1", 1000), Bytes(size, 0x41));
        if (!listener.answers.empty()) {
            EXPECT_LT(listener.answers.back().size(), size);
            EXPECT_GE(listener.answers.back().size(), 21u);
        }
        listener.answers.clear();
    }
    listener.world.reactor.run_for(10s);
    for (int i = 0; i < 1000; ++i) {
        listener.world.network.inject(
            address_of("192.0.2.1", 1000), listener.self, Bytes(100, 0x41));
    }
    listener.world.reactor.run_for(5ms);
    EXPECT_LE(listener.answers.size(), limits::kStatelessBurst + 1);
    EXPECT_GE(listener.peer.counters.dropped(Drop::stateless_rate),
              1000 - limits::kStatelessBurst - 1);
}

TEST(QuicEndpoint, dialler_that_does_not_listen_starts_nothing) {
    World world;
    Peer dialler{world, 2}, other{world, 3};
    other.listen();
    ASSERT_TRUE(dialler.dial(other.full_address()));
    const auto socket = other.accepted.at(0)->connection->remote_address();
    EXPECT_FALSE(other.dial(socket));
    EXPECT_EQ(other.dial_error->kind, DialErrorKind::timeout);
    EXPECT_GT(dialler.counters.dropped(Drop::not_listening), 0u);
}

TEST(QuicEndpoint, closed_connection_answers_ever_more_rarely) {
    World world;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    ConnectionEnd* out = dialler.dial(listener.full_address());
    ASSERT_TRUE(out);
    Bytes last;
    const Watch watch{world, [&](const SocketAddress& from, const SocketAddress&, Bytes& payload) {
                          if (from.port != 9000) last = payload;
                          return true;
                      }};
    test::StreamEnd* end = out->open();
    end->stream->write(Bytes{1});
    world.reactor.run_for(10ms);
    ASSERT_FALSE(last.empty());

    // The dialler hears nothing of the end, and its packets come on.
    const SocketAddress to = SocketAddress::from_multiaddr(listener.address);
    std::size_t answers = 0;
    const Watch after{world, [&](const SocketAddress& from, const SocketAddress&, Bytes&) {
                          answers += from == to ? 1u : 0u;
                          return from != to;
                      }};
    listener.accepted[0]->connection->close(5, "bye");
    world.reactor.run_for(1ms);
    EXPECT_EQ(answers, 1u);
    for (int i = 0; i < 100; ++i) {
        world.network.inject(address_of("10.0.0.2", 40001), to, last);
    }
    world.reactor.run_for(5ms);
    EXPECT_EQ(answers, 1u + 7u);  // after 1, 2, 4, … 64
    EXPECT_EQ(listener.counters.dropped(Drop::closed_connection), 100u);
}

// --- Retry ---------------------------------------------------------------------------------------

/// Lets `count` strangers of different networks start a handshake and fall silent.
void start_strangers(Listener& listener, std::size_t count, std::uint64_t seed) {
    for (std::size_t i = 0; i < count; ++i) {
        listener.world.network.inject(address_of(("172." + std::to_string(16 + i / 250) + "." +
                                                  std::to_string(i % 250) + ".1")
                                                     .c_str(),
                                                 4000),
                                      listener.self,
                                      first_datagram(seed + i, listener.self));
    }
    listener.world.reactor.run_for(2ms);
}

TEST(QuicEndpoint, crowd_of_strangers_must_prove_their_addresses) {
    Listener listener;
    start_strangers(listener, 200, 1000);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), limits::kRetryHalfOpen);
    EXPECT_EQ(listener.peer.counters.retries_sent.Value(),
              200 - static_cast<double>(limits::kRetryHalfOpen));

    // An honest dialler gets in all the same, one round trip later.
    Peer dialler{listener.world, 2};
    const Time start = listener.world.reactor.clock().now();
    ASSERT_TRUE(dialler.dial(listener.peer.full_address())) << dialler.dial_error->what;
    EXPECT_LT(listener.world.reactor.clock().now() - start, 100ms);
    EXPECT_EQ(listener.peer.counters.retries_sent.Value(),
              201 - static_cast<double>(limits::kRetryHalfOpen));

    // The silent ones are forgotten in time, without a trace.
    listener.world.reactor.run_for(limits::kHandshakeTimeout + 1s);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), 0);
    EXPECT_EQ(listener.peer.counters.connections.Value(), 1);
    EXPECT_EQ(listener.peer.counters.handshakes_failed.Value(),
              static_cast<double>(limits::kRetryHalfOpen));
}

TEST(QuicEndpoint, half_open_connections_are_bounded_even_with_proven_addresses) {
    Listener listener;
    start_strangers(listener, limits::kRetryHalfOpen, 2000);
    // From here on everybody who repeats the token of a Retry is let in, up to the bound. These
    // strangers take part in the Retry and then fall silent.
    std::vector<std::unique_ptr<Peer>> strangers;
    std::size_t from_stranger = 0;
    const Watch watch{listener.world,
                      [&](const SocketAddress& from, const SocketAddress& to, Bytes& payload) {
                          if (to == listener.self) ++from_stranger;
                          // Of the listener's answers only Retry packets get through.
                          return from != listener.self || (payload[0] & 0xf0) == 0xf0;
                      }};
    for (std::uint8_t i = 0; i < 100; ++i) {
        strangers.push_back(
            std::make_unique<Peer>(listener.world, static_cast<std::uint8_t>(i + 2)));
        strangers.back()->address.ip = {10, 1, i, 1};
        ASSERT_TRUE(strangers.back()->transport.listen(strangers.back()->address, [](auto) {}));
        strangers.back()->transport.dial(listener.peer.full_address(), [](auto) {});
    }
    listener.world.reactor.run_for(50ms);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), limits::kHalfOpenMax);
    EXPECT_GT(listener.peer.counters.dropped(Drop::half_open_full), 0u);
}

TEST(QuicEndpoint, one_network_may_not_take_all_places) {
    Listener listener;
    for (std::uint8_t i = 1; i <= 60; ++i) {
        listener.world.network.inject(address_of(("172.16.0." + std::to_string(i)).c_str(), 4000),
                                      listener.self,
                                      first_datagram(3000u + i, listener.self));
    }
    listener.world.reactor.run_for(2ms);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), limits::kHalfOpenPerPrefixMax);
    EXPECT_EQ(listener.peer.counters.dropped(Drop::prefix_full),
              60 - limits::kHalfOpenPerPrefixMax);
}

TEST(QuicEndpoint, retry_token_is_good_for_its_address_and_for_a_while) {
    Listener listener;
    start_strangers(listener, limits::kRetryHalfOpen, 4000);
    // Catches the datagram with which a dialler repeats the token.
    Peer dialler{listener.world, 2};
    Bytes with_token;
    SocketAddress own;
    std::size_t datagrams = 0;
    const Watch watch{listener.world,
                      [&](const SocketAddress& from, const SocketAddress& to, Bytes& payload) {
                          if (to != listener.self) return true;
                          own = from;
                          if (++datagrams == 1) return true;
                          if (with_token.empty()) with_token = payload;
                          return false;
                      }};
    dialler.transport.dial(listener.peer.full_address(), [](auto) {});
    listener.world.reactor.run_for(10ms);
    ASSERT_EQ(with_token.size(), 1200u);
    const auto half_open = listener.peer.counters.half_open.Value();
    listener.world.network.set_tap(nullptr);

    // From another address: refused, with the error that says why.
    listener.receive(address_of("192.0.2.9", own.port), with_token);
    EXPECT_EQ(listener.peer.counters.dropped(Drop::invalid_token), 1u);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), half_open);
    // From its own: accepted, and a repetition belongs to the same connection.
    listener.receive(own, with_token);
    EXPECT_EQ(listener.peer.counters.dropped(Drop::invalid_token), 1u);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), half_open + 1);
    listener.receive(own, with_token);
    EXPECT_EQ(listener.peer.counters.half_open.Value(), half_open + 1);
    // Much later: refused.
    listener.world.reactor.run_for(limits::kRetryTokenLifetime + 10s);
    listener.receive(own, with_token);
    EXPECT_EQ(listener.peer.counters.dropped(Drop::invalid_token), 2u);
}

/// The first packet of a large first message may overtake the others; or somebody sends only such.
TEST(QuicEndpoint, later_part_of_a_first_message_is_kept_only_for_a_proven_address) {
    World world;
    Peer listener{world, 1};
    listener.listen();
    test::RawOptions options;
    options.on_encrypt = [](ByteView header, MutableByteView content) {
        const bool is_initial = (header[0] & 0xf0) == 0xc0;
        if (is_initial && content[0] == 0x06 && content[1] == 0) content[1] = 4;  // CRYPTO offset
    };
    RawPeer client{world, address_of("10.0.0.200", 4001), std::move(options)};
    client.dial(SocketAddress::from_multiaddr(listener.address));
    world.reactor.run_for(1500us);
    EXPECT_EQ(listener.counters.retries_sent.Value(), 1);
    EXPECT_EQ(listener.counters.connections.Value(), 0);
    EXPECT_EQ(listener.counters.half_open.Value(), 0);
    world.reactor.run_for(10ms);
    EXPECT_EQ(listener.counters.retries_sent.Value(), 1);
    EXPECT_EQ(listener.counters.half_open.Value(), 1);
    world.reactor.run_for(10s);
    EXPECT_EQ(listener.counters.half_open.Value(), 0);
}

TEST(QuicEndpoint, flood_of_first_packets_leaves_memory_and_honest_diallers_alone) {
    Listener listener;
    Peer dialler{listener.world, 2};
    SeededRandom random{9};
    const Bytes good = first_datagram(3, listener.self);
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 500; ++i) {
            Bytes other = good;
            random.fill(MutableByteView{other}.subspan(6, 16));  // another connection id
            SocketAddress from = address_of("172.16.0.1", 4000);
            random.fill(MutableByteView{from.ip.bytes}.subspan(1, 3));
            listener.world.network.inject(from, listener.self, std::move(other));
        }
        listener.world.reactor.run_for(50ms);
        EXPECT_LE(listener.peer.counters.half_open.Value(), limits::kHalfOpenMax);
    }
    ASSERT_TRUE(dialler.dial(listener.peer.full_address())) << dialler.dial_error->what;
    listener.world.reactor.run_for(10s);
    EXPECT_EQ(listener.peer.counters.connections.Value(), 1);
    EXPECT_LE(listener.answers_size(), 3u * 20 * 500 * 1200);
}

TEST(QuicEndpoint, many_connections_share_the_socket) {
    World world;
    Peer hub{world, 1};
    hub.listen();
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::uint8_t i = 2; i < 102; ++i) {
        peers.push_back(std::make_unique<Peer>(world, i));
        // Each in its own network, at a pace that needs no Retry.
        peers.back()->address.ip = {10, 1, i, 1};
        peers.back()->listen();
        ASSERT_TRUE((i % 2 == 0) ? peers.back()->dial(hub.full_address())
                                 : hub.dial(peers.back()->full_address()))
            << static_cast<int>(i);
    }
    world.reactor.run_for(60s);
    EXPECT_EQ(hub.counters.connections.Value(), 100);
    EXPECT_EQ(hub.accepted.size(), 50u);
    for (const auto& end : hub.dialled) EXPECT_FALSE(end->closed);
    for (const auto& end : hub.accepted) EXPECT_FALSE(end->closed);
}

}  // namespace
}  // namespace lepton::libp2p
