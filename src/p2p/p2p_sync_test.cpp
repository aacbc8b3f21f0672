// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/p2p_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace lepton::p2p {
namespace {

using namespace test;

// --- status

TEST_F(P2pTest, status_is_the_first_request_to_a_peer_on_both_sides) {
    start();
    want(root(1));
    event(PeerConnected{peer(1), true});
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].message.protocol, RequestProtocol::status);
    EXPECT_EQ(requests[0].message.peer, peer(1));
    EXPECT_EQ(requests[0].message.ssz,
              ssz::encode(Status{{root(80), Slot{80}}, {root(90), Slot{90}}}));
    EXPECT_EQ(requests[1].message.protocol, RequestProtocol::blocks_by_root);
    event(PeerConnected{peer(2), false});
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[2].message.protocol, RequestProtocol::status);
    EXPECT_EQ(requests[2].message.peer, peer(2));
}

TEST_F(P2pTest, status_is_polled_whatever_the_answer) {
    start();
    connect(1);
    const std::vector<SwarmRequest::reply> answers{
        status_chunk({}),
        std::unexpected(SwarmError{SwarmErrorKind::timeout, "10 s"}),
        std::vector<ResponseChunk>{},
        std::vector<ResponseChunk>{{ResponseCode::server_error, {}}},
        std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""})};
    for (const auto& answer : answers) {
        ASSERT_EQ(requests.size(), 1u);
        EXPECT_EQ(requests.front().message.protocol, RequestProtocol::status);
        reply(take(requests), answer);
        const Time before = clock.now();
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(60)));
        EXPECT_GE(clock.now() - before, kStatusInterval * 3 / 4);
        EXPECT_LE(clock.now() - before, kStatusInterval);
    }
    EXPECT_EQ(p2p->peers().points(peer(1), clock.now()), kPeerPointsMax);
    disconnect(1);
    take(requests);
    EXPECT_FALSE(wait([&] { return !requests.empty(); }, seconds(60)));
}

TEST_F(P2pTest, unknown_head_far_ahead_is_fetched_from_the_peer_that_told_of_it) {
    start();
    for (std::uint32_t i = 1; i <= 5; ++i) connect_quietly(i);
    connect(6);
    const SignedBlock head = block(99);
    const Root head_root = hash_tree_root(head.block);
    reply(take(requests), status_chunk({{}, {head_root, Slot{99}}}));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests.front().message.protocol, RequestProtocol::blocks_by_root);
    EXPECT_EQ(requests.front().message.peer, peer(6));
    BlocksByRootRequest expected;
    expected.roots.push_back(head_root);
    EXPECT_EQ(requests.front().message.ssz, ssz::encode(expected));
    reply(take(requests), block_chunk(head));
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(blocks[0].block, head);
    EXPECT_EQ(blocks[0].root, head_root);
    EXPECT_EQ(blocks[0].peer, peer(6).to_base58());
    EXPECT_EQ(blocks[0].source, network_api::BlockSource::sync);
    EXPECT_EQ(blocks[0].gossip_id, std::nullopt);
    EXPECT_EQ(p2p->fetches().size(), 0u);
}

TEST_F(P2pTest, heads_that_are_near_known_or_impossible_are_not_followed) {
    auto view = std::make_shared<ChainView>(*chain.get());
    ChainNode known;
    known.root = root(5);
    known.slot = Slot{98};
    view->nodes = std::make_shared<const std::vector<ChainNode>>(1, known);
    chain.set(view);
    start();
    connect(1);
    const std::vector<Checkpoint> heads{{root(1), Slot{91}},
                                        {root(1), Slot{50}},
                                        {root(5), Slot{98}},
                                        {root(1), Slot{200}},
                                        {root(1), Slot{UINT64_MAX}}};
    for (const Checkpoint& head : heads) {
        reply(take(requests), status_chunk({{}, head}));
        EXPECT_TRUE(requests.empty());
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(60)));
        ASSERT_EQ(requests.front().message.protocol, RequestProtocol::status);
    }
}

TEST_F(P2pTest, same_head_is_followed_again_only_after_a_while) {
    start();
    connect(1);
    const SignedBlock head = block(99);
    const Status ahead{{}, {hash_tree_root(head.block), Slot{99}}};
    std::vector<Time> followed;
    const Time end = clock.now() + seconds(100);
    while (clock.now() < end) {
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(100)));
        auto next = take(requests);
        if (next.message.protocol == RequestProtocol::status) {
            reply(std::move(next), status_chunk(ahead));
        } else {
            followed.push_back(clock.now());
            reply(std::move(next), block_chunk(head));
        }
    }
    ASSERT_GE(followed.size(), 2u);
    for (std::size_t i = 1; i < followed.size(); ++i) {
        EXPECT_GE(followed[i] - followed[i - 1], kFollowAgain);
    }
}

TEST_F(P2pTest, status_requests_are_answered_from_the_view_and_taken_as_hint) {
    start();
    connect_quietly(1);
    const Status theirs{{}, {root(3), Slot{99}}};
    event(RequestReceived{{17, peer(1), RequestProtocol::status}, ssz::encode(theirs)});
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].message.to.id, 17u);
    EXPECT_TRUE(responses[0].message.is_last);
    EXPECT_EQ(
        responses[0].message.bytes,
        encode_response_chunk(ssz::encode(Status{{root(80), Slot{80}}, {root(90), Slot{90}}})));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].message.protocol, RequestProtocol::blocks_by_root);
}

// --- fetching

TEST_F(P2pTest, fetch_without_peers_waits_for_one) {
    start();
    const SignedBlock wanted = block(95);
    const Root wanted_root = hash_tree_root(wanted.block);
    want(wanted_root);
    EXPECT_TRUE(requests.empty());
    EXPECT_TRUE(fetched.empty());
    EXPECT_EQ(metric("lepton_block_fetches_stalled"), 1);
    connect(1);
    ASSERT_EQ(requests.size(), 2u);
    take(requests);
    reply(take(requests), block_chunk(wanted));
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{wanted_root, FetchStatus::delivered, 1})});
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(metric("lepton_block_fetches_stalled"), 0);
}

// Everything but the wanted block counts as a failed attempt, goes to another peer and leaves
// nothing behind.
TEST_F(P2pTest, every_wrong_answer_is_a_failed_attempt) {
    const std::vector<std::pair<SwarmRequest::reply, double>> answers{
        {std::vector<ResponseChunk>{}, 0},
        {block_chunk(block(96)), kPenaltyWrongBlock},
        {std::vector<ResponseChunk>{{ResponseCode::resource_unavailable, {}}}, 0},
        {std::vector<ResponseChunk>{{ResponseCode::invalid_request, {}}}, 0},
        {std::vector<ResponseChunk>{{ResponseCode::success, Bytes{1, 2, 3}}}, 20},
        {std::vector<ResponseChunk>{{ResponseCode::success, {}}}, 20},
        {std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}), 0},
        {std::unexpected(SwarmError{SwarmErrorKind::malformed, ""}), 20},
        {std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""}), 0},
        {std::unexpected(SwarmError{SwarmErrorKind::disconnected, ""}), 0},
    };
    start();
    std::uint32_t number = 0;
    for (const auto& answer : answers) {
        const PeerId first = peer(++number);
        connect_quietly(number);
        want(root(1));
        ASSERT_EQ(requests.size(), 1u);
        ASSERT_EQ(requests.front().message.peer, first);
        reply(take(requests), answer.first);
        EXPECT_TRUE(fetched.empty());
        EXPECT_EQ(p2p->peers().points(first, clock.now()), kPeerPointsMax - answer.second);
        EXPECT_EQ(p2p->fetches().in_flight(), 0u);
        EXPECT_EQ(p2p->fetches().size(), 1u);
        // Another peer comes, and is asked next.
        connect_quietly(++number);
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(1)));
        EXPECT_EQ(requests.front().message.peer, peer(number));
        requests.clear();
        disconnect(number);
        disconnect(number - 1);
        p2p->stop();
        fetched.clear();
    }
    EXPECT_TRUE(blocks.empty());
}

TEST_F(P2pTest, give_up_is_reported_after_ten_attempts) {
    start();
    connect_quietly(1);
    want(root(1));
    for (unsigned i = 0; i < kFetchAttemptsMax; ++i) {
        ASSERT_TRUE(fetched.empty());
        ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(3)));
        reply(take(requests), std::vector<ResponseChunk>{});
    }
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{root(1), FetchStatus::gave_up, 10})});
    EXPECT_EQ(p2p->fetches().size(), 0u);
    EXPECT_EQ(metric(R"(lepton_block_fetches_total{kind="root",status="gave_up"})"), 1);
}

TEST_F(P2pTest, fetched_block_that_the_verifier_cannot_take_is_asked_for_again) {
    start();
    connect_quietly(1);
    const SignedBlock wanted = block(95);
    want(hash_tree_root(wanted.block));
    is_verifier_full = true;
    reply(take(requests), block_chunk(wanted));
    EXPECT_TRUE(fetched.empty());
    is_verifier_full = false;
    ASSERT_TRUE(wait([&] { return !requests.empty(); }, seconds(1)));
    reply(take(requests), block_chunk(wanted));
    EXPECT_EQ(fetched.size(), 1u);
    EXPECT_EQ(blocks.size(), 1u);
}

TEST_F(P2pTest, answer_after_the_connection_was_lost_changes_nothing) {
    start();
    connect_quietly(1);
    const SignedBlock wanted = block(95);
    want(hash_tree_root(wanted.block));
    auto late = take(requests);
    disconnect(1);
    reply(std::move(late), std::unexpected(SwarmError{SwarmErrorKind::disconnected, ""}));
    EXPECT_EQ(p2p->fetches().size(), 1u);
    EXPECT_EQ(p2p->fetches().in_flight(), 0u);
    EXPECT_TRUE(fetched.empty());
}

TEST_F(P2pTest, stop_answers_whoever_waits_for_a_block) {
    start();
    want(root(1));
    p2p->stop();
    EXPECT_EQ(fetched, std::vector{(FetchOutcome{root(1), FetchStatus::stopped, 0})});
}

// --- catching up by range

class RangeTest : public P2pTest {
  protected:
    RangeTest() {
        Root parent = root(7);
        for (std::uint64_t slot = 1; slot <= 100; ++slot) {
            chain_blocks.push_back(block(slot));
            chain_blocks.back().block.parent_root = parent;
            parent = hash_tree_root(chain_blocks.back().block);
        }
        set_imported(0);
    }

    // The own tree is the chain up to `slot`.
    void set_imported(std::uint64_t slot) {
        auto view = std::make_shared<ChainView>(*chain.get());
        std::vector<ChainNode> nodes;
        for (std::uint64_t i = 1; i <= slot; ++i) nodes.push_back({root_at(i), Slot{i}, {}, {}, 0});
        std::ranges::sort(nodes, {}, &ChainNode::root);
        view->nodes = std::make_shared<const std::vector<ChainNode>>(std::move(nodes));
        view->head = {slot == 0 ? Root{} : root_at(slot), Slot{slot}};
        view->latest_finalized = {};
        chain.set(view);
    }

    Root root_at(std::uint64_t slot) const {
        return hash_tree_root(chain_blocks.at(slot - 1).block);
    }

    std::vector<ResponseChunk> chunks(std::uint64_t first, std::uint64_t last) const {
        std::vector<ResponseChunk> chunks;
        for (std::uint64_t slot = first; slot <= last; ++slot) {
            chunks.push_back({ResponseCode::success, ssz::encode(chain_blocks.at(slot - 1))});
        }
        return chunks;
    }

    void connect_ahead(std::uint32_t number) {
        connect(number);
        auto status = take(requests);
        while (status.message.protocol != RequestProtocol::status) status = take(requests);
        reply(std::move(status), status_chunk({{}, {root_at(100), Slot{100}}}));
    }

    void expect_range(const Asked<SwarmRequest>& asked, std::uint64_t start) {
        EXPECT_EQ(asked.message.protocol, RequestProtocol::blocks_by_range);
        EXPECT_EQ(asked.message.ssz, ssz::encode(BlocksByRangeRequest{Slot{start}, kRangeBatch}));
        EXPECT_EQ(asked.message.chunks_max, kRangeBatch);
    }

    // Takes the next request for blocks, and answers statuses meanwhile.
    std::optional<Asked<SwarmRequest>> next_blocks_request(Duration limit) {
        const Time end = clock.now() + limit;
        while (wait([&] { return !requests.empty(); }, end - clock.now())) {
            auto next = take(requests);
            if (next.message.protocol != RequestProtocol::status) return next;
            reply(std::move(next), status_chunk({{}, {root_at(100), Slot{100}}}));
        }
        return std::nullopt;
    }

    std::vector<SignedBlock> chain_blocks;
};

TEST_F(RangeTest, batches_go_to_the_verifier_and_the_next_waits_for_the_import) {
    start();
    connect_ahead(1);
    ASSERT_EQ(requests.size(), 1u);
    expect_range(requests.front(), 1);
    reply(take(requests), chunks(1, 32));
    ASSERT_EQ(blocks.size(), 32u);
    for (std::size_t i = 0; i < 32; ++i) {
        EXPECT_EQ(blocks[i].block, chain_blocks[i]);
        EXPECT_EQ(blocks[i].root, root_at(i + 1));
        EXPECT_EQ(blocks[i].source, network_api::BlockSource::sync);
        EXPECT_EQ(blocks[i].peer, peer(1).to_base58());
    }
    EXPECT_FALSE(next_blocks_request(seconds(5)));
    set_imported(32);
    auto second = next_blocks_request(milliseconds(100));
    ASSERT_TRUE(second);
    expect_range(*second, 33);
    // Cut short: the rest is asked for again.
    reply(*std::move(second), chunks(33, 40));
    set_imported(40);
    auto third = next_blocks_request(milliseconds(100));
    ASSERT_TRUE(third);
    expect_range(*third, 41);
}

TEST_F(RangeTest, answers_that_are_not_what_was_asked_for_cost_points) {
    auto gap = chunks(1, 5);
    gap.erase(gap.begin() + 2);
    auto reversed = chunks(1, 2);
    std::swap(reversed[0], reversed[1]);
    const std::vector<std::pair<std::vector<ResponseChunk>, double>> answers{
        {gap, kPenaltyWrongBlock},
        {reversed, kPenaltyWrongBlock},
        {chunks(33, 33), kPenaltyWrongBlock},
        {{{ResponseCode::success, Bytes{1}}}, 20},
        {{{ResponseCode::server_error, {}}}, 0}};
    start();
    for (std::uint32_t i = 1; i <= answers.size(); ++i) {
        connect_ahead(i);
        auto asked = next_blocks_request(seconds(1));
        ASSERT_TRUE(asked);
        EXPECT_EQ(asked->message.peer, peer(i));
        reply(*std::move(asked), answers[i - 1].first);
        EXPECT_TRUE(blocks.empty());
        EXPECT_NEAR(
            p2p->peers().points(peer(i), clock.now()), kPeerPointsMax - answers[i - 1].second, 0.5);
    }
}

TEST_F(RangeTest, what_came_before_an_error_is_used) {
    start();
    connect_ahead(1);
    auto answer = chunks(1, 3);
    answer.push_back({ResponseCode::resource_unavailable, {}});
    reply(take(requests), answer);
    EXPECT_EQ(blocks.size(), 3u);
    EXPECT_TRUE(p2p->range().is_active());
}

TEST_F(RangeTest, blocks_wait_for_room_at_the_verifier) {
    start();
    connect_ahead(1);
    is_verifier_full = true;
    reply(take(requests), chunks(1, 32));
    EXPECT_TRUE(blocks.empty());
    is_verifier_full = false;
    EXPECT_TRUE(wait([&] { return blocks.size() == 32; }, milliseconds(200)));
}

// Nothing but time and the peers that are there is needed to start over.
TEST_F(RangeTest, starts_over_with_the_peers_it_has) {
    start();
    connect_ahead(1);
    reply(take(requests), std::unexpected(SwarmError{SwarmErrorKind::timeout, ""}));
    const Time failed_at = clock.now();
    auto again = next_blocks_request(seconds(60));
    ASSERT_TRUE(again);
    expect_range(*again, 1);
    EXPECT_EQ(clock.now() - failed_at, kRangeForgiveTime);
    // Blocks that are lost on their way to the tree are asked for again too.
    reply(*std::move(again), chunks(1, 32));
    again = next_blocks_request(seconds(60));
    ASSERT_TRUE(again);
    expect_range(*again, 1);
}

TEST_F(RangeTest, peer_without_the_protocol_is_followed_by_its_head) {
    start();
    connect_ahead(1);
    reply(take(requests), std::unexpected(SwarmError{SwarmErrorKind::unsupported, ""}));
    auto next = next_blocks_request(seconds(20));
    ASSERT_TRUE(next);
    EXPECT_EQ(next->message.protocol, RequestProtocol::blocks_by_root);
}

}  // namespace
}  // namespace lepton::p2p
