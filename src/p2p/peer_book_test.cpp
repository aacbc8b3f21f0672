// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/peer_book.hpp"

#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

using libp2p::Multiaddr;
using libp2p::PeerId;
using std::chrono::minutes;
using std::chrono::seconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

Multiaddr address(std::uint32_t number) {
    return {libp2p::sim_ip(number), 9000, peer(number)};
}

class PeerBookTest : public testing::Test {
  protected:
    // Moves to the next time the book has something to do, and returns the wait.
    Duration wait() {
        const Time due = book.next_due().value();
        return due - std::exchange(now, due);
    }

    SeededRandom random{1};
    PeerBook book{random};
    Time now{seconds(1000)};
};

void expect_jittered(Duration wait, Duration full) {
    EXPECT_LE(wait, full);
    EXPECT_GE(wait, full * 3 / 4);
}

TEST_F(PeerBookTest, static_peer_is_dialled_at_once_and_once) {
    book.add_static(address(1), now);
    book.add_static(address(1), now);
    EXPECT_EQ(book.next_due(), now);
    EXPECT_EQ(book.next_dial(now), address(1));
    EXPECT_EQ(book.next_dial(now), std::nullopt);
    EXPECT_EQ(book.next_due(), std::nullopt);
    book.connected(peer(1), now);
    book.dial_finished(peer(1), true, now);
    EXPECT_TRUE(book.is_connected(peer(1)));
    EXPECT_EQ(book.connected_count(), 1u);
    EXPECT_EQ(book.next_due(), std::nullopt);
}

TEST_F(PeerBookTest, failed_dials_are_repeated_for_ever_with_growing_waits) {
    book.add_static(address(1), now);
    std::vector<Duration> waits;
    for (int i = 0; i < 8; ++i) {
        ASSERT_EQ(book.next_dial(now), address(1));
        book.dial_finished(peer(1), false, now);
        waits.push_back(wait());
    }
    expect_jittered(waits[0], seconds(2));
    expect_jittered(waits[1], seconds(4));
    expect_jittered(waits[2], seconds(8));
    for (std::size_t i = 3; i < waits.size(); ++i) expect_jittered(waits[i], seconds(12));
    EXPECT_NE(waits[6], waits[7]);
}

// A dial that reports success without a connection must not end the chain.
TEST_F(PeerBookTest, success_without_a_connection_is_looked_at_again) {
    book.add_static(address(1), now);
    ASSERT_TRUE(book.next_dial(now));
    book.dial_finished(peer(1), true, now);
    expect_jittered(wait(), kRedialMin);
    EXPECT_EQ(book.next_dial(now), address(1));
}

TEST_F(PeerBookTest, lost_static_peer_is_dialled_after_two_seconds) {
    book.add_static(address(1), now);
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(book.next_dial(now));
        book.dial_finished(peer(1), false, now);
        wait();
    }
    ASSERT_TRUE(book.next_dial(now));
    book.connected(peer(1), now);
    book.dial_finished(peer(1), true, now);
    book.disconnected(peer(1), now);
    expect_jittered(wait(), seconds(2));
    ASSERT_TRUE(book.next_dial(now));
    book.dial_finished(peer(1), false, now);
    // The connection had reset the count of failures.
    expect_jittered(wait(), seconds(2));
}

TEST_F(PeerBookTest, incoming_connection_replaces_dial_and_wait) {
    book.add_static(address(1), now);
    ASSERT_TRUE(book.next_dial(now));
    book.connected(peer(1), now);
    book.dial_finished(peer(1), false, now);
    EXPECT_TRUE(book.is_connected(peer(1)));
    EXPECT_EQ(book.next_due(), std::nullopt);

    book.add_static(address(2), now);
    book.connected(peer(2), now);
    EXPECT_EQ(book.next_due(), std::nullopt);
    EXPECT_EQ(book.next_dial(now), std::nullopt);
}

TEST_F(PeerBookTest, dials_in_flight_are_bounded) {
    for (std::uint32_t i = 0; i < kDialsMax + 3; ++i) book.add_static(address(i), now);
    std::vector<PeerId> dialled;
    while (const auto next = book.next_dial(now)) dialled.push_back(*next->peer_id);
    EXPECT_EQ(dialled.size(), kDialsMax);
    EXPECT_EQ(book.next_due(), std::nullopt);
    book.dial_finished(dialled.front(), false, now);
    EXPECT_EQ(book.next_due(), now);
    EXPECT_TRUE(book.next_dial(now));
    EXPECT_FALSE(book.next_dial(now));
}

TEST_F(PeerBookTest, other_peers_are_not_dialled_and_forgotten_when_they_leave) {
    book.connected(peer(1), now);
    EXPECT_EQ(book.connected_count(), 1u);
    book.disconnected(peer(1), now);
    EXPECT_EQ(book.connected_count(), 0u);
    EXPECT_EQ(book.size(), 0u);
    EXPECT_EQ(book.next_due(), std::nullopt);
}

TEST_F(PeerBookTest, three_forgeries_ban_a_peer_for_a_while) {
    book.connected(peer(1), now);
    EXPECT_FALSE(book.penalize(peer(1), 20, now));
    EXPECT_FALSE(book.penalize(peer(1), 20, now));
    EXPECT_FALSE(book.is_banned(peer(1), now));
    EXPECT_TRUE(book.penalize(peer(1), 20, now));
    EXPECT_TRUE(book.is_banned(peer(1), now));
    EXPECT_FALSE(book.penalize(peer(1), 20, now));
    book.disconnected(peer(1), now);
    EXPECT_TRUE(book.is_banned(peer(1), now + kBanTime - seconds(1)));
    EXPECT_FALSE(book.is_banned(peer(1), now + kBanTime));
}

TEST_F(PeerBookTest, points_come_back_with_time) {
    book.connected(peer(1), now);
    book.penalize(peer(1), 50, now);
    EXPECT_DOUBLE_EQ(book.points(peer(1), now), 50);
    EXPECT_DOUBLE_EQ(book.points(peer(1), now + minutes(4)), 70);
    EXPECT_DOUBLE_EQ(book.points(peer(1), now + minutes(60)), 100);
    // One bad message now and then bans nobody.
    for (int i = 0; i < 100; ++i) {
        now += minutes(4);
        EXPECT_FALSE(book.penalize(peer(1), 20, now));
    }
}

TEST_F(PeerBookTest, record_survives_a_reconnect) {
    book.connected(peer(1), now);
    book.penalize(peer(1), 50, now);
    book.disconnected(peer(1), now);
    book.connected(peer(1), now);
    EXPECT_TRUE(book.penalize(peer(1), 10, now));
}

TEST_F(PeerBookTest, static_peers_lose_points_but_are_not_banned) {
    book.add_static(address(1), now);
    book.connected(peer(1), now);
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(book.penalize(peer(1), 20, now));
    EXPECT_FALSE(book.is_banned(peer(1), now));
    EXPECT_DOUBLE_EQ(book.points(peer(1), now), 0);
}

TEST_F(PeerBookTest, memory_of_peers_is_bounded_and_keeps_the_worst) {
    book.connected(peer(0), now);
    for (int i = 0; i < 3; ++i) book.penalize(peer(0), 20, now);
    book.disconnected(peer(0), now);
    for (std::uint32_t i = 1; i <= 2 * kKnownPeersMax; ++i) {
        book.connected(peer(i), now);
        book.penalize(peer(i), 1, now);
        book.disconnected(peer(i), now);
        ASSERT_LE(book.size(), kKnownPeersMax);
    }
    EXPECT_TRUE(book.is_banned(peer(0), now));
}

// Every order of events leaves each static peer connected, being dialled, or with a time set.
TEST_F(PeerBookTest, static_peer_always_has_a_next_step) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SeededRandom dice(seed);
        PeerBook peers(dice);
        Time time{};
        peers.add_static(address(1), time);
        bool is_dialling = false;
        for (int i = 0; i < 100; ++i) {
            switch (dice.below(5)) {
                case 0:
                    is_dialling = peers.next_dial(time).has_value() || is_dialling;
                    break;
                case 1:
                    if (is_dialling) peers.dial_finished(peer(1), dice.below(2) == 0, time);
                    is_dialling = false;
                    break;
                case 2:
                    peers.connected(peer(1), time);
                    break;
                case 3:
                    peers.disconnected(peer(1), time);
                    break;
                default:
                    time += seconds(dice.below(30));
            }
            ASSERT_TRUE(peers.is_connected(peer(1)) || is_dialling || peers.next_due())
                << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace lepton::p2p
