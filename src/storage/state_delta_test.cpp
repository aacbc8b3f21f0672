// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "storage/state_delta.hpp"

#include "storage/test_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::storage {
namespace {

SplitState split_of(const State& state) {
    return split_state(ssz::encode(state)).value();
}

/// Applies the difference from `base` to `target` and returns the result with its size.
std::pair<SplitState, std::size_t> through_delta(const SplitState& base, const SplitState& target) {
    const Bytes delta = make_delta(base, target);
    SplitState state = base;
    EXPECT_TRUE(apply_delta(state, delta));
    return {state, delta.size()};
}

TEST(StateDelta, splitting_and_joining_are_inverse) {
    const TestBlock genesis = test_genesis();
    TestBlock block = genesis;
    for (std::uint64_t slot = 1; slot < 40; ++slot) block = test_child(block, Slot{slot});
    for (const State& state : {genesis.state, block.state}) {
        const Bytes bytes = ssz::encode(state);
        EXPECT_EQ(join_state(split_state(bytes).value()), bytes);
    }
}

TEST(StateDelta, bytes_with_wrong_offsets_do_not_split) {
    const Bytes bytes = ssz::encode(test_genesis().state);
    EXPECT_FALSE(split_state(ByteView(bytes).first(227)));
    for (std::size_t i = 208; i < 228; ++i) {
        Bytes changed = bytes;
        changed[i] ^= 0xff;
        const auto split = split_state(changed);
        if (split) {
            EXPECT_EQ(join_state(*split), changed) << i;
        }
    }
    Bytes first_offset = bytes;
    first_offset[208] = 229;
    EXPECT_FALSE(split_state(first_offset));
}

TEST(StateDelta, a_child_costs_a_few_hundred_bytes) {
    TestBlock block = test_genesis(64);
    for (std::uint64_t slot = 1; slot < 300; ++slot) {
        const TestBlock child = test_child(block, Slot{slot});
        const auto [state, size] = through_delta(split_of(block.state), split_of(child.state));
        ASSERT_EQ(state, split_of(child.state)) << slot;
        ASSERT_LT(size, 800U) << slot;
        block = child;
    }
}

TEST(StateDelta, any_pair_of_lists_goes_through) {
    SeededRandom random(1);
    const SplitState shape = split_of(test_genesis().state);
    const auto random_list = [&] {
        Bytes list(random.below(40));
        for (std::uint8_t& byte : list) byte = static_cast<std::uint8_t>(random.below(2));
        return list;
    };
    for (int round = 0; round < 20000; ++round) {
        SplitState base = shape;
        SplitState target = shape;
        for (std::size_t i = 0; i < kStateListCount; ++i) {
            base.lists.at(i) = random_list();
            target.lists.at(i) = random.below(3) == 0 ? base.lists.at(i) : random_list();
        }
        ASSERT_EQ(through_delta(base, target).first, target) << round;
    }
}

TEST(StateDelta, a_damaged_delta_is_refused_or_gives_some_state) {
    const TestBlock parent = test_child(test_genesis(), Slot{5});
    const TestBlock child = test_child(parent, Slot{6});
    const SplitState base = split_of(parent.state);
    const Bytes delta = make_delta(base, split_of(child.state));
    for (std::size_t size = 0; size < delta.size(); ++size) {
        SplitState state = base;
        EXPECT_FALSE(apply_delta(state, ByteView(delta).first(size))) << size;
    }
    for (std::size_t i = 208; i < delta.size(); ++i) {
        for (const std::uint8_t mask : Bytes{0x01, 0x80, 0xff}) {
            Bytes changed = delta;
            changed[i] ^= mask;
            SplitState state = base;
            if (apply_delta(state, changed)) {
                EXPECT_LE(join_state(state).size(), ssz::encode(child.state).size() + 1024) << i;
            }
        }
    }
}

}  // namespace
}  // namespace lepton::storage
