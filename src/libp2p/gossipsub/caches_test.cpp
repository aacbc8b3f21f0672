// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/message_cache.hpp"
#include "libp2p/gossipsub/outbox.hpp"
#include "libp2p/gossipsub/pending_messages.hpp"
#include "libp2p/gossipsub/seen_cache.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace lepton::libp2p::gossipsub {
namespace {

using std::chrono::seconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(sim_public_key(number));
}

MessageId id(std::uint32_t number) {
    MessageId out{};
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
}

MessagePtr message(std::uint32_t number, std::size_t size = 10, const char* topic = "/a") {
    return std::make_shared<const StoredMessage>(StoredMessage{id(number), topic, Bytes(size, 7)});
}

Time at(int second) {
    return Time{seconds(second)};
}

/// Decodes frames and keeps them alive.
struct Frames {
    std::deque<Bytes> bytes;
    Rpc next(Outbox& outbox) {
        auto frame = outbox.next_frame();
        if (!frame) return {};
        bytes.push_back(std::move(*frame));
        const auto length = read_varint(bytes.back());
        EXPECT_EQ(length->value, bytes.back().size() - length->size);
        return decode_rpc(ByteView(bytes.back()).subspan(length->size)).value();
    }
};

TEST(SeenCache, ids_are_forgotten_after_their_time) {
    SeenCache cache(seconds(24), 100);
    cache.insert(id(1), peer(1), at(0));
    cache.insert(id(2), peer(2), at(10));
    cache.insert(id(1), peer(2), at(20));
    cache.expire(at(23));
    EXPECT_TRUE(cache.contains(id(1)));
    cache.expire(at(24));
    EXPECT_FALSE(cache.contains(id(1))) << "a second sighting does not prolong it";
    EXPECT_TRUE(cache.contains(id(2)));
    cache.expire(at(34));
    EXPECT_EQ(cache.size(), 0u);
}

TEST(SeenCache, a_flood_evicts_what_its_own_peer_brought) {
    SeenCache cache(seconds(24), 100);
    for (std::uint32_t i = 0; i < 40; ++i) cache.insert(id(i), peer(1), at(0));
    for (std::uint32_t i = 1000; i < 6000; ++i) cache.insert(id(i), peer(2), at(1));
    EXPECT_EQ(cache.size(), 100u);
    for (std::uint32_t i = 0; i < 40; ++i) EXPECT_TRUE(cache.contains(id(i))) << i;
    EXPECT_FALSE(cache.contains(id(5000)));
    EXPECT_TRUE(cache.contains(id(5999)));
}

TEST(MessageCache, messages_are_advertised_for_fewer_windows_than_they_are_kept) {
    MessageCache cache(6, 3);
    cache.put(message(1));
    cache.put(message(2, 10, "/b"));
    cache.shift();
    cache.put(message(3));
    EXPECT_EQ(cache.gossip_ids("/a"), (std::vector{id(3), id(1)}));
    EXPECT_EQ(cache.gossip_ids("/b"), std::vector{id(2)});
    cache.shift();
    cache.shift();
    EXPECT_EQ(cache.gossip_ids("/a"), std::vector{id(3)});
    EXPECT_EQ(cache.get(id(1))->id, id(1));
    cache.shift();
    cache.shift();
    EXPECT_NE(cache.get(id(1)), nullptr);
    cache.shift();
    EXPECT_EQ(cache.get(id(1)), nullptr);
    EXPECT_NE(cache.get(id(3)), nullptr);
    cache.shift();
    EXPECT_EQ(cache.size(), 0u);
}

TEST(MessageCache, the_oldest_goes_when_the_bytes_are_too_many) {
    MessageCache cache(6, 3);
    cache.put(message(1, kCacheBytesMax / 2));
    cache.shift();
    cache.put(message(2, kCacheBytesMax / 2));
    EXPECT_EQ(cache.size(), 2u);
    cache.put(message(3, 1));
    EXPECT_EQ(cache.get(id(1)), nullptr);
    EXPECT_NE(cache.get(id(2)), nullptr);
    EXPECT_NE(cache.get(id(3)), nullptr);
}

TEST(MessageCache, answers_are_counted_for_each_peer) {
    MessageCache cache(6, 3);
    cache.put(message(1));
    EXPECT_EQ(cache.count_answer(id(1), peer(1)), 1u);
    EXPECT_EQ(cache.count_answer(id(1), peer(1)), 2u);
    EXPECT_EQ(cache.count_answer(id(1), peer(2)), 1u);
    EXPECT_EQ(cache.count_answer(id(9), peer(2)), 0u);
}

TEST(PendingMessages, a_peer_has_a_share_and_all_have_a_limit) {
    PendingMessages pending;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < kPendingCountPerPeerMax; ++i) {
        ASSERT_TRUE(pending.has_room(peer(1), 1));
        pending.add(message(++number, 1), peer(1), 1, at(0));
    }
    EXPECT_FALSE(pending.has_room(peer(1), 1));
    EXPECT_TRUE(pending.has_room(peer(2), kPendingBytesPerPeerMax));
    EXPECT_FALSE(pending.has_room(peer(2), kPendingBytesPerPeerMax + 1));
    for (std::uint32_t p = 2; p <= 4; ++p) {
        for (std::size_t i = 0; i < kPendingCountPerPeerMax; ++i) {
            pending.add(message(++number, 1), peer(p), 1, at(0));
        }
    }
    EXPECT_EQ(pending.size(), kPendingCountMax);
    EXPECT_FALSE(pending.has_room(peer(5), 1));
    EXPECT_TRUE(pending.take(id(1)));
    EXPECT_TRUE(pending.has_room(peer(5), 1));
}

TEST(PendingMessages, bytes_are_limited_in_all) {
    PendingMessages pending;
    pending.add(message(1), peer(1), 24 * 1024 * 1024, at(0));
    pending.add(message(2), peer(2), 24 * 1024 * 1024, at(0));
    EXPECT_TRUE(pending.has_room(peer(3), 16 * 1024 * 1024));
    EXPECT_FALSE(pending.has_room(peer(3), 16 * 1024 * 1024 + 1));
}

TEST(PendingMessages, sources_are_remembered_and_time_runs_out) {
    PendingMessages pending;
    pending.add(message(1), peer(1), 10, at(0));
    pending.add(message(2), peer(1), 10, at(5));
    pending.add_source(id(1), peer(2));
    pending.add_source(id(9), peer(2));
    const auto taken = pending.take(id(1));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->sources, (std::set{peer(1), peer(2)}));
    EXPECT_EQ(taken->first_source, peer(1));
    EXPECT_FALSE(pending.take(id(1)));

    EXPECT_EQ(pending.expire(at(24)), 0u);
    EXPECT_EQ(pending.expire(at(25)), 1u);
    EXPECT_EQ(pending.size(), 0u);
    EXPECT_TRUE(pending.has_room(peer(1), kPendingBytesPerPeerMax)) << "the share is free again";
}

TEST(Outbox, control_goes_before_own_before_forwarded_before_gossip) {
    Outbox outbox;
    EXPECT_TRUE(outbox.ihave("/a", {id(9)}));
    EXPECT_TRUE(outbox.answer(message(4)));
    EXPECT_EQ(outbox.forward(message(3)), 0u);
    EXPECT_TRUE(outbox.publish(message(2, 20)));
    EXPECT_TRUE(outbox.announce("/a", true));
    EXPECT_TRUE(outbox.graft("/a"));
    EXPECT_TRUE(outbox.prune("/b", 60));
    EXPECT_TRUE(outbox.idontwant(id(7)));

    Frames frames;
    const Rpc control = frames.next(outbox);
    EXPECT_EQ(control.subscriptions, (std::vector<Subscription>{{true, "/a"}}));
    EXPECT_EQ(control.graft, std::vector<std::string_view>{"/a"});
    EXPECT_EQ(control.prune, (std::vector<Prune>{{"/b", 60}}));
    EXPECT_EQ(control.idontwant, std::vector{id(7)});
    EXPECT_EQ(frames.next(outbox).messages.at(0).data.size(), 20u);
    EXPECT_EQ(frames.next(outbox).messages.at(0).data.size(), 10u);
    EXPECT_EQ(frames.next(outbox).ihave, (std::vector<IHave>{{"/a", {id(9)}}}));
    EXPECT_EQ(frames.next(outbox).messages.size(), 1u);
    EXPECT_TRUE(outbox.empty());
    EXPECT_FALSE(outbox.next_frame());
}

TEST(Outbox, an_announcement_does_not_overtake_what_was_queued_before_it) {
    Outbox outbox;
    EXPECT_TRUE(outbox.prune("/a", 10));
    EXPECT_TRUE(outbox.announce("/a", false));
    EXPECT_TRUE(outbox.announce("/b", true));
    EXPECT_TRUE(outbox.graft("/b"));
    EXPECT_TRUE(outbox.announce("/c", true));

    Frames frames;
    const Rpc first = frames.next(outbox);
    EXPECT_EQ(first.prune.size(), 1u);
    EXPECT_TRUE(first.subscriptions.empty());
    const Rpc second = frames.next(outbox);
    EXPECT_EQ(second.subscriptions, (std::vector<Subscription>{{false, "/a"}, {true, "/b"}}));
    EXPECT_EQ(second.graft.size(), 1u);
    EXPECT_EQ(frames.next(outbox).subscriptions, (std::vector<Subscription>{{true, "/c"}}));
}

TEST(Outbox, a_full_class_refuses_or_drops_its_oldest) {
    Outbox outbox;
    EXPECT_TRUE(outbox.publish(message(1, kQueueBytesMax)));
    EXPECT_FALSE(outbox.publish(message(2, 1)));
    EXPECT_TRUE(outbox.answer(message(3, kQueueBytesMax)));
    EXPECT_FALSE(outbox.answer(message(4, 1)));
    for (std::uint32_t i = 0; i < kForwardQueueMax; ++i) EXPECT_EQ(outbox.forward(message(i)), 0u);
    EXPECT_EQ(outbox.forward(message(5000)), 1u);
    EXPECT_EQ(outbox.forward(message(5001, kQueueBytesMax)), kForwardQueueMax)
        << "everything older makes room for it";
    for (std::size_t i = 0; i < kControlQueueMax; ++i) EXPECT_TRUE(outbox.graft("/a"));
    EXPECT_FALSE(outbox.graft("/a"));
    EXPECT_FALSE(outbox.idontwant(id(1)));
}

TEST(Outbox, one_frame_of_control_stays_within_what_peers_accept) {
    const std::string topic(100, 't');
    Outbox outbox;
    for (std::size_t i = 0; i < kControlQueueMax / 2; ++i) {
        ASSERT_TRUE(outbox.prune(topic, 3600));
        ASSERT_TRUE(outbox.idontwant(id(static_cast<std::uint32_t>(i))));
    }
    std::size_t prunes = 0;
    std::size_t ids = 0;
    Frames frames;
    while (!outbox.empty()) {
        const Rpc rpc = frames.next(outbox);
        EXPECT_FALSE(rpc.control_too_large);
        prunes += rpc.prune.size();
        ids += rpc.idontwant.size();
    }
    EXPECT_EQ(prunes, kControlQueueMax / 2);
    EXPECT_EQ(ids, kControlQueueMax / 2);
}

TEST(Outbox, declined_messages_are_not_sent) {
    Outbox outbox;
    outbox.forward(message(1));
    outbox.forward(message(2));
    outbox.forward(message(3));
    const std::map<MessageId, Time> declined = {{id(1), at(0)}, {id(2), at(0)}};
    EXPECT_EQ(outbox.drop_unwanted(declined), 2u);
    Frames frames;
    EXPECT_EQ(frames.next(outbox).messages.size(), 1u);
    EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace lepton::libp2p::gossipsub
