// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Reorgs on random trees with random votes: their number and depths are those of the heads that
// the node showed, one after the other.
#include "base/random.hpp"
#include "blockchain/test_chain.hpp"
#include "consensus/block_production.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using test::kValidatorCount;
using test::TestChain;

constexpr std::array<std::uint64_t, 8> kSeeds{1, 2, 3, 5, 8, 13, 21, 34};
constexpr std::uint64_t kFirstSlot = 30;

/// A follower that hears of a growing tree.
class RandomTree {
  public:
    explicit RandomTree(std::uint64_t seed) : random_(seed) {
        node.go_to(kFirstSlot);
        const Root root = node.view()->head.root;
        blocks_.push_back({root, Slot{0}, root, test::test_genesis().state});
    }

    /// One block, one vote, or one interval.
    void step() {
        switch (random_.below(4)) {
            case 0:
            case 1:
                hear_block();
                break;
            case 2:
                hear_vote();
                break;
            default:
                ++intervals_;
                node.go_to(kFirstSlot + intervals_ / 5, intervals_ % 5);
                break;
        }
    }

    /// How many blocks of the chain of `from` are not on the chain of `to`.
    std::size_t left_behind(const Root& from, const Root& to) const {
        const std::vector<Root> others = chain(to);
        return static_cast<std::size_t>(std::ranges::count_if(chain(from), [&](const Root& root) {
            return std::ranges::find(others, root) == others.end();
        }));
    }

    TestChain node{test::follower()};

  private:
    struct Known {
        Root root;
        Slot slot;
        Root parent;
        State state;
    };

    const Known& any_block() {
        const std::size_t recent = random_.below(2) == 0 ? blocks_.size() : 4;
        const std::size_t range = std::min(blocks_.size(), recent);
        return blocks_[blocks_.size() - 1 - static_cast<std::size_t>(random_.below(range))];
    }
    /// A vote that weighs for a block and justifies nothing.
    AggregatedAttestation vote_for(const Known& head) {
        const Checkpoint genesis{blocks_.front().root, Slot{0}};
        AggregationBits bits(kValidatorCount);
        bits.set(static_cast<std::size_t>(random_.below(kValidatorCount)));
        return {bits,
                {head.slot + random_.below(kFirstSlot - head.slot.value),
                 {head.root, head.slot},
                 genesis,
                 genesis}};
    }
    void hear_block() {
        const Known& parent = any_block();
        const Slot slot = parent.slot + 1 + random_.below(3);
        if (slot >= Slot{kFirstSlot}) return;
        std::vector<AggregatedAttestation> votes;
        const Known& voted = any_block();
        if (random_.below(2) == 0 && voted.slot < slot) votes.push_back(vote_for(voted));
        auto made = consensus::assemble_block(
            parent.state, slot, ValidatorIndex{slot.value % kValidatorCount}, std::move(votes));
        ASSERT_TRUE(made.has_value());
        const Root root = hash_tree_root(made->block);
        node.hear({made->block, {}});
        blocks_.push_back({root, slot, made->block.parent_root, std::move(made->post_state)});
    }
    void hear_vote() {
        const AggregatedAttestation vote = vote_for(any_block());
        node.receive(network_api::NewAggregatedAttestation{
            network_api::VerifiedForTests::aggregate({vote.data, {vote.aggregation_bits, {}}}),
            "peer"});
    }
    std::vector<Root> chain(Root root) const {
        std::vector<Root> roots{root};
        while (root != blocks_.front().root) {
            root = std::ranges::find(blocks_, root, &Known::root)->parent;
            roots.push_back(root);
        }
        return roots;
    }

    SeededRandom random_;
    std::vector<Known> blocks_;
    std::uint64_t intervals_ = 0;
};

TEST(ReorgProperty, number_and_depths_are_those_of_the_heads_that_were_shown) {
    std::size_t seen = 0;
    for (const std::uint64_t seed : kSeeds) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        RandomTree tree(seed);
        std::size_t reorgs = 0;
        std::size_t depths = 0;
        for (int i = 0; i < 80; ++i) {
            const Root before = tree.node.view()->head.root;
            tree.step();
            const std::size_t depth = tree.left_behind(before, tree.node.view()->head.root);
            reorgs += depth > 0 ? 1U : 0U;
            depths += depth;
            ASSERT_EQ(tree.node.metrics.reorgs.Value(), static_cast<double>(reorgs)) << i;
            const std::string sum = fmt::format("lean_fork_choice_reorg_depth_sum {}\n", depths);
            ASSERT_NE(tree.node.registry.text().find(sum), std::string::npos) << i << " " << sum;
        }
        seen += reorgs;
    }
    EXPECT_GT(seen, 30U);
}

}  // namespace
}  // namespace lepton::blockchain
