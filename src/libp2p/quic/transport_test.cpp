// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/transport.hpp"

#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/test_peers.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using namespace std::chrono_literals;
using test::ConnectionEnd;
using test::Peer;
using test::StreamEnd;
using test::Watch;
using test::World;

Bytes bytes_of(std::string_view text) {
    return to_bytes(as_bytes(text));
}

/// A listener, a dialler and the connection between them.
struct Pair {
    explicit Pair(World& in_world, QuicOptions options = {})
        : world(in_world), listener(world, 1, options), dialler(world, 2, options) {
        listener.listen();
        out = dialler.dial(listener.full_address());
        EXPECT_TRUE(out) << (dialler.dial_error ? dialler.dial_error->what : "no outcome");
        if (out != nullptr) in = listener.accepted.at(0).get();
    }

    bool wait(std::function<bool()> condition, Duration limit = 20s) {
        return world.reactor.run_until(condition, limit);
    }
    /// Opens a stream of the dialler that carries `text`; returns both ends.
    std::pair<StreamEnd*, StreamEnd*> open(std::string_view text) {
        StreamEnd* near = out->open();
        const std::size_t before = in->streams.size();
        near->stream->write(bytes_of(text));
        EXPECT_TRUE(wait([&] { return in->streams.size() > before; }));
        StreamEnd* far = in->streams.at(before).get();
        EXPECT_TRUE(wait([&] { return far->received_size == text.size(); }));
        return {near, far};
    }

    World& world;
    Peer listener;
    Peer dialler;
    ConnectionEnd* out = nullptr;
    ConnectionEnd* in = nullptr;
};

// --- Handshake -----------------------------------------------------------------------------------

TEST(QuicTransport, both_sides_learn_who_the_other_is) {
    World world;
    Pair pair{world};
    EXPECT_EQ(pair.out->connection->peer_id(), pair.listener.identity.peer_id());
    EXPECT_EQ(pair.in->connection->peer_id(), pair.dialler.identity.peer_id());
    EXPECT_EQ(to_bytes(pair.in->connection->peer_public_key()),
              pair.dialler.identity.public_key_protobuf());
    EXPECT_TRUE(pair.out->connection->is_outbound());
    EXPECT_FALSE(pair.in->connection->is_outbound());
    EXPECT_EQ(pair.out->connection->remote_address(), pair.listener.full_address());
    EXPECT_EQ(pair.in->connection->remote_address().peer_id, pair.dialler.identity.peer_id());
    EXPECT_EQ(pair.listener.counters.handshakes_completed.Value(), 1);
    EXPECT_EQ(pair.dialler.counters.handshakes_completed.Value(), 1);
}

TEST(QuicTransport, dial_without_a_peer_id_takes_whoever_answers) {
    World world;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    ConnectionEnd* out = dialler.dial(listener.address);
    ASSERT_TRUE(out);
    EXPECT_EQ(out->connection->peer_id(), listener.identity.peer_id());
}

TEST(QuicTransport, one_socket_dials_and_listens_at_once) {
    World world;
    Peer a{world, 1}, b{world, 2};
    a.listen();
    b.listen();
    ASSERT_TRUE(a.dial(b.full_address()));
    ASSERT_TRUE(b.dial(a.full_address()));
    EXPECT_EQ(a.accepted.size(), 1u);
    EXPECT_EQ(b.accepted.size(), 1u);
    EXPECT_EQ(a.accepted[0]->connection->remote_address().udp_port, 9000);
}

TEST(QuicTransport, dial_succeeds_only_after_the_listener_has_accepted) {
    World world;
    world.network.weather().delay = 50ms;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    Time accepted_at{};
    listener.on_accept_hook = [&](ConnectionEnd&) { accepted_at = world.reactor.clock().now(); };
    ASSERT_TRUE(dialler.dial(listener.full_address()));
    EXPECT_GE(world.reactor.clock().now(), accepted_at + 50ms);
}

TEST(QuicTransport, another_peer_than_the_expected_one_is_refused) {
    World world;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    Multiaddr address = listener.full_address();
    address.peer_id = dialler.identity.peer_id();
    EXPECT_FALSE(dialler.dial(address));
    EXPECT_EQ(dialler.dial_error->kind, DialErrorKind::wrong_peer);
    EXPECT_NE(dialler.dial_error->what.find("wrong_peer"), std::string::npos);
    world.reactor.run_for(10s);
    EXPECT_TRUE(listener.accepted.empty());
    EXPECT_EQ(listener.counters.handshakes_failed.Value(), 1);
}

TEST(QuicTransport, dial_of_nobody_times_out) {
    World world;
    Peer dialler{world, 2}, silent{world, 3};
    EXPECT_FALSE(dialler.dial(silent.full_address()));
    EXPECT_EQ(dialler.dial_error->kind, DialErrorKind::timeout);
    EXPECT_EQ(world.reactor.clock().now().time_since_epoch(), limits::kHandshakeTimeout);
}

TEST(QuicTransport, addresses_that_name_no_machine_are_refused_later_not_at_once) {
    World world;
    Peer dialler{world, 2};
    for (const char* text : {"/ip4/0.0.0.0/udp/9000/quic-v1",
                             "/ip4/10.0.0.1/udp/0/quic-v1",
                             "/ip4/224.0.0.1/udp/9000/quic-v1",
                             "/ip4/255.255.255.255/udp/9000/quic-v1",
                             "/ip6/::/udp/9000/quic-v1",
                             "/ip6/ff02::1/udp/9000/quic-v1"}) {
        bool is_done = false;
        dialler.transport.dial(Multiaddr::from_string(text).value(), [&](auto result) {
            is_done = true;
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().kind, DialErrorKind::bad_address) << text;
        });
        EXPECT_FALSE(is_done) << text;
        world.reactor.run_for(1ms);
        EXPECT_TRUE(is_done) << text;
    }
}

TEST(QuicTransport, dials_are_bounded) {
    World world;
    Peer dialler{world, 2};
    std::size_t limit_errors = 0, other_errors = 0;
    for (std::size_t i = 0; i < limits::kDialsMax + 10; ++i) {
        dialler.transport.dial(
            Multiaddr::from_string("/ip4/10.0.0.9/udp/9/quic-v1").value(), [&](auto result) {
                ASSERT_FALSE(result);
                const bool is_limit = result.error().kind == DialErrorKind::limit;
                ++(is_limit ? limit_errors : other_errors);
            });
    }
    world.reactor.run_for(10s);
    EXPECT_EQ(limit_errors, 10u);
    EXPECT_EQ(other_errors, limits::kDialsMax);
}

TEST(QuicTransport, listening_on_a_taken_address_names_it) {
    World world;
    Peer one{world, 1}, two{world, 2};
    one.listen();
    const auto bound = two.transport.listen(one.address, [](auto) {});
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().what, "bind /ip4/10.0.0.1/udp/9000/quic-v1: address in use");
}

TEST(QuicTransport, handshake_survives_loss_and_reordering) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        World world{seed};
        world.network.weather() = {10ms, 30ms, 100, 50};
        Peer listener{world, 1}, dialler{world, 2};
        listener.listen();
        ConnectionEnd* out = dialler.dial(listener.full_address());
        ASSERT_TRUE(out) << dialler.dial_error->what;
        EXPECT_EQ(out->connection->peer_id(), listener.identity.peer_id());
    }
}

// --- Streams -------------------------------------------------------------------------------------

TEST(QuicTransport, streams_carry_bytes_both_ways) {
    World world;
    Pair pair{world};
    pair.in->on_stream_hook = [](StreamEnd& end) {
        end.on_end_hook = [&end] {
            end.stream->write(bytes_of("answer to " + end.text()));
            end.stream->finish();
        };
    };
    StreamEnd* request = pair.out->open();
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->stream->write(bytes_of("a quest")));
    EXPECT_TRUE(request->stream->write(bytes_of("ion")));
    request->stream->finish();
    EXPECT_FALSE(request->stream->write(bytes_of("more")));
    EXPECT_TRUE(pair.wait([&] { return request->has_ended; }));
    EXPECT_EQ(request->text(), "answer to a question");
    EXPECT_FALSE(request->error);
    EXPECT_EQ(request->stream->queued_size(), 0u);
}

TEST(QuicTransport, listener_may_open_streams_too) {
    World world;
    Pair pair{world};
    StreamEnd* near = pair.in->open();
    near->stream->write(bytes_of("hello"));
    near->stream->finish();
    ASSERT_TRUE(pair.wait([&] { return !pair.out->streams.empty(); }));
    ASSERT_TRUE(pair.wait([&] { return pair.out->streams[0]->has_ended; }));
    EXPECT_EQ(pair.out->streams[0]->text(), "hello");
}

/// Sends `size` bytes over one stream and checks every byte; returns the time it took.
Duration transfer(Pair& pair, std::size_t size, std::uint64_t seed) {
    SeededRandom random{seed};
    Bytes content(size);
    random.fill(content);
    const Time start = pair.world.reactor.clock().now();
    StreamEnd* near = pair.out->open();
    EXPECT_TRUE(near->stream->write(content));
    near->stream->finish();
    const std::size_t before = pair.in->streams.size();
    EXPECT_TRUE(pair.wait([&] { return pair.in->streams.size() > before; }));
    StreamEnd* far = pair.in->streams.at(before).get();
    EXPECT_TRUE(pair.wait([&] { return far->has_ended; }, 600s));
    EXPECT_TRUE(far->received == content);
    EXPECT_FALSE(far->error);
    return pair.world.reactor.clock().now() - start;
}

TEST(QuicTransport, megabyte_arrives_whole) {
    World world;
    Pair pair{world};
    transfer(pair, 1'000'000, 7);
}

TEST(QuicTransport, largest_message_of_the_lean_network_arrives_whole_and_the_queue_empties) {
    World world;
    Pair pair{world};
    transfer(pair, 12'234'442, 8);
    world.reactor.run_for(1s);
    EXPECT_EQ(pair.out->opened[0]->stream->queued_size(), 0u);
    EXPECT_EQ(pair.out->opened[0]->writable_calls, 0);  // finished: nothing may be written
}

TEST(QuicTransport, transfer_survives_loss_and_reordering_with_either_congestion_control) {
    for (const auto control : {CongestionControl::cubic, CongestionControl::bbr}) {
        World world{control == CongestionControl::bbr ? 11u : 12u};
        Pair pair{world, {control}};
        world.network.weather() = {10ms, 5ms, 20, 10};
        transfer(pair, 1'000'000, 9);
    }
}

TEST(QuicTransport, reader_that_consumes_nothing_stops_the_writer_until_it_does) {
    World world;
    Pair pair{world};
    const std::size_t size = 4 * limits::kStreamWindow;
    pair.in->on_stream_hook = [](StreamEnd& end) { end.consumes = false; };
    StreamEnd* near = pair.out->open();
    near->stream->write(Bytes(size, 0x5a));
    near->stream->finish();
    world.reactor.run_for(5s);
    ASSERT_EQ(pair.in->streams.size(), 1u);
    StreamEnd& far = *pair.in->streams[0];
    EXPECT_EQ(far.received_size, limits::kStreamWindow);
    EXPECT_EQ(near->stream->queued_size(), size - limits::kStreamWindow);

    // Half of the credit comes back: the library passes it on.
    far.unconsumed -= limits::kStreamWindow / 2;
    far.stream->consume(limits::kStreamWindow / 2);
    world.reactor.run_for(5s);
    EXPECT_EQ(far.received_size, limits::kStreamWindow + limits::kStreamWindow / 2);

    far.consumes = true;
    far.consume_all();
    EXPECT_TRUE(pair.wait([&] { return far.has_ended; }));
    EXPECT_EQ(far.received_size, size);
}

TEST(QuicTransport, unread_streams_fill_the_connection_window_and_no_more) {
    World world;
    Pair pair{world};
    pair.in->on_stream_hook = [](StreamEnd& end) { end.consumes = false; };
    for (int i = 0; i < 5; ++i) {
        pair.out->open()->stream->write(Bytes(limits::kStreamWindow, 1));
    }
    world.reactor.run_for(5s);
    std::size_t received = 0;
    for (const auto& stream : pair.in->streams) received += stream->received_size;
    EXPECT_EQ(received, limits::kConnectionWindow);

    // Resetting unread streams gives their credit back to the connection.
    const std::size_t fresh_before = pair.in->streams.size();
    for (const auto& stream : pair.in->streams) stream->stream->reset(7);
    StreamEnd* more = pair.out->open();
    more->stream->write(Bytes(1000, 2));
    EXPECT_TRUE(pair.wait([&] {
        return pair.in->streams.size() > fresh_before &&
               pair.in->streams.back()->received_size == 1000;
    }));
}

TEST(QuicTransport, bytes_wait_while_a_stream_has_no_handler) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("one");
    far->stream->set_handler(nullptr);
    near->stream->write(bytes_of("two"));
    near->stream->finish();
    world.reactor.run_for(1s);
    EXPECT_EQ(far->text(), "one");
    far->stream->set_handler(far);
    EXPECT_EQ(far->text(), "one");  // not from within the call
    world.reactor.run_for(1ms);
    EXPECT_EQ(far->text(), "onetwo");
    EXPECT_TRUE(far->has_ended);
}

TEST(QuicTransport, full_queue_refuses_and_says_when_it_has_emptied) {
    World world;
    Pair pair{world};
    StreamEnd* near = pair.out->open();
    EXPECT_TRUE(near->stream->write(Bytes(Stream::kQueueSizeMax - 10, 1)));
    EXPECT_FALSE(near->stream->write(Bytes(11, 2)));
    EXPECT_EQ(near->stream->queued_size(), Stream::kQueueSizeMax - 10);
    EXPECT_TRUE(near->stream->write(Bytes(10, 2)));
    std::size_t queued_when_writable = 0;
    near->on_writable_hook = [&] { queued_when_writable = near->stream->queued_size(); };
    EXPECT_TRUE(pair.wait([&] { return near->writable_calls > 0; }, 60s));
    EXPECT_LT(queued_when_writable, Stream::kQueueSizeLow);
    EXPECT_TRUE(near->stream->write(Bytes(11, 3)));
    world.reactor.run_for(5s);
    EXPECT_EQ(near->writable_calls, 1);
    EXPECT_EQ(pair.in->streams.at(0)->received_size, Stream::kQueueSizeMax + 11);
}

TEST(QuicTransport, queues_of_one_connection_are_bounded_together) {
    World world;
    Pair pair{world};
    StreamEnd* one = pair.out->open();
    StreamEnd* two = pair.out->open();
    StreamEnd* three = pair.out->open();
    EXPECT_TRUE(one->stream->write(Bytes(Stream::kQueueSizeMax, 1)));
    EXPECT_TRUE(two->stream->write(Bytes(Stream::kQueueSizeMax, 2)));
    EXPECT_FALSE(three->stream->write(Bytes(1, 3)));
    static_assert(2 * Stream::kQueueSizeMax == limits::kConnectionQueueSizeMax);
    EXPECT_TRUE(pair.wait([&] { return three->writable_calls > 0; }, 60s));
    EXPECT_TRUE(three->stream->write(Bytes(1, 3)));
}

TEST(QuicTransport, reset_ends_both_sides_and_drops_what_is_queued) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    near->stream->write(Bytes(10'000'000, 1));
    near->stream->reset(42);
    EXPECT_EQ(near->stream->queued_size(), 0u);
    EXPECT_FALSE(near->stream->write(bytes_of("more")));
    ASSERT_TRUE(pair.wait([&] { return far->error.has_value(); }));
    EXPECT_EQ(far->error->code, 42u);
    EXPECT_EQ(far->text(), "hello");
    EXPECT_FALSE(far->has_ended);
    EXPECT_FALSE(far->stream->write(bytes_of("answer")));
    world.reactor.run_for(1s);
    EXPECT_FALSE(near->error);  // not told what it did itself
}

TEST(QuicTransport, destroyed_stream_is_reset) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    pair.out->opened.clear();
    ASSERT_TRUE(pair.wait([&] { return far->error.has_value(); }));
    EXPECT_EQ(far->error->code, 0u);
}

TEST(QuicTransport, stream_destroyed_after_both_sides_finished_still_sends_everything) {
    World world;
    Pair pair{world};
    pair.in->on_stream_hook = [&](StreamEnd& end) {
        end.on_end_hook = [&] {
            end.stream->write(Bytes(3'000'000, 9));
            end.stream->finish();
            end.stream.reset();
        };
    };
    StreamEnd* near = pair.out->open();
    near->stream->finish();
    EXPECT_TRUE(pair.wait([&] { return near->has_ended; }));
    EXPECT_EQ(near->received_size, 3'000'000u);
    EXPECT_FALSE(near->error);
}

TEST(QuicTransport, peer_that_stops_reading_is_told_to_the_next_writer_only) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    // The far end finishes writing and goes: it reads no more, but what it wrote arrives.
    far->stream->write(bytes_of("last words"));
    far->stream->finish();
    pair.in->streams.clear();
    world.reactor.run_for(1s);
    EXPECT_EQ(near->text(), "last words");
    EXPECT_TRUE(near->has_ended);
    EXPECT_FALSE(near->error);
    EXPECT_FALSE(near->stream->write(bytes_of("anybody?")));
    EXPECT_FALSE(near->error);  // not from within the call
    world.reactor.run_for(1ms);
    ASSERT_TRUE(near->error);
    EXPECT_EQ(near->error->what, "the peer reads no more");
}

TEST(QuicTransport, thousands_of_streams_one_after_the_other) {
    World world;
    Pair pair{world};
    pair.in->on_stream_hook = [](StreamEnd& end) {
        end.on_end_hook = [&end] {
            end.stream->write(bytes_of(end.text()));
            end.stream->finish();
        };
    };
    std::int64_t answered = 0;
    const auto ask = [&](std::int64_t number) -> bool {
        StreamEnd* end = pair.out->open();
        if (end == nullptr) return false;
        end->on_end_hook = [&answered, end, number] {
            answered += end->text() == std::to_string(number) ? 1 : 0;
        };
        end->stream->write(bytes_of(std::to_string(number)));
        end->stream->finish();
        return true;
    };
    constexpr std::int64_t kCount = 2000;
    std::int64_t asked = 0;
    std::int64_t refused = 0;
    while (answered < kCount && world.reactor.clock().now() < Time{} + 120s) {
        while (asked < kCount && asked - answered < 16) {
            if (!ask(asked)) {
                ++refused;
                break;
            }
            ++asked;
        }
        world.reactor.run_for(5ms);
        // Both ends let go of what is finished.
        std::erase_if(pair.out->opened, [](const auto& end) { return end->has_ended; });
        std::erase_if(pair.in->streams, [](const auto& end) { return end->has_ended; });
    }
    EXPECT_EQ(answered, kCount);
    EXPECT_FALSE(pair.out->closed);
    // The right to open more comes back at a limited rate.
    const auto taken = world.reactor.clock().now() - Time{};
    EXPECT_GT(refused, 0);
    constexpr auto kFree = static_cast<std::int64_t>(2 * limits::kStreamsMax);
    constexpr auto kRate = static_cast<std::int64_t>(limits::kStreamsPerSecond);
    EXPECT_GT(taken, 1s * (kCount - kFree) / kRate);
}

TEST(QuicTransport, streams_open_at_a_time_are_bounded) {
    World world;
    Pair pair{world};
    for (std::uint64_t i = 0; i < limits::kStreamsMax; ++i) ASSERT_TRUE(pair.out->open());
    EXPECT_FALSE(pair.out->open());
    world.reactor.run_for(1s);
    EXPECT_FALSE(pair.out->closed);
    // Once some are over, there is room again.
    for (const auto& end : pair.out->opened) end->stream->reset(0);
    EXPECT_TRUE(pair.wait([&] { return pair.out->open() != nullptr; }));
}

TEST(QuicTransport, reset_storm_slows_the_peer_down_and_leaves_nothing_behind) {
    World world;
    Pair pair{world};
    std::size_t opened = 0;
    for (int round = 0; round < 1000; ++round) {
        while (StreamEnd* end = pair.out->open()) {
            end->stream->write(bytes_of("x"));
            end->stream->reset(1);
            ++opened;
        }
        pair.out->opened.clear();
        world.reactor.run_for(10ms);
        pair.in->streams.clear();
    }
    EXPECT_GT(opened, limits::kStreamsMax);
    EXPECT_LE(opened, 2 * limits::kStreamsMax + 10 * limits::kStreamsPerSecond + 64);
    EXPECT_FALSE(pair.in->closed);
}

// --- The end -------------------------------------------------------------------------------------

TEST(QuicTransport, close_reaches_the_other_side_with_its_reason) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    pair.out->connection->close(17, "good\nbye");
    EXPECT_FALSE(pair.out->closed);  // not from within the call
    ASSERT_TRUE(pair.wait([&] { return pair.in->closed && pair.out->closed; }, 1s));
    EXPECT_EQ(pair.out->closed->cause, CloseCause::local);
    EXPECT_EQ(pair.in->closed->cause, CloseCause::remote);
    EXPECT_EQ(pair.in->closed->what,
              "closed by the peer with application code 0x11: \"good\\x0abye\"");
    EXPECT_TRUE(near->error);
    EXPECT_TRUE(far->error);
    EXPECT_FALSE(pair.out->connection->open_stream());
    EXPECT_FALSE(near->stream->write(bytes_of("x")));
    // The names stay valid.
    EXPECT_EQ(pair.in->connection->peer_id(), pair.dialler.identity.peer_id());
}

TEST(QuicTransport, streams_hear_of_the_end_before_their_connection) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    std::vector<std::string> order;
    far->on_error_hook = [&] { order.push_back("stream"); };
    pair.in->on_closed_hook = [&] { order.push_back("connection"); };
    pair.out->connection->close(0, "");
    ASSERT_TRUE(pair.wait([&] { return pair.in->closed.has_value(); }));
    EXPECT_EQ(order, (std::vector<std::string>{"stream", "connection"}));
}

TEST(QuicTransport, what_was_written_before_close_arrives) {
    World world;
    Pair pair{world};
    StreamEnd* near = pair.out->open();
    near->stream->write(bytes_of("last words"));
    near->stream->finish();
    pair.out->connection->close(0, "done");
    ASSERT_TRUE(pair.wait([&] { return pair.in->closed.has_value(); }));
    ASSERT_EQ(pair.in->streams.size(), 1u);
    EXPECT_EQ(pair.in->streams[0]->text(), "last words");
    EXPECT_TRUE(pair.in->streams[0]->has_ended);
}

TEST(QuicTransport, destroyed_connection_is_closed) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    pair.out->connection.reset();
    ASSERT_TRUE(pair.wait([&] { return pair.in->closed.has_value(); }));
    EXPECT_EQ(pair.in->closed->cause, CloseCause::remote);
    EXPECT_TRUE(near->error);
    EXPECT_FALSE(pair.out->closed);
}

TEST(QuicTransport, idle_connection_is_kept_alive) {
    World world;
    Pair pair{world};
    world.reactor.run_for(300s);
    EXPECT_FALSE(pair.out->closed);
    EXPECT_FALSE(pair.in->closed);
    const auto [near, far] = pair.open("still there?");
    EXPECT_EQ(far->text(), "still there?");
}

TEST(QuicTransport, silence_of_the_peer_ends_the_connection) {
    World world;
    Pair pair{world};
    const Time start = world.reactor.clock().now();
    world.network.set_tap([](const auto&, const auto&, auto&) { return false; });
    ASSERT_TRUE(pair.wait([&] { return pair.out->closed && pair.in->closed; }, 60s));
    EXPECT_EQ(pair.out->closed->cause, CloseCause::timeout);
    EXPECT_EQ(pair.in->closed->cause, CloseCause::timeout);
    const Duration taken = world.reactor.clock().now() - start;
    EXPECT_GE(taken, limits::kIdleTimeout);
    EXPECT_LE(taken, limits::kIdleTimeout + limits::kKeepAlive + 1s);
}

TEST(QuicTransport, restarted_peer_ends_the_connection_with_a_stateless_reset) {
    World world;
    Pair pair{world};
    // Another transport with the same identity and address takes the place of the first, which
    // falls silent at once, as after a crash.
    world.network.set_tap([](const auto&, const auto&, auto&) { return false; });
    pair.listener.transport.stop();
    world.reactor.run_for(1ms);
    world.network.set_tap(nullptr);
    Metrics metrics;
    QuicTransport reborn{
        world.reactor, world.random, pair.listener.identity, metrics, world.network.sockets()};
    ASSERT_TRUE(reborn.listen(pair.listener.address, [](auto) {}));
    const Time start = world.reactor.clock().now();
    ASSERT_TRUE(pair.wait([&] { return pair.out->closed.has_value(); }));
    EXPECT_EQ(pair.out->closed->cause, CloseCause::remote);
    EXPECT_EQ(pair.out->closed->what, "the peer does not know the connection any more");
    EXPECT_LT(world.reactor.clock().now() - start, limits::kKeepAlive + 1s);
    // One for each datagram that was on its way until the first reset arrived.
    EXPECT_GE(QuicCounters{metrics}.resets_sent.Value(), 1);
    EXPECT_LE(QuicCounters{metrics}.resets_sent.Value(), 4);
}

TEST(QuicTransport, stop_closes_connections_and_answers_dials) {
    World world;
    Pair pair{world};
    const auto [near, far] = pair.open("hello");
    std::optional<DialError> answer;
    pair.dialler.transport.dial(Multiaddr::from_string("/ip4/10.0.0.9/udp/1/quic-v1").value(),
                                [&](auto result) { answer = result.error(); });
    pair.dialler.transport.stop();
    EXPECT_FALSE(answer);
    EXPECT_FALSE(pair.out->closed);
    world.reactor.run_for(1ms);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, DialErrorKind::stopped);
    ASSERT_TRUE(pair.out->closed);
    EXPECT_EQ(pair.out->closed->cause, CloseCause::local);
    EXPECT_TRUE(near->error);
    ASSERT_TRUE(pair.wait([&] { return pair.in->closed.has_value(); }, 1s));
    EXPECT_EQ(pair.in->closed->cause, CloseCause::remote);

    EXPECT_FALSE(pair.dialler.dial(pair.listener.full_address()));
    EXPECT_EQ(pair.dialler.dial_error->kind, DialErrorKind::stopped);
    EXPECT_FALSE(pair.dialler.transport.listen(pair.dialler.address, [](auto) {}));
    // The address is free again.
    Peer next{world, 2};
    next.listen();
}

TEST(QuicTransport, handles_outlive_the_transport) {
    World world;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<Stream> stream;
    std::optional<CloseReason> late;
    struct Late final : ConnectionHandler {
        explicit Late(std::optional<CloseReason>& out) : reason(out) {}
        void on_stream(Connection&, std::unique_ptr<Stream>) override {}
        void on_closed(Connection&, const CloseReason& with) override { reason = with; }
        std::optional<CloseReason>& reason;
    } handler{late};
    {
        Pair pair{world};
        connection = std::move(pair.out->connection);
        connection->set_handler(nullptr);
        stream = connection->open_stream();
        stream->write(bytes_of("x"));
    }
    world.reactor.run_for(1s);
    EXPECT_FALSE(stream->write(bytes_of("x")));
    EXPECT_FALSE(connection->open_stream());
    stream->consume(0);
    stream->finish();
    stream->reset(1);
    connection->close(0, "");
    // A handler that comes late is told all the same.
    connection->set_handler(&handler);
    EXPECT_FALSE(late);
    world.reactor.run_for(1ms);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->what, "the transport was stopped");
}

TEST(QuicTransport, handles_outlive_even_the_reactor) {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<Stream> stream;
    {
        World world;
        Pair pair{world};
        connection = std::move(pair.out->connection);
        connection->set_handler(nullptr);
        stream = connection->open_stream();
        stream->write(bytes_of("x"));
    }
    EXPECT_FALSE(stream->write(bytes_of("x")));
    EXPECT_FALSE(connection->open_stream());
}

/// Every callback may destroy the stream, the connection or the whole transport.
TEST(QuicTransport, callbacks_may_destroy_anything) {
    enum class Victim { stream, connection, transport };
    for (const Victim victim : {Victim::stream, Victim::connection, Victim::transport}) {
        for (int callback = 0; callback < 6; ++callback) {
            SCOPED_TRACE(testing::Message()
                         << "victim " << static_cast<int>(victim) << " callback " << callback);
            World world;
            auto pair = std::make_unique<Pair>(world);
            bool is_called = false;
            StreamEnd* doomed = nullptr;
            const auto destroy = [&] {
                if (std::exchange(is_called, true)) return;
                if (victim == Victim::stream) doomed->stream.reset();
                if (victim == Victim::connection) pair->in->connection.reset();
                if (victim == Victim::transport) pair->listener.transport.stop();
            };
            pair->in->on_stream_hook = [&](StreamEnd& end) {
                doomed = &end;
                if (callback == 0) end.on_data_hook = destroy;
                if (callback == 1) end.on_end_hook = destroy;
                if (callback == 2) end.on_error_hook = destroy;
                if (callback == 3) end.on_writable_hook = destroy;
                if (callback == 4) destroy();
                if (callback == 3) end.stream->write(Bytes(Stream::kQueueSizeMax, 1));
            };
            if (callback == 5) pair->in->on_closed_hook = destroy;
            StreamEnd* near = pair->out->open();
            near->stream->write(Bytes(100'000, 3));
            if (callback == 1) near->stream->finish();
            world.reactor.run_for(10s);
            if (callback == 2) near->stream->reset(1);
            if (callback == 5) pair->out->connection->close(1, "x");
            world.reactor.run_for(1s);
            EXPECT_TRUE(is_called);
            pair.reset();
            world.reactor.run_for(1s);
        }
    }
}

TEST(QuicTransport, full_socket_delays_and_loses_nothing) {
    World world;
    Pair pair{world};
    StreamEnd* near = pair.out->open();
    world.network.set_sendable(false);
    near->stream->write(Bytes(500'000, 4));
    near->stream->finish();
    world.reactor.run_for(1s);
    EXPECT_TRUE(pair.in->streams.empty());
    const auto datagrams = world.network.datagrams();
    world.network.set_sendable(true);
    // Sooner than any retransmission would come: the very packets that had no room leave now.
    ASSERT_TRUE(pair.wait([&] { return !pair.in->streams.empty(); }, 3ms));
    ASSERT_TRUE(pair.wait([&] { return pair.in->streams[0]->has_ended; }, 1s));
    EXPECT_EQ(pair.in->streams[0]->received_size, 500'000u);
    EXPECT_LT(world.network.datagrams() - datagrams, 1000u);
}

TEST(QuicTransport, connection_follows_a_peer_whose_address_changes) {
    World world;
    Pair pair{world};
    // A network address translator gives the dialler another port and forgets the old one.
    const SocketAddress before =
        SocketAddress::from_multiaddr(pair.in->connection->remote_address());
    SocketAddress after = before;
    after.port = 7777;
    const SocketAddress listener = SocketAddress::from_multiaddr(pair.listener.address);
    bool is_translating = false;
    const auto translate = [&](const SocketAddress& from, const SocketAddress& to, Bytes bytes) {
        is_translating = true;
        world.network.inject(from, to, std::move(bytes));
        is_translating = false;
        return false;
    };
    const Watch watch{world,
                      [&](const SocketAddress& from, const SocketAddress& to, Bytes& payload) {
                          if (is_translating) return true;
                          if (from == before) return translate(after, listener, payload);
                          if (to == after) return translate(listener, before, payload);
                          return to != before;
                      }};
    const auto [near, far] = pair.open("from elsewhere");
    EXPECT_EQ(far->text(), "from elsewhere");
    far->stream->write(bytes_of("found you"));
    EXPECT_TRUE(pair.wait([&] { return near->text() == "found you"; }));
    world.reactor.run_for(30s);
    EXPECT_FALSE(pair.out->closed);
    // The closing packet finds it too.
    pair.in->connection->close(3, "bye");
    EXPECT_TRUE(pair.wait([&] { return pair.out->closed.has_value(); }, 1s));
}

}  // namespace
}  // namespace lepton::libp2p
