// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Fork choice on random trees with random votes, against LMD-GHOST as it is defined: every vote is
// kept, every weight is counted by walking to the parents, at every step anew.
// Spec: fork_choice.py
#include "base/random.hpp"
#include "consensus/fork_choice.hpp"
#include "consensus/test_chain.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace lepton::consensus {
namespace {

constexpr std::array<std::uint64_t, 8> kSeeds{1, 2, 3, 5, 8, 13, 21, 34};

/// The definition.
class NaiveForkChoice {
  public:
    struct Vote {
        std::uint64_t validator = 0;
        AttestationData data;
    };

    NaiveForkChoice(const BlockNode& anchor, std::uint64_t validator_count)
        : head(anchor.root),
          safe_target(anchor.root),
          justified{anchor.root, anchor.slot},
          finalized{anchor.root, anchor.slot},
          validator_count_(validator_count) {
        blocks.emplace(anchor.root, anchor);
    }

    void add_block(const BlockNode& block, const BlockBody& body) {
        blocks.emplace(block.root, block);
        for (const auto& [bits, data] : body.attestations) record(known_, bits, data);
        if (block.latest_justified.slot > justified.slot) justified = block.latest_justified;
        update_head();
    }
    void add_vote(const ssz::Bits& bits, const AttestationData& data) { record(new_, bits, data); }
    void accept() {
        known_.insert(known_.end(), new_.begin(), new_.end());
        new_.clear();
        update_head();
    }
    void update_safe_target() {
        std::uint64_t enough = 0;
        while (3 * enough < 2 * validator_count_) ++enough;
        safe_target = walk(new_, enough);
    }
    void prune() {
        const std::map<Root, BlockNode> all = blocks;
        for (const auto& [root, block] : all) {
            // Decided on the whole tree, before any block leaves.
            bool is_kept = false;
            for (auto at = all.find(root); at != all.end(); at = all.find(at->second.parent_root)) {
                is_kept = is_kept || at->first == finalized.root;
            }
            if (!is_kept) blocks.erase(root);
        }
        if (!blocks.contains(safe_target)) safe_target = finalized.root;
    }

    /// Whether `ancestor` is `block` or one of the blocks before it.
    bool descends(Root block, const Root& ancestor) const {
        for (; blocks.contains(block); block = blocks.at(block).parent_root) {
            if (block == ancestor) return true;
        }
        return false;
    }
    std::uint64_t weight(const Root& block) const { return weight(known_, block); }

    std::map<Root, BlockNode> blocks;
    Root head;
    Root safe_target;
    Checkpoint justified;
    Checkpoint finalized;

  private:
    static void record(std::vector<Vote>& votes,
                       const ssz::Bits& bits,
                       const AttestationData& data) {
        for (const std::size_t validator : bits.ones()) votes.push_back({validator, data});
    }
    std::uint64_t weight(const std::vector<Vote>& votes, const Root& block) const {
        std::map<std::uint64_t, AttestationData> latest;
        for (const auto& [validator, data] : votes) {
            const auto [at, is_first] = latest.emplace(validator, data);
            if (is_first || data.slot < at->second.slot) continue;
            if (data.slot > at->second.slot || hash_tree_root(data) > hash_tree_root(at->second)) {
                at->second = data;
            }
        }
        return static_cast<std::uint64_t>(std::ranges::count_if(
            latest, [&](const auto& vote) { return descends(vote.second.head.root, block); }));
    }
    Root walk(const std::vector<Vote>& votes, std::uint64_t weight_min) const {
        Root at = justified.root;
        while (true) {
            std::set<std::pair<std::uint64_t, Root>> children;
            for (const auto& [root, block] : blocks) {
                if (block.parent_root != at) continue;
                const std::uint64_t votes_for_it = weight(votes, root);
                if (votes_for_it >= weight_min) children.emplace(votes_for_it, root);
            }
            if (children.empty()) return at;
            at = children.rbegin()->second;
        }
    }
    void update_head() {
        head = walk(known_, 0);
        const Checkpoint of_head = blocks.at(head).latest_finalized;
        if (descends(head, of_head.root)) {
            finalized = of_head;
        } else if (!descends(head, finalized.root)) {
            for (const auto& [root, block] : blocks) {
                if (!blocks.contains(block.parent_root)) finalized = {root, block.slot};
            }
        }
    }

    std::uint64_t validator_count_;
    std::vector<Vote> known_;
    std::vector<Vote> new_;
};

std::string name_of(std::size_t number) {
    return number == 0 ? "genesis" : "b" + std::to_string(number);
}

/// Draws blocks and votes for the blocks that a chain knows.
class Draw {
  public:
    Draw(Random& random, const TestChain& chain) : random_(random), chain_(chain) {}

    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

    /// A block of the tree; recent ones more often.
    std::string block() {
        const auto nodes = chain_.store.blocks.nodes();
        const std::array<std::uint64_t, 3> ranges{nodes.size(), 4, 1};
        const std::uint64_t range = std::min<std::uint64_t>(nodes.size(), ranges[below(3)]);
        return chain_.name(nodes[nodes.size() - 1 - below(range)].root);
    }
    /// `name`, or one of the last few blocks before it.
    std::string ancestor(std::string name) {
        for (std::uint64_t steps = below(2) == 0 ? 0 : below(4); steps > 0; --steps) {
            const BlockNode* node = chain_.store.blocks.find(chain_.root(name));
            if (!chain_.store.blocks.contains(node->parent_root)) break;
            name = chain_.name(node->parent_root);
        }
        return name;
    }
    /// A vote for `head` with an ancestor as target.
    TestVote vote_for(const std::string& head, std::uint64_t density) {
        TestVote vote;
        vote.head = head;
        vote.target = ancestor(head);
        const Root& justified = chain_.state(head).latest_justified.root;
        vote.source = justified.is_zero() ? "genesis" : chain_.name(justified);
        if (chain_.checkpoint(vote.source).slot > chain_.checkpoint(vote.target).slot) {
            vote.source = vote.target;
        }
        vote.slot = chain_.checkpoint(head).slot + below(3);
        const std::uint64_t count = chain_.store.validator_count();
        for (std::size_t i = 0; i < count; ++i) {
            if (below(5) < density) vote.voters.push_back(i);
        }
        if (vote.voters.empty()) vote.voters.push_back(below(count));
        return vote;
    }
    /// Up to three votes for a block on `parent` at `slot` to carry, for its chain or for others.
    std::vector<TestVote> votes_for_block(const std::string& parent, std::uint64_t slot) {
        std::vector<TestVote> votes;
        std::set<AttestationData> distinct;
        for (std::uint64_t i = below(4); i > 0; --i) {
            const std::string head = below(4) == 0 ? block() : ancestor(parent);
            if (chain_.checkpoint(head).slot.value >= slot) continue;
            const TestVote vote = vote_for(head, below(2) == 0 ? 4 : 1);
            if (distinct.insert(chain_.data(vote)).second) votes.push_back(vote);
        }
        return votes;
    }
    std::uint64_t slot_after(const std::string& parent) {
        return chain_.checkpoint(parent).slot.value + 1 + (below(3) == 0 ? below(3) : 0);
    }

  private:
    Random& random_;
    const TestChain& chain_;
};

void expect_equal(const Store& store, const NaiveForkChoice& expected) {
    EXPECT_EQ(store.head, expected.head);
    EXPECT_EQ(store.safe_target, expected.safe_target);
    EXPECT_EQ(store.latest_justified, expected.justified);
    EXPECT_EQ(store.latest_finalized, expected.finalized);
    const auto nodes = store.blocks.nodes();
    const auto weights = compute_block_weights(store);
    ASSERT_EQ(nodes.size(), expected.blocks.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        ASSERT_TRUE(expected.blocks.contains(nodes[i].root));
        EXPECT_EQ(weights[i], expected.weight(nodes[i].root));
    }
}

struct Seen {
    std::uint64_t reorgs = 0;
    std::uint64_t refused = 0;
    std::uint64_t pruned = 0;
    std::uint64_t safe_targets = 0;
    std::uint64_t finalized = 0;
};

void run_tree(std::uint64_t seed, Seen& seen) {
    SeededRandom random(seed);
    const std::uint64_t validator_count = 3 + random.below(6);
    TestChain chain(validator_count);
    Store& store = chain.store;
    store.time = Interval{10'000};
    NaiveForkChoice expected(store.blocks.nodes().front(), validator_count);
    Draw draw(random, chain);
    std::size_t blocks = 0;
    for (int step = 0; step < 70; ++step) {
        const Root head_before = store.head;
        const Checkpoint finalized_before = store.latest_finalized;
        const Root safe_before = store.safe_target;
        switch (draw.below(8)) {
            case 0:
            case 1:
            case 2: {
                const std::string parent = draw.block();
                const std::uint64_t slot = draw.slot_after(parent);
                const Block block = chain.make(parent, slot, draw.votes_for_block(parent, slot));
                const Root root = hash_tree_root(block);
                if (store.blocks.contains(root)) break;
                const std::string name = name_of(++blocks);
                ASSERT_TRUE(chain.import(name, block).has_value());
                const State& post = chain.state(name);
                expected.add_block({root,
                                    block.slot,
                                    block.parent_root,
                                    block.proposer_index,
                                    block.state_root,
                                    post.latest_justified,
                                    post.latest_finalized},
                                   block.body);
                break;
            }
            case 3:
            case 4: {
                const TestVote vote = draw.vote_for(draw.block(), draw.below(4));
                const AttestationData data = chain.data(vote);
                const bool is_alive = expected.descends(data.head.root, expected.finalized.root);
                // A justified source may have left the tree.
                const bool is_known = store.blocks.contains(data.source.root);
                const auto taken = chain.gossip(vote);
                ASSERT_EQ(taken.has_value(), is_alive && is_known);
                if (taken) {
                    expected.add_vote(TestChain::bits(vote), data);
                } else {
                    ASSERT_EQ(taken.error(),
                              is_known ? Rejection::HEAD_NOT_DESCENDANT_OF_FINALIZED
                                       : Rejection::UNKNOWN_SOURCE_BLOCK);
                    ++seen.refused;
                }
                break;
            }
            case 5:
                accept_new_attestations(store);
                expected.accept();
                break;
            case 6:
                update_safe_target(store);
                expected.update_safe_target();
                break;
            default:
                if (draw.below(2) == 0) break;
                seen.pruned += prune(store).size();
                expected.prune();
                break;
        }
        expect_equal(store, expected);
        ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
        const bool is_reorg =
            expected.blocks.contains(head_before) && !expected.descends(store.head, head_before);
        if (is_reorg) ++seen.reorgs;
        if (store.latest_finalized != finalized_before) ++seen.finalized;
        if (store.safe_target != safe_before) ++seen.safe_targets;
    }
}

TEST(ForkChoiceProperty, equals_the_definition_after_every_step) {
    Seen seen;
    for (const std::uint64_t seed : kSeeds) {
        for (std::uint64_t part = 0; part < 15; ++part) {
            SCOPED_TRACE(fmt::format("seed {}", seed * 100 + part));
            run_tree(seed * 100 + part, seen);
            if (HasFatalFailure()) return;
        }
    }
    EXPECT_GT(seen.reorgs, 200U);
    EXPECT_GT(seen.finalized, 100U);
    EXPECT_GT(seen.safe_targets, 100U);
    EXPECT_GT(seen.pruned, 100U);
    EXPECT_GT(seen.refused, 20U);
}

// ---- order of arrival

/// Blocks by number and votes from gossip, as they came to the first node.
struct History {
    std::uint64_t validator_count = 0;
    std::vector<Block> blocks;
    std::vector<TestVote> votes;
};

/// Whether two forks justified different blocks of one slot: the first to arrive is kept then.
bool is_justification_split(const TestChain& chain) {
    std::map<Slot, std::set<Root>> justified;
    for (const BlockNode& node : chain.store.blocks.nodes()) {
        if (node.latest_justified.root.is_zero()) continue;
        justified[node.latest_justified.slot].insert(node.latest_justified.root);
    }
    return justified.rbegin() != justified.rend() && justified.rbegin()->second.size() > 1;
}

History draw_history(Random& random, TestChain& chain) {
    Draw draw(random, chain);
    History history{chain.store.validator_count(), {}, {}};
    chain.store.time = Interval{10'000};
    while (history.blocks.size() < 14) {
        if (draw.below(3) == 0) {
            const TestVote vote = draw.vote_for(draw.block(), draw.below(3));
            if (chain.gossip(vote)) history.votes.push_back(vote);
            continue;
        }
        const std::string parent = draw.block();
        const std::uint64_t slot = draw.slot_after(parent);
        const Block block = chain.make(parent, slot, draw.votes_for_block(parent, slot));
        if (chain.store.blocks.contains(hash_tree_root(block))) continue;
        history.blocks.push_back(block);
        EXPECT_TRUE(chain.import(name_of(history.blocks.size()), block).has_value());
    }
    accept_new_attestations(chain.store);
    return history;
}

/// Gives everything to `chain` in a random order in which each block comes after its parent and
/// each vote after its head. Returns false when the order costs a vote, because its head had been
/// left by finality when it came.
bool replay(const History& history, const TestChain& names, TestChain& chain, Random& random) {
    chain.store.time = Interval{10'000};
    std::vector<std::size_t> waiting(history.blocks.size() + history.votes.size());
    for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i] = i;
    while (!waiting.empty()) {
        random.shuffle(waiting);
        for (std::size_t& item : waiting) {
            const bool is_block = item < history.blocks.size();
            const Root& needs = is_block
                                    ? history.blocks[item].parent_root
                                    : names.root(history.votes[item - history.blocks.size()].head);
            if (!chain.store.blocks.contains(needs)) continue;
            if (is_block) {
                EXPECT_TRUE(chain.import(name_of(item + 1), history.blocks[item]).has_value());
            } else if (!chain.gossip(history.votes[item - history.blocks.size()])) {
                return false;
            }
            if (random.below(4) == 0) accept_new_attestations(chain.store);
            std::swap(item, waiting.back());
            waiting.pop_back();
            break;
        }
    }
    accept_new_attestations(chain.store);
    return true;
}

TEST(ForkChoiceProperty, any_order_of_arrival_leads_to_the_same_head) {
    std::size_t compared = 0;
    for (const std::uint64_t seed : kSeeds) {
        for (std::uint64_t part = 0; part < 10; ++part) {
            SCOPED_TRACE(fmt::format("seed {}", seed * 100 + part));
            SeededRandom random(seed * 100 + part);
            TestChain first(3 + random.below(6));
            const History history = draw_history(random, first);
            if (is_justification_split(first)) continue;
            for (int order = 0; order < 6; ++order) {
                TestChain other(history.validator_count);
                if (!replay(history, first, other, random)) continue;
                ++compared;
                ASSERT_EQ(other.head(), first.head());
                EXPECT_EQ(other.store.latest_justified, first.store.latest_justified);
                EXPECT_EQ(other.store.latest_finalized, first.store.latest_finalized);
                EXPECT_EQ(other.store.latest_known_votes, first.store.latest_known_votes);
            }
        }
    }
    EXPECT_GT(compared, 200U);
}

}  // namespace
}  // namespace lepton::consensus
