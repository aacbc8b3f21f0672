// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/state_cache.hpp"

#include "blockchain/test_chain.hpp"

#include <gtest/gtest.h>

#include <map>

namespace lepton::blockchain {
namespace {

// Answers from a map and counts.
class FakeReader final : public storage::BlockReader {
  public:
    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root&) const override {
        return std::nullopt;
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root& root) const override {
        ++reads;
        if (is_broken) return std::unexpected(IoError{"disk gone"});
        const auto at = states.find(root);
        if (at == states.end()) return std::nullopt;
        return at->second;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot, std::uint64_t) const override {
        return {};
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }

    std::map<Root, Bytes> states;
    bool is_broken = false;
    mutable int reads = 0;
};

class StateCacheTest : public testing::Test {
  protected:
    std::shared_ptr<const State> state_at(std::uint64_t slot) const {
        State state = genesis_;
        state.slot = Slot{slot};
        return std::make_shared<const State>(std::move(state));
    }

    State genesis_ = test::test_genesis().state;
    FakeReader reader_;
    StateCache cache_{reader_, test::test_profile(), genesis_.validators};
};

TEST_F(StateCacheTest, a_state_is_read_once_and_shares_the_registry) {
    reader_.states[test::root_of(1)] = ssz::encode(*state_at(7));
    const auto first = cache_.get(test::root_of(1)).value();
    EXPECT_EQ(*first, *state_at(7));
    EXPECT_EQ(first->validators, genesis_.validators) << "the same object";
    EXPECT_EQ(cache_.get(test::root_of(1)).value(), first);
    EXPECT_EQ(reader_.reads, 1);
}

TEST_F(StateCacheTest, the_state_used_last_stays) {
    for (std::uint8_t i = 0; i < kStatesCached; ++i) cache_.put(test::root_of(i), state_at(i));
    ASSERT_TRUE(cache_.get(test::root_of(0)));
    cache_.put(test::root_of(200), state_at(200));
    EXPECT_EQ(cache_.size(), kStatesCached);
    EXPECT_TRUE(cache_.get(test::root_of(0)));
    EXPECT_EQ(reader_.reads, 0);
    EXPECT_FALSE(cache_.get(test::root_of(1))) << "the one not used for longest left";
    EXPECT_EQ(reader_.reads, 1);
}

TEST_F(StateCacheTest, what_the_database_says_is_named) {
    const auto missing = cache_.get(test::root_of(1));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().what.find("lacks the state of block 0x01"), std::string::npos);
    reader_.states[test::root_of(1)] = Bytes{1, 2, 3};
    EXPECT_NE(cache_.get(test::root_of(1)).error().what.find("damaged state"), std::string::npos);
    reader_.is_broken = true;
    EXPECT_EQ(cache_.get(test::root_of(1)).error().what, "disk gone");
    EXPECT_EQ(cache_.size(), 0U);
}

}  // namespace
}  // namespace lepton::blockchain
