// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/range_sync.hpp"

#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

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
    root.bytes[0] = static_cast<std::uint8_t>(slot >> 8);
    root.bytes[1] = static_cast<std::uint8_t>(slot);
    return root;
}

// A chain with a block in every slot up to `head`, of which the last 200 are in the tree.
network_api::ChainView view(Slot head) {
    network_api::ChainView view;
    view.head = {root_of_slot(head.value), head};
    view.latest_finalized.slot = Slot{head.value < 200 ? 0 : head.value - 200};
    std::vector<network_api::ChainNode> nodes;
    for (Slot slot = view.latest_finalized.slot; slot <= head; ++slot) {
        nodes.push_back({root_of_slot(slot.value), slot, {}, {}, 0});
    }
    view.nodes = std::make_shared<const std::vector<network_api::ChainNode>>(std::move(nodes));
    return view;
}

std::vector<Checkpoint> blocks(Slot first, Slot last) {
    std::vector<Checkpoint> blocks;
    for (Slot slot = first; slot <= last; ++slot) {
        blocks.push_back({root_of_slot(slot.value), slot});
    }
    return blocks;
}

class RangeSyncTest : public testing::Test {
  protected:
    RangeRequest request() {
        const auto next = wait(kRangeRequestInterval);
        EXPECT_TRUE(next.has_value());
        return next.value_or(RangeRequest{0, peer(0), {}, 0});
    }

    // Looks again when it is due, at most for `limit`; a request, if one was made.
    std::optional<RangeRequest> wait(Duration limit) {
        const Time end = now + limit;
        while (true) {
            if (auto next = sync.next(view(head), now)) return next;
            const auto due = sync.next_due();
            if (!due || *due > end) return std::nullopt;
            now = std::max(now, *due);
        }
    }

    SeededRandom random{1};
    RangeSync sync{random};
    Slot head{100};
    Time now{seconds(1000)};
};

TEST_F(RangeSyncTest, nothing_to_do_while_nobody_is_far_ahead) {
    EXPECT_FALSE(sync.next(view(head), now));
    sync.set_peer_head(peer(1), head + (kRangeSlotsMin - 1));
    sync.set_peer_head(peer(2), Slot{3});
    EXPECT_FALSE(sync.next(view(head), now));
    EXPECT_FALSE(sync.is_active());
    EXPECT_EQ(sync.next_due(), std::nullopt);
}

TEST_F(RangeSyncTest, next_batch_is_asked_for_when_the_head_has_followed) {
    sync.set_peer_head(peer(1), Slot{200});
    const RangeRequest first = request();
    EXPECT_EQ(first.peer, peer(1));
    EXPECT_EQ(first.start, Slot{101});
    EXPECT_EQ(first.count, kRangeBatch);
    EXPECT_FALSE(sync.next(view(head), now));
    sync.delivered(first.id, blocks(first.start, Slot{132}), now);
    EXPECT_TRUE(sync.is_active());
    EXPECT_FALSE(wait(seconds(1)));
    head = Slot{131};
    EXPECT_FALSE(wait(seconds(1)));
    head = Slot{132};
    const auto second = wait(milliseconds(100));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->start, Slot{133});
    // Up to a few slots before the peer's head.
    sync.delivered(second->id, blocks(second->start, Slot{164}), now);
    head = Slot{164};
    const auto third = wait(milliseconds(100));
    ASSERT_TRUE(third);
    sync.delivered(third->id, blocks(third->start, Slot{196}), now);
    head = Slot{196};
    EXPECT_FALSE(wait(seconds(1)));
    EXPECT_FALSE(sync.is_active());
}

TEST_F(RangeSyncTest, last_batch_ends_at_the_head_of_the_peer) {
    sync.set_peer_head(peer(1), Slot{120});
    const RangeRequest only = request();
    EXPECT_EQ(only.start, Slot{101});
    EXPECT_EQ(only.count, 20u);
}

// A truncated answer does not count as the whole batch.
TEST_F(RangeSyncTest, missing_part_of_an_answer_is_asked_for_again) {
    sync.set_peer_head(peer(1), Slot{200});
    const RangeRequest first = request();
    sync.delivered(first.id, blocks(first.start, Slot{110}), now);
    head = Slot{110};
    const auto second = wait(milliseconds(100));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->start, Slot{111});
}

TEST_F(RangeSyncTest, blocks_that_are_not_imported_are_asked_for_from_another_peer) {
    sync.set_peer_head(peer(1), Slot{200});
    sync.set_peer_head(peer(2), Slot{200});
    const RangeRequest first = request();
    sync.delivered(first.id, blocks(first.start, Slot{132}), now);
    head = Slot{105};
    const Time begun = now;
    const auto second = wait(seconds(30));
    ASSERT_TRUE(second);
    EXPECT_NE(second->peer, first.peer);
    EXPECT_EQ(second->start, Slot{106});
    EXPECT_GE(now - begun, kRangeImportTime);
    EXPECT_LT(now - begun, kRangeImportTime + seconds(1));
}

// The votes may prefer another branch than the one that is being fetched.
TEST_F(RangeSyncTest, imported_blocks_count_even_if_the_head_is_elsewhere) {
    sync.set_peer_head(peer(1), Slot{200});
    const RangeRequest first = request();
    sync.delivered(first.id, blocks(Slot{101}, Slot{132}), now);
    network_api::ChainView forked = view(Slot{132});
    forked.head = {root_of_slot(9999), Slot{90}};
    now += kRangeRequestInterval;
    const auto second = sync.next(forked, now);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->start, Slot{133});
}

TEST_F(RangeSyncTest, slow_import_that_moves_is_waited_for) {
    sync.set_peer_head(peer(1), Slot{200});
    const RangeRequest first = request();
    sync.delivered(first.id, blocks(first.start, Slot{132}), now);
    for (int i = 0; i < 31; ++i) {
        EXPECT_FALSE(wait(kRangeImportTime - seconds(1)));
        ++head;
    }
    ++head;
    EXPECT_TRUE(wait(milliseconds(100)));
}

TEST_F(RangeSyncTest, failed_request_goes_to_another_peer_and_later_to_the_same) {
    sync.set_peer_head(peer(1), Slot{200});
    sync.set_peer_head(peer(2), Slot{200});
    const RangeRequest first = request();
    sync.failed(first.id, now);
    const RangeRequest second = request();
    EXPECT_NE(second.peer, first.peer);
    EXPECT_EQ(second.start, first.start);
    sync.failed(second.id, now);
    EXPECT_FALSE(sync.next(view(head), now));
    EXPECT_FALSE(sync.is_active());
    const Time begun = now;
    ASSERT_TRUE(wait(seconds(60)));
    EXPECT_LE(now - begun, kRangeForgiveTime);
    EXPECT_GE(now - begun, kRangeForgiveTime - kRangeRequestInterval);
}

TEST_F(RangeSyncTest, lost_peer_is_replaced_by_one_that_is_there) {
    sync.set_peer_head(peer(1), Slot{200});
    const RangeRequest first = request();
    sync.set_peer_head(peer(2), Slot{200});
    sync.peer_disconnected(peer(1), now);
    const RangeRequest second = request();
    EXPECT_EQ(second.peer, peer(2));
    // The result of the first request comes late.
    sync.delivered(first.id, blocks(first.start, Slot{132}), now);
    EXPECT_FALSE(sync.next(view(head), now));
    sync.delivered(second.id, blocks(second.start, Slot{132}), now);
    head = Slot{132};
    EXPECT_TRUE(wait(milliseconds(100)));
}

TEST_F(RangeSyncTest, long_empty_stretch_is_crossed) {
    sync.set_peer_head(peer(1), Slot{2000});
    Slot expected{101};
    for (const unsigned count : {32u, 128u, 256u, 256u}) {
        const RangeRequest next = request();
        EXPECT_EQ(next.start, expected);
        EXPECT_EQ(next.count, count);
        sync.empty(next.id);
        expected = expected + next.count;
    }
    const RangeRequest found = request();
    EXPECT_EQ(found.start, expected);
    sync.delivered(found.id, blocks(found.start, found.start), now);
    head = found.start;
    const auto after = wait(milliseconds(100));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->start, head + 1);
    EXPECT_EQ(after->count, kRangeBatch);
}

// Otherwise a peer that hides a part of the chain could make others look useless.
TEST_F(RangeSyncTest, what_one_peer_calls_empty_is_not_skipped_with_another) {
    sync.set_peer_head(peer(1), Slot{1000});
    sync.set_peer_head(peer(2), Slot{1000});
    const RangeRequest first = request();
    sync.empty(first.id);
    for (int i = 0; i < 3; ++i) {
        const RangeRequest next = request();
        EXPECT_EQ(next.peer, first.peer);
        sync.empty(next.id);
    }
    sync.peer_disconnected(first.peer, now);
    const RangeRequest other = request();
    EXPECT_NE(other.peer, first.peer);
    EXPECT_EQ(other.start, Slot{101});
}

TEST_F(RangeSyncTest, requests_are_paced) {
    sync.set_peer_head(peer(1), Slot{100'000});
    const Time begun = now;
    for (int i = 0; i <= 50; ++i) sync.empty(request().id);
    EXPECT_EQ(now - begun, 50 * kRangeRequestInterval);
}

TEST_F(RangeSyncTest, peer_whose_chain_is_empty_up_to_its_head_is_of_no_use) {
    sync.set_peer_head(peer(1), Slot{150});
    sync.empty(request().id);
    sync.empty(request().id);
    EXPECT_FALSE(wait(seconds(1)));
    EXPECT_FALSE(sync.is_active());
    // Another one is asked from the beginning.
    sync.set_peer_head(peer(2), Slot{150});
    const RangeRequest other = request();
    EXPECT_EQ(other.peer, peer(2));
    EXPECT_EQ(other.start, Slot{101});
}

TEST_F(RangeSyncTest, one_request_at_a_time_and_it_always_goes_on) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SeededRandom dice(seed);
        RangeSync many(dice);
        Slot own{0};
        Time time{};
        std::optional<RangeRequest> open;
        const Slot target{500};
        for (std::uint32_t i = 0; i < 3; ++i) many.set_peer_head(peer(i), target);
        int steps = 0;
        network_api::ChainView chain = view(own);
        while (own + kRangeSlotsMin <= target) {
            ASSERT_LT(++steps, 100'000) << "seed " << seed;
            if (auto next = many.next(chain, time)) {
                ASSERT_FALSE(open) << "seed " << seed;
                open = next;
            }
            if (!open) {
                const auto due = many.next_due();
                ASSERT_TRUE(due) << "seed " << seed;
                time = std::max(time + milliseconds(1), *due);
                continue;
            }
            const auto answer = *std::exchange(open, std::nullopt);
            switch (dice.below(4)) {
                case 0:
                    many.failed(answer.id, time);
                    break;
                case 1: {  // delivered, and lost on the way to the head
                    many.delivered(answer.id, blocks(answer.start, answer.start), time);
                    break;
                }
                default: {
                    const Slot last = answer.start + dice.below(answer.count);
                    many.delivered(answer.id, blocks(answer.start, last), time);
                    own = std::max(own, last);
                    chain = view(own);
                }
            }
        }
    }
}

}  // namespace
}  // namespace lepton::p2p
