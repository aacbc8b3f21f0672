// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The pure parts of the QUIC transport: queues, buckets, budgets, the packet filter, addresses.
#include "base/random.hpp"
#include "libp2p/quic/admission.hpp"
#include "libp2p/quic/memory_budget.hpp"
#include "libp2p/quic/packet_filter.hpp"
#include "libp2p/quic/send_queue.hpp"
#include "libp2p/quic/socket_address.hpp"
#include "libp2p/quic/token_bucket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

namespace lepton::libp2p {
namespace {

using namespace std::chrono_literals;

// --- SendQueue -----------------------------------------------------------------------------------

Bytes unsent_bytes(const SendQueue& queue) {
    std::vector<ByteView> pieces(10'000);
    pieces.resize(queue.unsent(pieces));
    Bytes all;
    for (const ByteView piece : pieces) {
        EXPECT_FALSE(piece.empty());
        append(all, piece);
    }
    return all;
}

TEST(SendQueue, follows_a_simple_model_on_random_input) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE(seed);
        SeededRandom random{seed};
        SendQueue queue;
        Bytes model;  // every byte ever appended
        std::size_t sent = 0;
        std::size_t acked = 0;
        for (int step = 0; step < 200; ++step) {
            const auto choice = random.below(3);
            if (choice == 0) {
                Bytes bytes(random.below(random.below(4) == 0 ? 600'000 : 3000));
                random.fill(bytes);
                append(model, bytes);
                queue.append(std::move(bytes));
            } else if (choice == 1 && sent < model.size()) {
                const std::size_t size = random.below(model.size() - sent + 1);
                queue.mark_sent(size);
                sent += size;
            } else if (sent > acked) {
                const std::size_t to = acked + random.below(sent - acked + 1);
                EXPECT_EQ(queue.acknowledge(to), to - acked);
                acked = to;
            }
            ASSERT_EQ(queue.size(), model.size() - acked);
            ASSERT_EQ(queue.has_unsent(), sent < model.size());
            ASSERT_EQ(queue.unsent_size(), model.size() - sent);
            ASSERT_TRUE(std::ranges::equal(unsent_bytes(queue), ByteView{model}.subspan(sent)));
        }
    }
}

TEST(SendQueue, bytes_never_move_until_they_are_acknowledged) {
    SendQueue queue;
    queue.append(Bytes{1, 2, 3});
    std::array<ByteView, 1> first;
    ASSERT_EQ(queue.unsent(first), 1u);
    const std::uint8_t* where = first[0].data();
    queue.mark_sent(3);
    for (int i = 0; i < 10'000; ++i) queue.append(Bytes{4, 5, 6});
    queue.append(Bytes(5'000'000, 7));
    EXPECT_EQ(where[0], 1);
    EXPECT_EQ(where[2], 3);
    EXPECT_EQ(queue.acknowledge(2), 2u);
    EXPECT_EQ(where[2], 3);
}

TEST(SendQueue, clear_forgets_everything) {
    SendQueue queue;
    queue.append(Bytes(10, 1));
    queue.mark_sent(4);
    queue.clear();
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_FALSE(queue.has_unsent());
    queue.append(Bytes(3, 2));
    EXPECT_EQ(unsent_bytes(queue), Bytes(3, 2));
}

// --- TokenBucket ---------------------------------------------------------------------------------

TEST(TokenBucket, gives_a_burst_and_then_the_rate) {
    const Time start{100s};
    TokenBucket bucket{10, 5};
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(start)) << i;
    EXPECT_FALSE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start + 99ms));
    EXPECT_EQ(bucket.next(start), start + 100ms);
    EXPECT_TRUE(bucket.take(start + 100ms));
    EXPECT_FALSE(bucket.take(start + 100ms));
    EXPECT_FALSE(bucket.is_full(start + 500ms));
    EXPECT_TRUE(bucket.is_full(start + 600ms));
    int taken = 0;
    for (int ms = 600; ms < 1600; ++ms) taken += bucket.take(start + 1ms * ms) ? 1 : 0;
    EXPECT_EQ(taken, 5 + 9);
}

TEST(TokenBucket, tokens_can_be_put_back_but_not_beyond_the_burst) {
    const Time now{100s};
    TokenBucket bucket{10, 5};
    for (int i = 0; i < 5; ++i) bucket.take(now);
    bucket.give(2);
    EXPECT_TRUE(bucket.take(now));
    EXPECT_TRUE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now));
    bucket.give(1'000'000'000'000);
    int taken = 0;
    while (bucket.take(now)) ++taken;
    EXPECT_EQ(taken, 5);
}

// --- MemoryBudget --------------------------------------------------------------------------------

TEST(MemoryBudget, refuses_beyond_the_limit_and_counts_what_is_released) {
    MemoryBudget budget{1000};
    void* a = budget.allocate(600);
    ASSERT_TRUE(a);
    EXPECT_FALSE(budget.allocate(401));
    EXPECT_TRUE(budget.is_exceeded());
    void* b = budget.allocate_zeroed(100, 4);
    ASSERT_TRUE(b);
    EXPECT_EQ(static_cast<char*>(b)[399], 0);
    EXPECT_EQ(budget.used(), 1000u);
    budget.release(a);
    budget.release(nullptr);
    EXPECT_EQ(budget.used(), 400u);
    static_cast<char*>(b)[0] = 7;
    b = budget.reallocate(b, 500);
    ASSERT_TRUE(b);
    EXPECT_EQ(static_cast<char*>(b)[0], 7);
    EXPECT_EQ(budget.used(), 500u);
    EXPECT_FALSE(budget.reallocate(b, 5000));
    EXPECT_FALSE(budget.allocate_zeroed(SIZE_MAX / 2, 4));
    EXPECT_FALSE(budget.allocate(SIZE_MAX));
    budget.release(b);
    EXPECT_EQ(budget.used(), 0u);
    EXPECT_EQ(budget.peak(), 1000u);
}

// --- Packet filter -------------------------------------------------------------------------------

/// A long-header packet of version 1: type 0 is Initial, 2 Handshake.
Bytes long_packet(std::uint8_t type, std::size_t payload_size) {
    Bytes packet{static_cast<std::uint8_t>(0xc0 | type << 4), 0, 0, 0, 1, 2, 0xaa, 0xbb, 1, 0xcc};
    if (type == 0) append(packet, Bytes{3, 0x70, 0x71, 0x72});
    packet.push_back(static_cast<std::uint8_t>(0x40 | payload_size >> 8));
    packet.push_back(static_cast<std::uint8_t>(payload_size & 0xff));
    packet.resize(packet.size() + payload_size, 0x5c);
    return packet;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) append(all, part);
    return all;
}

TEST(PacketFilter, cuts_behind_the_last_long_header) {
    const Bytes initial = long_packet(0, 300);
    const Bytes handshake = long_packet(2, 700);
    const Bytes short_packet(50, 0x41);
    struct Case {
        Bytes datagram;
        std::size_t handshake_size;
        std::size_t short_size;
    };
    const Case cases[] = {
        {{}, 0, 0},
        {initial, initial.size(), 0},
        {short_packet, 0, 50},
        {joined({initial, handshake}), initial.size() + handshake.size(), 0},
        {joined({initial, handshake, short_packet}), initial.size() + handshake.size(), 50},
        {joined({handshake, short_packet}), handshake.size(), 50},
        // A short header reaches to the end, whatever follows.
        {joined({short_packet, handshake}), 0, 50 + handshake.size()},
    };
    for (const Case& c : cases) {
        const SplitDatagram split = split_datagram(c.datagram);
        EXPECT_EQ(split.handshake.size(), c.handshake_size);
        EXPECT_EQ(split.short_header.size(), c.short_size);
    }
}

TEST(PacketFilter, version_negotiation_and_retry_are_whole_datagrams) {
    Bytes negotiation{0xff, 0, 0, 0, 0, 1, 2, 1, 3, 0, 0, 0, 1, 0x41, 0x41};
    EXPECT_EQ(split_datagram(negotiation).handshake.size(), negotiation.size());
    Bytes retry{0xf0, 0, 0, 0, 1, 1, 2, 1, 3, 0x41, 0x41, 0x41};
    EXPECT_EQ(split_datagram(retry).handshake.size(), retry.size());
    // Behind another packet they are not.
    const Bytes handshake = long_packet(2, 100);
    EXPECT_EQ(split_datagram(joined({handshake, retry})).handshake.size(), handshake.size());
}

TEST(PacketFilter, malformed_rest_is_thrown_away_never_passed_on) {
    const Bytes handshake = long_packet(2, 100);
    const Bytes foreign_version{0xc0, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0x40, 0x10};
    for (const Bytes& rest :
         {foreign_version,
          Bytes{0xc0},
          Bytes{0xe0, 0, 0, 0, 1, 200},
          Bytes{0xe0, 0, 0, 0, 1, 0, 0, 0x7f, 0xff},
          Bytes{0xe0, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}) {
        const SplitDatagram split = split_datagram(joined({handshake, rest}));
        EXPECT_EQ(split.handshake.size(), handshake.size());
        EXPECT_TRUE(split.short_header.empty());
    }
}

TEST(PacketFilter, parts_lie_within_the_datagram_for_any_input) {
    SeededRandom random{3};
    const Bytes good = joined({long_packet(0, 200), long_packet(2, 200), Bytes(40, 0x41)});
    for (int i = 0; i < 50'000; ++i) {
        Bytes bytes = good;
        for (auto flips = 1 + random.below(5); flips > 0; --flips) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
        }
        bytes.resize(random.below(bytes.size() + 1));
        const SplitDatagram split = split_datagram(bytes);
        ASSERT_LE(split.handshake.size() + split.short_header.size(), bytes.size());
        if (!split.handshake.empty()) {
            ASSERT_EQ(split.handshake.data(), bytes.data());
            ASSERT_NE(split.handshake[0] & 0x80, 0);
        }
        if (!split.short_header.empty()) {
            ASSERT_EQ(split.short_header.data(), bytes.data() + split.handshake.size());
            ASSERT_EQ(split.short_header[0] & 0x80, 0);
        }
    }
}

// --- Addresses and admission ---------------------------------------------------------------------

SocketAddress address(const char* text) {
    return SocketAddress::from_multiaddr(Multiaddr::from_string(text).value());
}

TEST(SocketAddress, survives_the_trip_through_the_systems_form) {
    for (const char* text : {"/ip4/192.0.2.7/udp/9000/quic-v1", "/ip6/2001:db8::7/udp/1/quic-v1"}) {
        const SocketAddress before = address(text);
        sockaddr_storage raw{};
        EXPECT_GT(before.to_sockaddr(raw), 0u);
        EXPECT_EQ(SocketAddress::from_sockaddr(raw).value(), before);
        EXPECT_EQ(before.to_multiaddr().to_string(), text);
    }
    sockaddr_storage unix_socket{};
    unix_socket.ss_family = AF_UNIX;
    EXPECT_FALSE(SocketAddress::from_sockaddr(unix_socket));
}

TEST(SocketAddress, prefix_keeps_the_network) {
    const auto prefix = [](const char* text) { return network_prefix(address(text).ip); };
    EXPECT_EQ(prefix("/ip4/192.0.2.7/udp/1/quic-v1"), prefix("/ip4/192.0.2.200/udp/2/quic-v1"));
    EXPECT_NE(prefix("/ip4/192.0.2.7/udp/1/quic-v1"), prefix("/ip4/192.0.3.7/udp/1/quic-v1"));
    EXPECT_EQ(prefix("/ip6/2001:db8:1:200::1/udp/1/quic-v1"),
              prefix("/ip6/2001:db8:1:2ff:5::9/udp/1/quic-v1"));
    EXPECT_NE(prefix("/ip6/2001:db8:1:200::1/udp/1/quic-v1"),
              prefix("/ip6/2001:db8:1:300::1/udp/1/quic-v1"));
}

IpAddress host(unsigned network, unsigned number) {
    IpAddress ip;
    ip.bytes = {10,
                static_cast<std::uint8_t>(network >> 8),
                static_cast<std::uint8_t>(network & 0xff),
                static_cast<std::uint8_t>(number)};
    return ip;
}

TEST(Admission, thresholds_follow_one_after_the_other) {
    AdmissionControl control;
    Time now{50s};
    for (unsigned i = 0; i < limits::kRetryHalfOpen; ++i) {
        now += 100ms;  // slower than the rate that asks for a Retry
        ASSERT_EQ(control.start(host(i, 1), false, now), Admission::accept) << i;
    }
    EXPECT_EQ(control.start(host(9999, 1), false, now), Admission::retry);
    for (unsigned i = limits::kRetryHalfOpen; i < limits::kHalfOpenMax; ++i) {
        ASSERT_EQ(control.start(host(i, 1), true, now), Admission::accept) << i;
    }
    EXPECT_EQ(control.start(host(9999, 1), true, now), Admission::half_open_full);
    for (unsigned i = 0; i < limits::kHalfOpenMax; ++i) control.finish(host(i, 1), now);
    EXPECT_EQ(control.half_open(), 0u);
    EXPECT_EQ(control.start(host(9999, 1), true, now), Admission::accept);
}

TEST(Admission, fast_starters_must_prove_their_address_and_then_wait) {
    AdmissionControl control;
    Time now{50s};
    std::size_t accepted = 0;
    Admission last = Admission::accept;
    while (last == Admission::accept) {
        last = control.start(host(1, 1), true, now);
        if (last != Admission::accept) break;
        ++accepted;
        control.finish(host(1, 1), now);
    }
    EXPECT_EQ(accepted, limits::kHandshakesPerPrefixBurst);
    EXPECT_EQ(last, Admission::prefix_too_fast);
    EXPECT_EQ(control.start(host(1, 2), false, now), Admission::retry);
    EXPECT_EQ(control.start(host(2, 1), true, now), Admission::accept);
    now += 100ms;
    EXPECT_EQ(control.start(host(1, 1), true, now), Admission::accept);
}

TEST(Admission, all_networks_together_are_limited_too) {
    AdmissionControl control;
    Time now{50s};
    const auto accept_all = [&](unsigned first) {
        std::size_t accepted = 0;
        for (unsigned i = 0; i < 1000; ++i) {
            if (control.start(host(first + i, 1), true, now) != Admission::accept) continue;
            ++accepted;
            control.finish(host(first + i, 1), now);
        }
        return accepted;
    };
    EXPECT_EQ(accept_all(0), limits::kHandshakesBurst);
    EXPECT_EQ(control.start(host(5, 1), true, now), Admission::too_fast);
    now += 1s;
    EXPECT_EQ(accept_all(1000), limits::kHandshakesPerSecond);
}

TEST(Admission, networks_remembered_are_bounded) {
    AdmissionControl control;
    Time now{50s};
    // Each leaves a trace for a tenth of a second; none of this may ever trip the bound.
    for (unsigned i = 0; i < 20'000; ++i) {
        now += 5ms;
        ASSERT_EQ(control.start(host(i, 1), true, now), Admission::accept) << i;
        control.finish(host(i, 1), now);
    }
}

TEST(Admission, unproven_starts_are_rate_limited_over_all_networks) {
    AdmissionControl control;
    Time now{50s};
    std::size_t accepted = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        if (control.start(host(i, 1), false, now) != Admission::accept) continue;
        ++accepted;
        control.finish(host(i, 1), now);
    }
    EXPECT_EQ(accepted, limits::kRetryBurst);
    now += 1s;
    accepted = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        if (control.start(host(i, 1), false, now) != Admission::accept) continue;
        ++accepted;
        control.finish(host(i, 1), now);
    }
    EXPECT_EQ(accepted, limits::kRetryPerSecond);
}

}  // namespace
}  // namespace lepton::libp2p
