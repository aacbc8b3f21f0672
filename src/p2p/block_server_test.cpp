// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/block_server.hpp"

#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;
using std::chrono::milliseconds;
using std::chrono::seconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

Root root_of_slot(std::uint64_t slot) {
    Root root;
    root.bytes.fill(static_cast<std::uint8_t>(slot));
    root.bytes[0] = 1;
    root.bytes[1] = static_cast<std::uint8_t>(slot >> 8);
    return root;
}

// A chain of blocks whose bytes are their slot, repeated.
class FakeReader final : public storage::BlockReader {
  public:
    explicit FakeReader(std::set<std::uint64_t> with_block) : slots(std::move(with_block)) {}

    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& root) const override {
        ++reads;
        if (is_broken) return std::unexpected(IoError{"disk gone"});
        for (const std::uint64_t slot : slots) {
            if (root_of_slot(slot) == root) {
                return Bytes(block_size, static_cast<std::uint8_t>(slot));
            }
        }
        return std::nullopt;
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root&) const override {
        return std::nullopt;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot start,
                                                              std::uint64_t count) const override {
        if (is_broken) return std::unexpected(IoError{"disk gone"});
        std::vector<Checkpoint> blocks;
        for (const std::uint64_t slot : slots) {
            if (slot >= start.value && slot - start.value < count) {
                blocks.push_back({root_of_slot(slot), Slot{slot}});
            }
        }
        return blocks;
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }

    std::set<std::uint64_t> slots;
    std::size_t block_size = 3;
    bool is_broken = false;
    mutable std::size_t reads = 0;
};

class BlockServerTest : public testing::Test {
  protected:
    InboundRequest request(std::uint32_t from) {
        return {++last_id, peer(from), RequestProtocol::blocks_by_root};
    }

    // Sends and acknowledges everything that is ready now; the slots of each request's blocks, and
    // -1 - code for an error chunk.
    std::map<std::uint64_t, std::vector<int>> serve() {
        std::map<std::uint64_t, std::vector<int>> answers;
        while (server.next_due(now) == now) {
            const auto part = server.next(now);
            if (!part) continue;
            auto& answer = answers[part->to.id];
            EXPECT_FALSE(finished.contains(part->to.id));
            for (const ResponseChunk& chunk : chunks(part->bytes)) {
                answer.push_back(chunk.code == ResponseCode::success
                                     ? chunk.payload.at(0)
                                     : -1 - static_cast<int>(chunk.code));
            }
            if (part->is_last) finished.insert(part->to.id);
            server.sent(part->to, true);
        }
        return answers;
    }

    static std::vector<ResponseChunk> chunks(ByteView bytes) {
        ResponseDecoder decoder(RequestProtocol::blocks_by_root);
        std::vector<ResponseChunk> chunks;
        EXPECT_TRUE(decoder.feed(bytes, chunks));
        EXPECT_TRUE(decoder.finish());
        return chunks;
    }

    FakeReader reader{{1, 2, 3, 5, 8, 200}};
    BlockServer server{reader};
    Time now{seconds(100)};
    std::uint64_t last_id = 0;
    std::set<std::uint64_t> finished;
};

using Answers = std::map<std::uint64_t, std::vector<int>>;

TEST_F(BlockServerTest, known_roots_in_request_order_unknown_ones_left_out) {
    const BlocksByRootRequest wanted{
        {root_of_slot(8), root_of_slot(77), root_of_slot(1), root_of_slot(8)}};
    server.add(request(1), wanted, now);
    EXPECT_EQ(server.size(), 1u);
    EXPECT_EQ(serve(), (Answers{{1, {8, 1, 8}}}));
    EXPECT_EQ(finished, std::set<std::uint64_t>{1});
    EXPECT_EQ(server.size(), 0u);
    EXPECT_EQ(server.next_due(now), std::nullopt);
}

TEST_F(BlockServerTest, nothing_known_is_an_empty_answer) {
    BlocksByRootRequest wanted;
    for (std::uint64_t i = 0; i < 100; ++i) wanted.roots.push_back(root_of_slot(1000 + i));
    server.add(request(1), wanted, now);
    EXPECT_EQ(serve(), (Answers{{1, {}}}));
    EXPECT_EQ(finished.size(), 1u);
}

TEST_F(BlockServerTest, range_is_ascending_and_skips_empty_slots) {
    server.add(request(1), BlocksByRangeRequest{Slot{2}, 4}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{0}, 1024}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{300}, 1}, now);
    EXPECT_EQ(serve(), (Answers{{1, {2, 3, 5}}, {2, {1, 2, 3, 5, 8, 200}}, {3, {}}}));
}

TEST_F(BlockServerTest, range_at_the_end_of_the_numbers_does_not_wrap) {
    server.add(request(1), BlocksByRangeRequest{Slot{UINT64_MAX}, 1024}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{UINT64_MAX - 10}, 1024}, now);
    EXPECT_EQ(serve(), (Answers{{1, {}}, {2, {}}}));
}

TEST_F(BlockServerTest, bad_counts_are_answered_with_an_error) {
    server.add(request(1), BlocksByRangeRequest{Slot{1}, 0}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{1}, 1025}, now);
    const int invalid = -1 - static_cast<int>(ResponseCode::invalid_request);
    EXPECT_EQ(serve(), (Answers{{1, {invalid}}, {2, {invalid}}}));
    EXPECT_EQ(finished.size(), 2u);
}

TEST_F(BlockServerTest, next_block_is_read_only_when_the_network_took_the_last) {
    const auto id = request(1);
    server.add(id, BlocksByRangeRequest{Slot{0}, 10}, now);
    ASSERT_TRUE(server.next(now));
    EXPECT_EQ(reader.reads, 1u);
    EXPECT_FALSE(server.next(now));
    EXPECT_EQ(server.next_due(now), std::nullopt);
    server.sent(id, true);
    EXPECT_EQ(server.next_due(now), now);
    EXPECT_TRUE(server.next(now));
    EXPECT_EQ(reader.reads, 2u);
}

TEST_F(BlockServerTest, peers_take_turns) {
    server.add(request(1), BlocksByRangeRequest{Slot{1}, 3}, now);
    server.add(request(2), BlocksByRangeRequest{Slot{1}, 3}, now);
    std::vector<std::uint64_t> order;
    for (int i = 0; i < 6; ++i) {
        const auto part = server.next(now);
        ASSERT_TRUE(part);
        order.push_back(part->to.id);
        server.sent(part->to, true);
    }
    EXPECT_NE(order[0], order[1]);
    EXPECT_EQ(order, (std::vector{order[0], order[1], order[0], order[1], order[0], order[1]}));
}

TEST_F(BlockServerTest, lookups_that_find_nothing_give_way) {
    BlocksByRootRequest wanted;
    for (std::uint64_t i = 0; i < 1024; ++i) wanted.roots.push_back(root_of_slot(1000 + i));
    server.add(request(1), wanted, now);
    EXPECT_FALSE(server.next(now));
    EXPECT_EQ(reader.reads, kServeLookupsPerStep);
    EXPECT_EQ(server.next_due(now), now);
}

TEST_F(BlockServerTest, lost_request_makes_room_for_the_next) {
    const auto lost = request(1);
    server.add(lost, BlocksByRangeRequest{Slot{0}, 10}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{8}, 1}, now);
    ASSERT_TRUE(server.next(now));
    server.sent(lost, false);
    EXPECT_EQ(serve(), (Answers{{2, {8}}}));
}

TEST_F(BlockServerTest, disconnect_forgets_the_peer) {
    const auto id = request(1);
    server.add(id, BlocksByRangeRequest{Slot{0}, 10}, now);
    server.add(request(2), BlocksByRangeRequest{Slot{8}, 1}, now);
    ASSERT_TRUE(server.next(now));
    server.peer_disconnected(peer(1));
    server.sent(id, true);
    EXPECT_EQ(server.size(), 1u);
    EXPECT_EQ(serve(), (Answers{{2, {8}}}));
}

TEST_F(BlockServerTest, requests_of_one_peer_are_bounded) {
    for (std::size_t i = 0; i < kServeRequestsPerPeerMax + 2; ++i) {
        server.add(request(1), BlocksByRangeRequest{Slot{1}, 1}, now);
    }
    EXPECT_EQ(server.size(), kServeRequestsPerPeerMax);
    const int unavailable = -1 - static_cast<int>(ResponseCode::resource_unavailable);
    Answers expected{{9, {unavailable}}, {10, {unavailable}}};
    for (std::uint64_t id = 1; id <= 8; ++id) expected[id] = {1};
    EXPECT_EQ(serve(), expected);
}

TEST_F(BlockServerTest, bytes_per_peer_are_bounded_by_a_budget) {
    reader.block_size = 4 * 1024 * 1024;
    for (std::uint64_t slot = 0; slot < 200; ++slot) reader.slots.insert(slot);
    // Incompressible would be slower to make; the budget counts what is sent.
    server.add(request(1), BlocksByRangeRequest{Slot{0}, 200}, now);
    std::size_t bytes = 0;
    const auto pump = [&] {
        while (server.next_due(now) == now) {
            const auto part = server.next(now);
            if (!part) continue;
            bytes += part->bytes.size();
            server.sent(part->to, true);
        }
    };
    pump();
    EXPECT_GE(static_cast<double>(bytes), kServeBytesBurst);
    EXPECT_LE(static_cast<double>(bytes), kServeBytesBurst + 1024 * 1024);
    const std::size_t in_burst = bytes;
    ASSERT_TRUE(server.next_due(now).has_value());
    EXPECT_GT(*server.next_due(now), now);
    EXPECT_FALSE(server.next(now)) << "whoever asks before it is due gets nothing";
    now += seconds(1);
    pump();
    EXPECT_LE(static_cast<double>(bytes - in_burst), kServeBytesPerSecond + 1024 * 1024);
    EXPECT_GT(bytes, in_burst);
}

TEST_F(BlockServerTest, database_failure_is_an_error_answer) {
    reader.is_broken = true;
    server.add(request(1), BlocksByRootRequest{{root_of_slot(1)}}, now);
    server.add(request(1), BlocksByRangeRequest{Slot{1}, 1}, now);
    const int failed = -1 - static_cast<int>(ResponseCode::server_error);
    EXPECT_EQ(serve(), (Answers{{1, {failed}}, {2, {failed}}}));
}

}  // namespace
}  // namespace lepton::p2p
