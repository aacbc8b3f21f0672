// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/key_progress.hpp"

#include <gtest/gtest.h>

namespace lepton::node {
namespace {

using namespace std::chrono_literals;

TEST(KeyProgress, tells_share_and_time_left_every_few_seconds) {
    ManualClock clock;
    KeyProgress progress(clock, false, 8, 100);
    EXPECT_EQ(progress.update(0, 0), "");
    clock.advance(900ms);
    EXPECT_EQ(progress.update(0, 10), "") << "it may be over soon";
    clock.advance(4100ms);
    EXPECT_EQ(progress.update(1, 0), "keys:  12 % (1 of 8 keys), about 35 s left\n");
    clock.advance(4s);
    EXPECT_EQ(progress.update(1, 90), "");
    clock.advance(1s);
    EXPECT_EQ(progress.update(2, 50), "keys:  31 % (2 of 8 keys), about 22 s left\n");
    clock.advance(30s);
    EXPECT_EQ(progress.finish(8), "keys: 8 made in 40 s\n");
}

TEST(KeyProgress, writes_over_itself_on_a_terminal) {
    ManualClock clock;
    KeyProgress progress(clock, true, 2, 100);
    EXPECT_EQ(progress.update(0, 0), "");
    clock.advance(2s);
    EXPECT_EQ(progress.update(1, 0), "\rkeys:  50 % (1 of 2 keys), about 2 s left\x1b[K");
    clock.advance(100ms);
    EXPECT_EQ(progress.update(1, 10), "");
    clock.advance(100ms);
    EXPECT_NE(progress.update(1, 20), "");
    EXPECT_EQ(progress.finish(2), "\r\x1b[Kkeys: 2 made in 2 s\n");
}

TEST(KeyProgress, reckons_from_what_was_done_when_it_was_first_asked) {
    ManualClock clock;
    KeyProgress progress(clock, false, 4, 100);
    EXPECT_EQ(progress.update(2, 0), "");
    clock.advance(10s);
    EXPECT_EQ(progress.update(2, 0), "") << "nobody knows yet";
    EXPECT_EQ(progress.update(3, 0), "keys:  75 % (3 of 4 keys), about 10 s left\n");
}

TEST(KeyProgress, says_nothing_of_short_work) {
    ManualClock clock;
    KeyProgress progress(clock, true, 2, 100);
    EXPECT_EQ(progress.update(1, 0), "");
    clock.advance(500ms);
    EXPECT_EQ(progress.finish(2), "");
}

}  // namespace
}  // namespace lepton::node
