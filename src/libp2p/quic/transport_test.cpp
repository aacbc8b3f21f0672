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
using test::World;

Bytes bytes_of(std::string_view text) {
    return to_bytes(as_bytes(text));
}

TEST(QuicTransport, both_sides_learn_who_the_other_is) {
    World world;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    ConnectionEnd* out = dialler.dial(listener.full_address());
    ASSERT_TRUE(out) << dialler.dial_error->what;
    ASSERT_EQ(listener.accepted.size(), 1u);
    ConnectionEnd& in = *listener.accepted[0];

    EXPECT_EQ(out->connection->peer_id(), listener.identity.peer_id());
    EXPECT_EQ(in.connection->peer_id(), dialler.identity.peer_id());
    EXPECT_EQ(to_bytes(in.connection->peer_public_key()), dialler.identity.public_key_protobuf());
    EXPECT_TRUE(out->connection->is_outbound());
    EXPECT_FALSE(in.connection->is_outbound());
    EXPECT_EQ(out->connection->remote_address(), listener.full_address());
}

TEST(QuicTransport, streams_carry_bytes_both_ways) {
    World world;
    Peer listener{world, 1}, dialler{world, 2};
    listener.listen();
    ConnectionEnd* out = dialler.dial(listener.full_address());
    ASSERT_TRUE(out) << dialler.dial_error->what;
    ConnectionEnd& in = *listener.accepted.at(0);
    in.on_stream_hook = [](StreamEnd& end) {
        end.on_end_hook = [&end] {
            end.stream->write(bytes_of("answer to " + end.text()));
            end.stream->finish();
        };
    };
    StreamEnd* request = out->open();
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->stream->write(bytes_of("a quest")));
    EXPECT_TRUE(request->stream->write(bytes_of("ion")));
    request->stream->finish();
    EXPECT_FALSE(request->stream->write(bytes_of("more")));
    EXPECT_TRUE(world.reactor.run_until([&] { return request->has_ended; }, 1s));
    EXPECT_EQ(request->text(), "answer to a question");
    EXPECT_FALSE(request->error);
    EXPECT_EQ(request->stream->queued_size(), 0u);
}

}  // namespace
}  // namespace lepton::libp2p
