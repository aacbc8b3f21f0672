// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/mailbox.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <initializer_list>
#include <vector>

namespace lepton::actor {
namespace {

struct Item final : Envelope {
    Item(std::size_t in, int number, std::size_t size = 0) : value(number) {
        index = in;
        bytes = size;
    }
    void deliver(Cell&) override {}
    int value;
};

enum : std::size_t { kReject, kDropOldest, kCoalesce, kFatal, kUrgent, kBytes, kFreshBytes };

constexpr std::array<ClassSpec, 7> kSpecs{{
    {"Reject", 2, 0, Overflow::reject, Lane::normal},
    {"DropOldest", 2, 0, Overflow::drop_oldest, Lane::normal},
    {"Coalesce", 1, 0, Overflow::coalesce, Lane::normal},
    {"Fatal", 1, 0, Overflow::fatal, Lane::normal},
    {"Urgent", 2, 0, Overflow::reject, Lane::urgent},
    {"Bytes", 10, 100, Overflow::reject, Lane::normal},
    {"FreshBytes", 10, 100, Overflow::drop_oldest, Lane::normal},
}};

class MailboxTest : public testing::Test {
  protected:
    Mailbox::Put put(std::size_t index, int value, std::size_t bytes = 0) {
        EnvelopePtr envelope = std::make_unique<Item>(index, value, bytes);
        const auto result = mailbox.put(envelope, displaced);
        EXPECT_EQ(envelope == nullptr, result == Mailbox::Put::accepted);
        return result;
    }
    static int value_of(const EnvelopePtr& envelope) {
        return static_cast<const Item&>(*envelope).value;
    }
    std::vector<int> take_all() {
        std::vector<int> values;
        while (const EnvelopePtr envelope = mailbox.take()) values.push_back(value_of(envelope));
        return values;
    }
    std::vector<int> displaced_values() const {
        std::vector<int> values;
        for (const EnvelopePtr& envelope : displaced) values.push_back(value_of(envelope));
        return values;
    }
    ClassSnapshot counts(std::size_t index) const {
        return mailbox.counters(index).snapshot(mailbox.spec(index));
    }

    Mailbox mailbox{kSpecs};
    std::vector<EnvelopePtr> displaced;
};

TEST_F(MailboxTest, keeps_the_order_of_arrival_and_takes_urgent_first) {
    put(kReject, 1);
    put(kDropOldest, 2);
    put(kUrgent, 3);
    put(kReject, 4);
    put(kUrgent, 5);
    EXPECT_TRUE(mailbox.has_urgent());
    EXPECT_EQ(take_all(), (std::vector{3, 5, 1, 2, 4}));
    EXPECT_TRUE(mailbox.is_empty());
}

TEST_F(MailboxTest, reject_refuses_what_does_not_fit) {
    put(kReject, 1);
    put(kReject, 2);
    EXPECT_EQ(put(kReject, 3), Mailbox::Put::full);
    EXPECT_EQ(counts(kReject).rejected, 1u);
    EXPECT_EQ(counts(kReject).enqueued, 2u);
    EXPECT_EQ(take_all(), (std::vector{1, 2}));
}

TEST_F(MailboxTest, drop_oldest_makes_room) {
    for (int value = 1; value <= 5; ++value)
        EXPECT_EQ(put(kDropOldest, value), Mailbox::Put::accepted);
    EXPECT_EQ(displaced_values(), (std::vector{1, 2, 3}));
    EXPECT_EQ(counts(kDropOldest).dropped, 3u);
    EXPECT_EQ(counts(kDropOldest).high_water, 2u);
    EXPECT_EQ(take_all(), (std::vector{4, 5}));
}

TEST_F(MailboxTest, coalesce_keeps_the_newest) {
    put(kCoalesce, 1);
    put(kReject, 2);
    put(kCoalesce, 3);
    EXPECT_EQ(displaced_values(), (std::vector{1}));
    EXPECT_EQ(take_all(), (std::vector{2, 3}));
}

TEST_F(MailboxTest, fatal_says_so) {
    put(kFatal, 1);
    EXPECT_EQ(put(kFatal, 2), Mailbox::Put::overflow_is_fatal);
}

TEST_F(MailboxTest, byte_limit_counts_what_waits) {
    EXPECT_EQ(put(kBytes, 1, 60), Mailbox::Put::accepted);
    EXPECT_EQ(put(kBytes, 2, 41), Mailbox::Put::full);
    EXPECT_EQ(put(kBytes, 3, 40), Mailbox::Put::accepted);
    EXPECT_EQ(take_all(), (std::vector{1, 3}));
    EXPECT_EQ(put(kBytes, 4, 100), Mailbox::Put::accepted);
}

TEST_F(MailboxTest, byte_limit_drops_as_many_as_it_must_but_none_for_what_never_fits) {
    put(kFreshBytes, 1, 30);
    put(kFreshBytes, 2, 30);
    put(kFreshBytes, 3, 30);
    EXPECT_EQ(put(kFreshBytes, 4, 101), Mailbox::Put::full);
    EXPECT_EQ(displaced_values(), std::vector<int>{});
    EXPECT_EQ(put(kFreshBytes, 5, 70), Mailbox::Put::accepted);
    EXPECT_EQ(displaced_values(), (std::vector{1, 2}));
    EXPECT_EQ(take_all(), (std::vector{3, 5}));
}

TEST_F(MailboxTest, what_is_given_back_is_first_again) {
    put(kReject, 1);
    put(kDropOldest, 2);
    EnvelopePtr first = mailbox.take();
    EnvelopePtr second = mailbox.take();
    mailbox.give_back(std::move(second), displaced);
    mailbox.give_back(std::move(first), displaced);
    EXPECT_EQ(take_all(), (std::vector{1, 2}));
}

TEST_F(MailboxTest, what_is_given_back_after_a_newer_one_came_is_dropped) {
    put(kCoalesce, 1);
    EnvelopePtr taken = mailbox.take();
    put(kCoalesce, 2);
    mailbox.give_back(std::move(taken), displaced);
    EXPECT_EQ(displaced_values(), (std::vector{1}));
    EXPECT_EQ(take_all(), (std::vector{2}));
    EXPECT_EQ(counts(kCoalesce).dropped, 1u);
}

TEST_F(MailboxTest, items_of_sources_have_no_bound_and_no_urgency) {
    for (int value = 0; value < 100; ++value)
        EXPECT_EQ(put(mailbox.source_index(), value), Mailbox::Put::accepted);
    put(kUrgent, -1);
    EXPECT_EQ(take_all().front(), -1);
}

// Against the plainest possible queue, on random operations.
TEST_F(MailboxTest, behaves_like_two_queues_with_counting) {
    SeededRandom random{5};
    std::array<std::deque<std::pair<std::size_t, int>>, 2> model;
    std::array<std::uint64_t, kSpecs.size()> enqueued{}, dropped{}, taken{}, rejected{};
    for (int step = 0; step < 20'000; ++step) {
        if (random.below(2) == 0) {
            const EnvelopePtr got = mailbox.take();
            auto& lane = model[model[0].empty() ? 1 : 0];
            ASSERT_EQ(got == nullptr, lane.empty());
            if (!got) continue;
            ASSERT_EQ(value_of(got), lane.front().second);
            ++taken[lane.front().first];
            lane.pop_front();
            continue;
        }
        const auto index = static_cast<std::size_t>(random.below(kUrgent + 1));
        auto& lane = model[static_cast<std::size_t>(kSpecs[index].lane)];
        const auto is_same = [&](const auto& entry) { return entry.first == index; };
        const auto waiting = static_cast<std::size_t>(std::ranges::count_if(lane, is_same));
        const bool is_full = waiting >= kSpecs[index].capacity;
        const Overflow policy = kSpecs[index].policy;
        const bool is_refused =
            is_full && (policy == Overflow::reject || policy == Overflow::fatal);
        ASSERT_EQ(put(index, step) != Mailbox::Put::accepted, is_refused);
        if (is_refused) {
            ++rejected[index];
            continue;
        }
        if (is_full) {
            ++dropped[index];
            lane.erase(std::ranges::find_if(lane, is_same));
        }
        ++enqueued[index];
        lane.emplace_back(index, step);
        for (std::size_t i = 0; i < kSpecs.size(); ++i) {
            const ClassSnapshot now = counts(i);
            ASSERT_EQ(now.enqueued, enqueued[i]);
            ASSERT_EQ(now.dropped, dropped[i]);
            ASSERT_EQ(now.rejected, rejected[i]);
            ASSERT_EQ(now.enqueued, taken[i] + now.dropped + now.depth);
            ASSERT_LE(now.high_water, kSpecs[i].capacity);
        }
    }
}

TEST(DurationHistogram, buckets_are_powers_of_two) {
    using std::chrono::hours;
    EXPECT_EQ(bucket_of(Duration{-5}), 0u);
    EXPECT_EQ(bucket_of(Duration{0}), 0u);
    EXPECT_EQ(bucket_of(Duration{1}), 1u);
    EXPECT_EQ(bucket_of(Duration{7}), 3u);
    EXPECT_EQ(bucket_of(Duration{8}), 4u);
    EXPECT_EQ(bucket_of(hours{100}), std::tuple_size_v<DurationHistogram> - 1);
}

}  // namespace
}  // namespace lepton::actor
