// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Peers that break the rules of libp2p's handshake or attack what runs after it.
#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/packet_filter.hpp"
#include "libp2p/quic/raw_peer.hpp"
#include "libp2p/quic/test_peers.hpp"
#include "libp2p/tls/test_certificates.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using namespace std::chrono_literals;
using test::ConnectionEnd;
using test::Peer;
using test::RawOptions;
using test::RawPeer;
using test::Recipe;
using test::Watch;
using test::World;

/// A QUIC transport error that carries a TLS alert.
constexpr std::uint64_t alert(std::uint64_t number) {
    return 0x100 + number;
}
constexpr std::uint64_t kBadCertificate = 42;
constexpr std::uint64_t kCertificateRequired = 116;
constexpr std::uint64_t kNoApplicationProtocol = 120;

const SocketAddress kRawAddress = SocketAddress::from_multiaddr(
    Multiaddr::from_string("/ip4/10.0.0.200/udp/4001/quic-v1").value());

/// The clock of these tests starts in 1970.
void make_valid(Recipe& recipe) {
    recipe.not_before = "700101000000Z";
}

RawOptions good_options(std::uint64_t seed = 1) {
    Recipe recipe{seed};
    make_valid(recipe);
    return {.certificates = {recipe.own()}};
}

/// What becomes of a client with `options` that dials lepton: 0 when it is accepted, else the error
/// code with which it is refused.
struct ClientOutcome {
    bool is_accepted = false;
    std::uint64_t close_code = 0;
};

ClientOutcome dial_lepton(RawOptions options) {
    World world;
    Peer listener{world, 1};
    listener.listen();
    RawPeer client{world, kRawAddress, std::move(options)};
    client.dial(SocketAddress::from_multiaddr(listener.address));
    world.reactor.run_for(3s);
    EXPECT_EQ(listener.counters.handshakes_completed.Value() +
                  listener.counters.handshakes_failed.Value(),
              1);
    return {!listener.accepted.empty(), client.close_code};
}

TEST(HostileDialler, well_behaved_one_is_accepted) {
    EXPECT_TRUE(dial_lepton(good_options()).is_accepted);
}

TEST(HostileDialler, without_a_certificate_is_refused) {
    const ClientOutcome outcome = dial_lepton({});
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_EQ(outcome.close_code, alert(kCertificateRequired));
}

TEST(HostileDialler, with_a_forged_identity_is_refused) {
    Recipe recipe;
    make_valid(recipe);
    recipe.identity_public_key = Recipe{2}.identity_public_key;
    const ClientOutcome outcome = dial_lepton({.certificates = {recipe.own()}});
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_EQ(outcome.close_code, alert(kBadCertificate));
}

TEST(HostileDialler, with_an_expired_certificate_is_refused) {
    Recipe recipe;
    recipe.not_before = "600101000000Z";
    recipe.not_after = "691231235959Z";
    EXPECT_FALSE(dial_lepton({.certificates = {recipe.own()}}).is_accepted);
}

TEST(HostileDialler, with_two_certificates_is_refused) {
    RawOptions options = good_options(1);
    options.certificates.push_back(good_options(2).certificates[0]);
    const ClientOutcome outcome = dial_lepton(std::move(options));
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_NE(outcome.close_code, 0u);
}

TEST(HostileDialler, with_a_certificate_too_large_is_refused) {
    Recipe recipe;
    make_valid(recipe);
    recipe.more_extensions = test::extension(test::kKeyUsageId, Bytes(5000, 1));
    const ClientOutcome outcome = dial_lepton({.certificates = {recipe.own()}});
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_NE(outcome.close_code, 0u);
}

TEST(HostileDialler, without_a_protocol_is_refused) {
    RawOptions options = good_options();
    options.protocol.clear();
    const ClientOutcome outcome = dial_lepton(std::move(options));
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_EQ(outcome.close_code, alert(kNoApplicationProtocol));
}

TEST(HostileDialler, with_another_protocol_is_refused) {
    RawOptions options = good_options();
    options.protocol = "h3";
    const ClientOutcome outcome = dial_lepton(std::move(options));
    EXPECT_FALSE(outcome.is_accepted);
    EXPECT_EQ(outcome.close_code, alert(kNoApplicationProtocol));
}

/// The error that lepton's dial of a listener with `options` gives; "" for success.
std::string dial_raw(RawOptions options) {
    World world;
    Peer dialler{world, 1};
    RawPeer listener{world, kRawAddress, std::move(options)};
    if (dialler.dial(kRawAddress.to_multiaddr()) != nullptr) return "";
    return dialler.dial_error->what.substr(dialler.dial_error->what.find(": ") + 2);
}

TEST(HostileListener, well_behaved_one_is_accepted) {
    EXPECT_EQ(dial_raw(good_options()), "");
}

TEST(HostileListener, with_a_forged_identity_is_refused) {
    Recipe recipe;
    make_valid(recipe);
    recipe.identity_signature = Recipe{}.identity_signature;
    EXPECT_EQ(dial_raw({.certificates = {recipe.own()}}),
              "TLS alert 42, certificate refused: wrong_identity_signature");
}

TEST(HostileListener, with_a_certificate_that_another_key_signed_is_refused) {
    Recipe recipe;
    make_valid(recipe);
    recipe.corrupt_signature = true;
    EXPECT_EQ(dial_raw({.certificates = {recipe.own()}}),
              "TLS alert 42, certificate refused: wrong_self_signature");
}

TEST(HostileListener, with_two_certificates_is_refused) {
    RawOptions options = good_options(1);
    options.certificates.push_back(good_options(2).certificates[0]);
    const std::string error = dial_raw(std::move(options));
    EXPECT_NE(error.find("certificate refused: more_than_one"), std::string::npos) << error;
}

TEST(HostileListener, with_a_certificate_too_large_is_refused) {
    Recipe recipe;
    make_valid(recipe);
    recipe.more_extensions = test::extension(test::kKeyUsageId, Bytes(5000, 1));
    const std::string error = dial_raw({.certificates = {recipe.own()}});
    EXPECT_NE(error.find("certificate refused: too_large"), std::string::npos) << error;
}

/// The reason is the strict reader's: it sees the certificate before GnuTLS does.
TEST(HostileListener, with_malformed_der_is_refused_before_the_library_parses_it) {
    RawOptions options = good_options();
    options.on_encrypt = [](ByteView, MutableByteView content) {
        const Bytes object_id = from_hex("060a2b0601040183a25a0101").value();
        const auto found = std::ranges::search(content, object_id);
        if (!found.empty()) found.front() = 0x07;
    };
    EXPECT_NE(dial_raw(std::move(options)).find("certificate refused: malformed"),
              std::string::npos);
}

TEST(HostileListener, without_a_protocol_is_refused) {
    RawOptions options = good_options();
    options.protocol.clear();
    EXPECT_EQ(dial_raw(std::move(options)), "the peer did not ask for the protocol libp2p");
}

// --- The frame that aborts diallers --------------------------------------------------------------

/// Turns the content of the first packet with a short header into a NEW_CONNECTION_ID frame that
/// retires the connection id in use.
std::function<void(ByteView, MutableByteView)> retire_current_id() {
    return [is_done = false](ByteView header, MutableByteView content) mutable {
        if (is_done || (header[0] & 0x80) != 0 || content.size() < 28) return;
        is_done = true;
        std::ranges::fill(content, std::uint8_t{0});  // PADDING
        content[0] = 0x18;                            // NEW_CONNECTION_ID
        content[1] = 9;                               // sequence number
        content[2] = 1;                               // retire prior to
        content[3] = 8;                               // length of the connection id
        std::ranges::fill(content.subspan(4, 24), std::uint8_t{0xc1});
    };
}

RawOptions retiring_listener() {
    RawOptions options = good_options();
    options.early_bytes = 200;
    options.on_encrypt = retire_current_id();
    return options;
}

TEST(HostileListener, that_retires_the_id_in_use_before_the_handshake_ends_is_survived) {
    World world;
    Peer dialler{world, 1};
    RawPeer listener{world, kRawAddress, retiring_listener()};
    std::size_t with_short_header = 0;
    const Watch watch{world, [&](const SocketAddress& from, const SocketAddress&, Bytes& payload) {
                          if (from == kRawAddress) {
                              if (!split_datagram(payload).short_header.empty())
                                  ++with_short_header;
                          }
                          return true;
                      }};
    ConnectionEnd* out = dialler.dial(kRawAddress.to_multiaddr());
    // The frame was on its way before the listener could know that the dialler has finished.
    EXPECT_GE(listener.early_packets, 1u);
    EXPECT_GE(with_short_header, 1u);
    ASSERT_TRUE(out) << dialler.dial_error->what;
    // It was held back, not thrown away: afterwards it is obeyed.
    EXPECT_EQ(dialler.counters.dropped(Drop::before_handshake), 0u);
    world.reactor.run_for(1s);
    EXPECT_FALSE(out->closed);
}

TEST(HostileListener, that_retires_the_id_in_use_aborts_a_dialler_without_the_filter) {
    if (ngtcp2_version(0)->version_num >= 0x011600) {
        GTEST_SKIP() << "this ngtcp2 is not vulnerable: the filter is not needed any more";
    }
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto dial_without_filter = [] {
        World world;
        RawPeer listener{world, kRawAddress, retiring_listener()};
        SocketAddress address = kRawAddress;
        address.port = 4002;
        RawPeer dialler{world, address, good_options(2)};
        dialler.dial(kRawAddress);
        world.reactor.run_for(5s);
    };
    EXPECT_DEATH(dial_without_filter(), "conn->dcid.current.seq == 0");
}

TEST(HostileListener, that_floods_before_the_handshake_ends_is_bounded) {
    World world;
    Peer dialler{world, 1};
    RawPeer listener{world, kRawAddress, good_options()};
    Bytes connection_id;
    const Watch watch{world,
                      [&](const SocketAddress& from, const SocketAddress& to, Bytes& payload) {
                          if (from == kRawAddress && connection_id.empty() && payload.size() > 14) {
                              connection_id = Bytes(payload.begin() + 6, payload.begin() + 6 + 8);
                              for (int i = 0; i < 1000; ++i) {
                                  Bytes junk(1200, 0x40);
                                  std::ranges::copy(connection_id, junk.begin() + 1);
                                  world.network.inject(from, to, junk);
                              }
                          }
                          return true;
                      }};
    world.network.weather().jitter = 1ms;
    ASSERT_TRUE(dialler.dial(kRawAddress.to_multiaddr())) << dialler.dial_error->what;
    EXPECT_GT(dialler.counters.dropped(Drop::before_handshake), 0u);
}

/// A listener that answers everything but never says that it has accepted the dialler.
TEST(HostileListener, that_never_confirms_the_handshake_times_out) {
    World world;
    Peer dialler{world, 1};
    RawOptions options = good_options();
    options.on_encrypt = [](ByteView header, MutableByteView content) {
        if ((header[0] & 0x80) != 0) return;
        std::ranges::fill(content, std::uint8_t{0});
        content[0] = 1;  // PING, then PADDING
    };
    RawPeer listener{world, kRawAddress, std::move(options)};
    EXPECT_FALSE(dialler.dial(kRawAddress.to_multiaddr()));
    EXPECT_EQ(dialler.dial_error->kind, DialErrorKind::timeout);
    EXPECT_TRUE(listener.is_handshake_completed());
    EXPECT_LE(world.reactor.clock().now(), Time{} + limits::kHandshakeTimeout + 1ms);
}

// --- After the handshake -------------------------------------------------------------------------

struct Attack {
    explicit Attack(RawOptions options = good_options())
        : listener(world, 1), client(world, kRawAddress, std::move(options)) {
        listener.listen();
        client.dial(SocketAddress::from_multiaddr(listener.address));
        world.reactor.run_until([&] { return !listener.accepted.empty(); }, 5s);
        EXPECT_FALSE(listener.accepted.empty());
        world.reactor.run_for(100ms);
    }
    ConnectionEnd& victim() { return *listener.accepted.at(0); }

    /// Sends 1-RTT packets of more than 1100 bytes of content that `make` fills, as many as the
    /// window of one stream allows (about 900), or until the connection is closed.
    void storm(const std::function<void(MutableByteView content)>& make) {
        client.options.on_encrypt = [&](ByteView header, MutableByteView content) {
            if ((header[0] & 0x80) == 0 && content.size() > 1100) make(content);
        };
        const std::int64_t carrier = client.open_stream(Bytes(1150, 1));
        ASSERT_GE(carrier, 0);
        const Time end = world.reactor.clock().now() + 10s;
        while (!victim().closed && world.reactor.clock().now() < end) {
            if (client.to_send.empty()) client.to_send.emplace_back(carrier, Bytes(1150, 1));
            client.flush();
            world.reactor.run_for(5ms);
        }
        client.options.on_encrypt = nullptr;
    }

    std::string outcome() { return victim().closed ? victim().closed->what : "still connected"; }

    World world;
    Peer listener;
    RawPeer client;
};

void append_varint4(Bytes& out, std::uint32_t value) {
    append(out,
           Bytes{static_cast<std::uint8_t>(0x80 | value >> 24),
                 static_cast<std::uint8_t>(value >> 16 & 0xff),
                 static_cast<std::uint8_t>(value >> 8 & 0xff),
                 static_cast<std::uint8_t>(value & 0xff)});
}

/// Repeats `next` frames until `content` is full; the rest is PADDING.
void fill_with(MutableByteView content, const std::function<Bytes()>& next) {
    std::ranges::fill(content, std::uint8_t{0});
    for (Bytes frame = next(); frame.size() <= content.size(); frame = next()) {
        std::ranges::copy(frame, content.begin());
        content = content.subspan(frame.size());
    }
}

TEST(HostilePeer, that_sends_nothing_but_pings_is_disconnected) {
    Attack attack;
    ngtcp2_conn_set_keep_alive_timeout(attack.client.native->conn, 50'000);  // 50 microseconds
    attack.client.flush();
    attack.world.reactor.run_for(2s);
    EXPECT_EQ(attack.outcome(), "the peer sends too many useless packets");
    EXPECT_EQ(attack.listener.counters.abusive_peers.Value(), 1);
}

TEST(HostilePeer, that_leaves_gaps_everywhere_may_not_use_more_memory) {
    Attack attack;
    std::uint32_t count = 0;
    attack.storm([&](MutableByteView content) {
        fill_with(content, [&] {
            constexpr std::uint32_t kStreams = 50;  // the library bounds the gaps of each alone
            Bytes frame{0x0e};                      // STREAM with offset and length
            append_varint4(frame, 4 * (count % kStreams));
            append_varint4(frame, 1 + 2 * (count / kStreams));
            append(frame, Bytes{1, 0xee});
            ++count;
            return frame;
        });
    });
    EXPECT_EQ(attack.outcome(), "the peer made this connection use too much memory");
    EXPECT_EQ(attack.listener.counters.abusive_peers.Value(), 1);
}

TEST(HostilePeer, that_asks_for_path_answers_gets_few_for_each_datagram) {
    Attack attack;
    const double sent_before = attack.listener.counters.datagrams_sent.Value();
    attack.storm([](MutableByteView content) {
        fill_with(content, [] { return Bytes{0x1a, 1, 2, 3, 4, 5, 6, 7, 8}; });  // 120 of them
    });
    EXPECT_EQ(attack.outcome(), "still connected");
    EXPECT_LE(attack.listener.counters.datagrams_sent.Value() - sent_before,
              5 * attack.listener.counters.datagrams_received.Value());
}

TEST(HostilePeer, that_retires_ids_without_end_is_disconnected) {
    Attack attack;
    std::uint32_t sequence = 10;
    attack.storm([&](MutableByteView content) {
        fill_with(content, [&] {
            Bytes frame{0x18};
            append_varint4(frame, sequence);
            append_varint4(frame, sequence);  // retire everything before
            frame.push_back(8);
            for (int i = 0; i < 24; ++i) {
                frame.push_back(static_cast<std::uint8_t>(sequence >> (i % 4 * 8) & 0xff));
            }
            ++sequence;
            return frame;
        });
    });
    EXPECT_NE(attack.outcome(), "still connected");
}

TEST(HostilePeer, that_breaks_the_protocol_is_disconnected) {
    struct Case {
        const char* name;
        Bytes frame;
        const char* outcome;
    };
    const Case cases[] = {
        {"acknowledges what was never sent", {0x02, 0xbf, 0xff, 0xff, 0xff, 0, 0, 0}, "ERR_PROTO"},
        {"sends a frame of unknown type", {0x40, 0x99}, "ERR_FRAME_ENCODING"},
        {"opens one stream too many", {0x0a, 0x41, 0x94, 0x01, 0xaa}, "ERR_STREAM_LIMIT"},
        {"opens a one-way stream", {0x0a, 0x02, 0x01, 0xaa}, "ERR_STREAM_LIMIT"},
        {"writes to a stream that was never opened", {0x0a, 0x01, 0x01, 0xaa}, "ERR_STREAM_STATE"},
        {"writes beyond the window",
         {0x0e, 0x00, 0xbf, 0xff, 0xff, 0xff, 0x01, 0xaa},
         "ERR_FLOW_CONTROL"},
        {"says that the handshake is done", {0x1e}, "ERR_PROTO"},
        {"sends a token", {0x07, 0x01, 0xaa}, "ERR_PROTO"},
        {"sends a datagram frame", {0x31, 0x01, 0xaa}, "ERR_PROTO"},
        {"retires an id that was never given", {0x19, 0x3f}, "ERR_PROTO"},
    };
    for (const Case& attack_case : cases) {
        SCOPED_TRACE(attack_case.name);
        Attack attack;
        attack.storm([&](MutableByteView content) {
            std::ranges::fill(content, std::uint8_t{0});
            std::ranges::copy(attack_case.frame, content.begin());
        });
        EXPECT_EQ(attack.outcome(), attack_case.outcome);
    }
}

/// Random bytes in place of frames: whatever happens, it happens to this connection alone.
TEST(HostilePeer, that_sends_noise_harms_nobody_else) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        Attack attack;
        Peer honest{attack.world, 2};
        ConnectionEnd* out = honest.dial(attack.listener.full_address());
        ASSERT_TRUE(out);
        SeededRandom noise{seed};
        attack.storm([&](MutableByteView content) {
            noise.fill(content.first(1 + noise.below(content.size())));
        });
        EXPECT_TRUE(attack.victim().closed);
        EXPECT_FALSE(out->closed);
        test::StreamEnd* end = out->open();
        ASSERT_TRUE(end);
        end->stream->write(Bytes{1, 2, 3});
        ConnectionEnd& in = *attack.listener.accepted.at(1);
        EXPECT_TRUE(attack.world.reactor.run_until([&] { return !in.streams.empty(); }, 5s));
    }
}

TEST(HostilePeer, that_never_ends_a_handshake_message_is_disconnected) {
    Attack attack;
    // A session ticket of 16 MB, of which 80 KiB are sent.
    Bytes ticket(80 * 1024, 0);
    ticket[0] = 4;
    ticket[1] = ticket[2] = ticket[3] = 0xff;
    ASSERT_EQ(
        ngtcp2_conn_submit_crypto_data(
            attack.client.native->conn, NGTCP2_ENCRYPTION_LEVEL_1RTT, ticket.data(), ticket.size()),
        0);
    attack.client.flush();
    attack.world.reactor.run_for(2s);
    EXPECT_EQ(attack.outcome(), "the peer sends too many handshake messages");
}

TEST(HostilePeer, with_endless_handshake_messages_is_refused) {
    World world;
    Peer dialler{world, 1};
    // CRYPTO frames far ahead of the offset that is due, in handshake packets.
    RawOptions options = good_options();
    options.on_encrypt = [](ByteView header, MutableByteView content) {
        if ((header[0] & 0xb0) != 0xa0 || content.size() < 20) return;  // handshake packets only
        Bytes frame{0x06};
        append_varint4(frame, 0x3fffffff);
        append(frame, Bytes{4, 1, 2, 3, 4});
        std::ranges::fill(content, std::uint8_t{0});
        std::ranges::copy(frame, content.begin());
    };
    RawPeer listener{world, kRawAddress, std::move(options)};
    EXPECT_FALSE(dialler.dial(kRawAddress.to_multiaddr()));
    EXPECT_NE(dialler.dial_error->what.find("ERR_CRYPTO_BUFFER_EXCEEDED"), std::string::npos)
        << dialler.dial_error->what;
}

}  // namespace
}  // namespace lepton::libp2p
