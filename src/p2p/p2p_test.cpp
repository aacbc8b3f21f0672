// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p.hpp"

#include "base/log.hpp"
#include "p2p/p2p_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace lepton::p2p {
namespace {

using namespace test;

// --- peers

TEST_F(P2pTest, bootnodes_are_dialled_until_they_are_there) {
    config.bootnodes = {address(1), address(2)};
    start();
    ASSERT_EQ(dials.size(), 2u);
    // One fails at once, the other after a while: both are tried again.
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::busy, "too many dials"}));
    clock.advance(seconds(5));
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::timeout, "no answer"}));
    ASSERT_TRUE(wait([&] { return dials.size() == 2; }, seconds(13)));
    take(dials).then({});
    connect(1);
    take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::stopped, ""}));
    ASSERT_TRUE(wait([&] { return !dials.empty(); }, seconds(25)));
    EXPECT_EQ(dials.size(), 1u);
    EXPECT_EQ(take(dials).message.address, address(2));
    disconnect(1);
    ASSERT_TRUE(wait([&] { return !dials.empty(); }, seconds(13)));
    EXPECT_EQ(take(dials).message.address, address(1));
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="outbound",result="timeout"})"),
              1);
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="outbound",result="error"})"),
              2);
}

TEST_F(P2pTest, gauges_follow_connections_and_name_the_clients) {
    config.peer_names = {{peer(1), "ethlambda_0"}};
    start();
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 0);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="unknown"})"), 0);
    for (std::uint32_t i = 1; i <= 3; ++i) connect_quietly(i);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 1);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="unknown"})"), 2);
    event(IncomingRefused{"wrong key"});
    EXPECT_EQ(metric(R"(lean_peer_connection_events_total{direction="inbound",result="error"})"),
              1);
    event(MeshReport{{peer(1), peer(3)}});
    EXPECT_EQ(metric(R"(lean_gossip_mesh_peers{client="ethlambda_0"})"), 1);
    EXPECT_EQ(metric(R"(lean_gossip_mesh_peers{client="unknown"})"), 1);
    disconnect(1);
    EXPECT_EQ(metric(R"(lean_connected_peers{client="ethlambda_0"})"), 0);
    EXPECT_EQ(
        metric(R"(lean_peer_disconnection_events_total{direction="outbound",reason="timeout"})"),
        1);
}

// --- serving

TEST_F(P2pTest, blocks_are_served_by_root_and_by_range) {
    for (const std::uint64_t slot : {91u, 93u, 94u}) {
        reader.add(block(slot));
    }
    start();
    connect_quietly(1);
    BlocksByRootRequest by_root;
    by_root.roots = {hash_tree_root(block(94).block), root(1), hash_tree_root(block(91).block)};
    event(RequestReceived{{1, peer(1), RequestProtocol::blocks_by_root}, ssz::encode(by_root)});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{91}, 3})});
    std::map<std::uint64_t, std::vector<SignedBlock>> served;
    std::set<std::uint64_t> finished;
    while (!responses.empty()) {
        auto part = take(responses);
        ResponseDecoder decoder(part.message.to.protocol);
        std::vector<ResponseChunk> chunks;
        ASSERT_TRUE(decoder.feed(part.message.bytes, chunks));
        for (const ResponseChunk& chunk : chunks) {
            served[part.message.to.id].push_back(
                ssz::decode<SignedBlock>(chunk.payload, decode_context(config.profile)).value());
        }
        if (part.message.is_last) finished.insert(part.message.to.id);
        part.then({});
        collect();
    }
    EXPECT_EQ(served[1], (std::vector{block(94), block(91)}));
    EXPECT_EQ(served[2], (std::vector{block(91), block(93)}));
    EXPECT_EQ(finished, (std::set<std::uint64_t>{1, 2}));
}

TEST_F(P2pTest, malformed_requests_are_answered_and_cost_points) {
    start();
    connect_quietly(1);
    event(RequestReceived{{1, peer(1), RequestProtocol::status}, Bytes(79)});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{1}, 0})});
    std::map<std::uint64_t, ResponseCode> codes;
    while (!responses.empty()) {
        auto part = take(responses);
        EXPECT_TRUE(part.message.is_last);
        codes[part.message.to.id] = response_code(part.message.bytes.at(0));
        part.then({});
        collect();
    }
    EXPECT_EQ(codes,
              (std::map<std::uint64_t, ResponseCode>{{1, ResponseCode::invalid_request},
                                                     {2, ResponseCode::invalid_request}}));
    // A count of zero is a wrong question, not wrong bytes.
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax - 20);
}

TEST_F(P2pTest, reply_that_cannot_be_sent_ends_its_request_only) {
    reader.add(block(91));
    reader.add(block(92));
    start();
    connect_quietly(1);
    event(RequestReceived{{1, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{90}, 5})});
    event(RequestReceived{{2, peer(1), RequestProtocol::blocks_by_range},
                          ssz::encode(BlocksByRangeRequest{Slot{92}, 1})});
    ASSERT_EQ(responses.size(), 1u);
    take(responses).then(std::unexpected(SwarmError{SwarmErrorKind::disconnected, "reset"}));
    collect();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses.front().message.to.id, 2u);
    EXPECT_EQ(
        metric(
            R"(lepton_requests_received_total{protocol="blocks_by_range",result="disconnected"})"),
        1);
    event(RequestReceived{{3, peer(1), RequestProtocol::status}, ssz::encode(Status{})});
    ASSERT_EQ(responses.size(), 2u);
    responses.back().then(std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}));
    EXPECT_EQ(metric(R"(lepton_requests_received_total{protocol="status",result="timeout"})"), 1);
}

// --- what the operator reads

class LoggedP2pTest : public P2pTest {
  protected:
    LoggedP2pTest() { log::set_level(log::Level::debug); }
    ~LoggedP2pTest() override { log::set_level(log::Level::info); }

    // What is logged while `action` runs.
    template <class Action>
    static std::string logged(Action action) {
        testing::internal::CaptureStderr();
        action();
        log::flush();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(LoggedP2pTest, every_failure_names_peer_protocol_and_request) {
    config.bootnodes = {address(9)};
    start();
    const std::string no_dial = logged([&] {
        take(dials).then(std::unexpected(SwarmError{SwarmErrorKind::timeout, "no answer"}));
    });
    EXPECT_NE(no_dial.find("dial_failed address=" + address(9).to_string() +
                           " kind=timeout what=\"no answer\""),
              std::string::npos)
        << no_dial;

    connect_quietly(1);
    const std::string name = peer(1).to_base58();
    event(RequestReceived{{17, peer(1), RequestProtocol::status}, ssz::encode(Status{})});
    const std::string no_reply = logged([&] {
        take(responses).then(std::unexpected(SwarmError{SwarmErrorKind::disconnected, "reset"}));
    });
    EXPECT_NE(no_reply.find("response_failed peer=" + name +
                            " protocol=status request=17 kind=disconnected what=\"reset\""),
              std::string::npos)
        << no_reply;

    want(root(1));
    const std::string no_block = logged([&] {
        reply(take(requests), std::unexpected(SwarmError{SwarmErrorKind::timeout, "10 s"}));
    });
    EXPECT_NE(no_block.find("block_request_failed root=0x01010101 peer=" + name +
                            " request=1 kind=timeout what=\"10 s\""),
              std::string::npos)
        << no_block;
}

TEST_F(LoggedP2pTest, publishing_is_logged_on_its_outcome_only) {
    start();
    const auto own = std::make_shared<const SignedBlock>(block(100));
    const auto publish = [&] {
        p2p->publish(network_api::PublishBlock{own, root(4)}, [](const PublishOutcome&) {});
        collect();
    };
    EXPECT_EQ(logged(publish), "");
    const std::string sent = logged([&] { take(publishes).then({PublishStatus::published, 3}); });
    EXPECT_NE(sent.find("kind=block slot=100 root=0x04040404 status=published peers=3"),
              std::string::npos)
        << sent;
    publish();
    const std::string refused = logged([&] { take(publishes).then({PublishStatus::no_peers, 0}); });
    EXPECT_NE(refused.find("kind=block slot=100 root=0x04040404 status=no_peers peers=0"),
              std::string::npos)
        << refused;
}

}  // namespace
}  // namespace lepton::p2p
