// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/block_fetches.hpp"

#include "libp2p/simulation/sim_identity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;
using network_api::FetchOutcome;
using network_api::FetchStatus;
using std::chrono::milliseconds;

PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

Root root(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

class BlockFetchesTest : public testing::Test {
  protected:
    void want(const Root& wanted) {
        fetches.add(
            wanted, [this](const FetchOutcome& outcome) { outcomes.push_back(outcome); }, now);
    }

    FetchAttempt attempt() {
        auto next = fetches.next_attempt(now);
        EXPECT_TRUE(next.has_value());
        return next.value();
    }

    // Ends the attempt in flight and moves to the time of the next one; returns the wait.
    Duration fail_and_wait(std::uint64_t id, AttemptResult result = AttemptResult::failed) {
        fetches.finish(id, result, now);
        const Time due = fetches.next_due().value_or(now);
        return due - std::exchange(now, due);
    }

    SeededRandom random{1};
    BlockFetches fetches{random};
    Time now{std::chrono::seconds(100)};
    std::vector<FetchOutcome> outcomes;
};

TEST_F(BlockFetchesTest, delivered_block_is_reported_once) {
    fetches.peer_connected(peer(1));
    want(root(1));
    const FetchAttempt first = attempt();
    EXPECT_EQ(first.root, root(1));
    EXPECT_EQ(first.peer, peer(1));
    EXPECT_FALSE(fetches.next_attempt(now));
    fetches.finish(first.id, AttemptResult::delivered, now);
    EXPECT_EQ(outcomes, std::vector{(FetchOutcome{root(1), FetchStatus::delivered, 1})});
    EXPECT_EQ(fetches.size(), 0u);
    EXPECT_EQ(fetches.next_due(), std::nullopt);
}

// A fetch without peers is kept, not lost.
TEST_F(BlockFetchesTest, waits_until_a_peer_connects) {
    want(root(1));
    EXPECT_FALSE(fetches.next_attempt(now));
    EXPECT_EQ(fetches.stalled(), 1u);
    EXPECT_EQ(fetches.next_due(), std::nullopt);
    now += std::chrono::hours(1);
    fetches.peer_connected(peer(1));
    EXPECT_EQ(attempt().root, root(1));
    EXPECT_TRUE(outcomes.empty());
}

TEST_F(BlockFetchesTest, ten_attempts_with_doubling_waits_then_gives_up) {
    fetches.peer_connected(peer(1));
    want(root(1));
    std::vector<Duration> waits;
    for (unsigned i = 0; i < kFetchAttemptsMax; ++i) {
        EXPECT_TRUE(outcomes.empty());
        waits.push_back(fail_and_wait(attempt().id));
    }
    waits.pop_back();
    EXPECT_EQ(waits,
              (std::vector<Duration>{milliseconds(5),
                                     milliseconds(10),
                                     milliseconds(20),
                                     milliseconds(40),
                                     milliseconds(80),
                                     milliseconds(160),
                                     milliseconds(320),
                                     milliseconds(640),
                                     milliseconds(1280)}));
    EXPECT_EQ(outcomes, std::vector{(FetchOutcome{root(1), FetchStatus::gave_up, 10})});
    EXPECT_EQ(fetches.size(), 0u);
    EXPECT_EQ(fetches.in_flight(), 0u);
}

TEST_F(BlockFetchesTest, other_peers_are_asked_before_one_that_failed) {
    for (std::uint32_t i = 1; i <= 4; ++i) fetches.peer_connected(peer(i));
    want(root(1));
    for (int round = 0; round < 2; ++round) {
        std::set<PeerId> asked;
        for (int i = 0; i < 4; ++i) {
            const FetchAttempt next = attempt();
            EXPECT_TRUE(asked.insert(next.peer).second);
            fail_and_wait(next.id);
        }
    }
}

TEST_F(BlockFetchesTest, preferred_peer_comes_first_and_only_once) {
    for (std::uint32_t i = 1; i <= 9; ++i) fetches.peer_connected(peer(i));
    const PeerId preferred = peer(5);
    fetches.add(root(1), {}, now, &preferred);
    const FetchAttempt first = attempt();
    EXPECT_EQ(first.peer, preferred);
    fail_and_wait(first.id);
    EXPECT_NE(attempt().peer, preferred);
}

TEST_F(BlockFetchesTest, one_request_for_all_who_want_the_same_root) {
    fetches.peer_connected(peer(1));
    want(root(1));
    want(root(1));
    const FetchAttempt only = attempt();
    want(root(1));
    EXPECT_FALSE(fetches.next_attempt(now));
    fetches.finish(only.id, AttemptResult::delivered, now);
    EXPECT_EQ(outcomes, std::vector(3, FetchOutcome{root(1), FetchStatus::delivered, 1}));
}

TEST_F(BlockFetchesTest, waiters_of_one_root_are_bounded) {
    for (std::size_t i = 0; i < kFetchWaitersMax; ++i) want(root(1));
    EXPECT_TRUE(outcomes.empty());
    want(root(1));
    EXPECT_EQ(outcomes, std::vector{(FetchOutcome{root(1), FetchStatus::gave_up, 0})});
    EXPECT_EQ(fetches.size(), 1u);
}

TEST_F(BlockFetchesTest, full_table_gives_up_at_once) {
    for (std::size_t i = 0; i < kFetchesMax; ++i) {
        Root wanted;
        wanted.bytes[0] = static_cast<std::uint8_t>(i);
        wanted.bytes[1] = static_cast<std::uint8_t>(i >> 8);
        want(wanted);
    }
    EXPECT_TRUE(outcomes.empty());
    want(root(0xff));
    EXPECT_EQ(outcomes, std::vector{(FetchOutcome{root(0xff), FetchStatus::gave_up, 0})});
    EXPECT_EQ(fetches.size(), kFetchesMax);
}

TEST_F(BlockFetchesTest, requests_to_one_peer_are_bounded) {
    fetches.peer_connected(peer(1));
    for (std::uint8_t i = 1; i <= 5; ++i) want(root(i));
    const FetchAttempt first = attempt();
    const FetchAttempt second = attempt();
    EXPECT_EQ(first.root, root(1));
    EXPECT_EQ(second.root, root(2));
    EXPECT_FALSE(fetches.next_attempt(now));
    EXPECT_EQ(fetches.stalled(), 3u);
    fetches.finish(first.id, AttemptResult::delivered, now);
    EXPECT_EQ(attempt().root, root(3));
    EXPECT_FALSE(fetches.next_attempt(now));
    fetches.peer_connected(peer(2));
    EXPECT_EQ(attempt().peer, peer(2));
    EXPECT_EQ(attempt().peer, peer(2));
    EXPECT_FALSE(fetches.next_attempt(now));
    EXPECT_EQ(fetches.stalled(), 0u);
}

TEST_F(BlockFetchesTest, lost_connection_fails_its_attempts_and_late_results_are_ignored) {
    fetches.peer_connected(peer(1));
    want(root(1));
    const FetchAttempt lost = attempt();
    fetches.peer_connected(peer(2));
    fetches.peer_disconnected(peer(1), now);
    EXPECT_EQ(fetches.in_flight(), 0u);
    fetches.finish(lost.id, AttemptResult::delivered, now);
    EXPECT_TRUE(outcomes.empty());
    now += milliseconds(5);
    const FetchAttempt again = attempt();
    EXPECT_EQ(again.peer, peer(2));
    EXPECT_NE(again.id, lost.id);
}

TEST_F(BlockFetchesTest, last_peer_lost_parks_the_fetch) {
    fetches.peer_connected(peer(1));
    want(root(1));
    attempt();
    fetches.peer_disconnected(peer(1), now);
    now += milliseconds(5);
    EXPECT_FALSE(fetches.next_attempt(now));
    EXPECT_EQ(fetches.stalled(), 1u);
    fetches.peer_connected(peer(1));
    EXPECT_EQ(attempt().peer, peer(1));
}

TEST_F(BlockFetchesTest, block_that_could_not_be_taken_does_not_blame_the_peer) {
    fetches.peer_connected(peer(1));
    fetches.peer_connected(peer(2));
    want(root(1));
    std::vector<PeerId> asked;
    for (unsigned i = 0; i < kFetchAttemptsMax; ++i) {
        const FetchAttempt next = attempt();
        asked.push_back(next.peer);
        fail_and_wait(next.id, AttemptResult::not_taken);
    }
    // With blame the two would take turns.
    EXPECT_NE(std::ranges::adjacent_find(asked), asked.end());
    EXPECT_EQ(outcomes, std::vector{(FetchOutcome{root(1), FetchStatus::gave_up, 10})});
}

TEST_F(BlockFetchesTest, waiter_may_want_the_same_root_again) {
    fetches.peer_connected(peer(1));
    fetches.add(root(1), [this](const FetchOutcome&) { want(root(1)); }, now);
    fetches.finish(attempt().id, AttemptResult::delivered, now);
    EXPECT_TRUE(fetches.contains(root(1)));
    fetches.finish(attempt().id, AttemptResult::delivered, now);
    EXPECT_EQ(outcomes.size(), 1u);
}

TEST_F(BlockFetchesTest, stop_tells_every_waiter) {
    fetches.peer_connected(peer(1));
    for (std::uint8_t i = 1; i <= 4; ++i) want(root(i));
    const FetchAttempt first = attempt();
    fetches.stop();
    ASSERT_EQ(outcomes.size(), 4u);
    for (const FetchOutcome& outcome : outcomes) EXPECT_EQ(outcome.status, FetchStatus::stopped);
    fetches.finish(first.id, AttemptResult::delivered, now);
    EXPECT_EQ(outcomes.size(), 4u);
    EXPECT_FALSE(fetches.next_attempt(now));
}

// Whatever happens in whatever order: every fetch ends with one outcome, and no attempt is left.
TEST_F(BlockFetchesTest, any_sequence_of_events_ends_with_one_outcome_for_each_fetch) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SeededRandom dice(seed);
        BlockFetches table(dice);
        std::map<Root, int> open;
        std::set<std::uint64_t> in_flight;
        Time time{};
        const auto step = [&] {
            while (const auto next = table.next_attempt(time)) in_flight.insert(next->id);
        };
        for (int i = 0; i < 200; ++i) {
            switch (dice.below(6)) {
                case 0: {
                    const Root wanted = root(static_cast<std::uint8_t>(dice.below(20)));
                    ++open[wanted];
                    table.add(
                        wanted, [&](const FetchOutcome& outcome) { --open[outcome.root]; }, time);
                    break;
                }
                case 1:
                    table.peer_connected(peer(static_cast<std::uint32_t>(dice.below(4))));
                    break;
                case 2:
                    table.peer_disconnected(peer(static_cast<std::uint32_t>(dice.below(4))), time);
                    break;
                case 3:
                    time += milliseconds(dice.below(50));
                    break;
                default:
                    if (in_flight.empty()) break;
                    table.finish(*in_flight.begin(), AttemptResult(dice.below(3)), time);
                    in_flight.erase(in_flight.begin());
            }
            step();
        }
        // From now on one peer fails everything.
        table.peer_connected(peer(9));
        for (step(); table.size() > 0; step()) {
            if (in_flight.empty()) {
                ASSERT_TRUE(table.next_due().has_value()) << "seed " << seed;
                time = *table.next_due();
                continue;
            }
            table.finish(*in_flight.begin(), AttemptResult::failed, time);
            in_flight.erase(in_flight.begin());
        }
        for (const auto& [wanted, count] : open) ASSERT_EQ(count, 0) << "seed " << seed;
        ASSERT_EQ(table.in_flight(), 0u);
    }
}

}  // namespace
}  // namespace lepton::p2p
