// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Justification and finalization on random chains with random votes, against 3SF-mini as it is
// defined: sets of slots and voters, nothing packed, nothing relative to the finalized slot.
// Spec: state_transition.py `process_attestations`
#include "base/random.hpp"
#include "consensus/block_production.hpp"
#include "consensus/state_transition.hpp"
#include "consensus/test_chain.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace lepton::consensus {
namespace {

constexpr std::array<std::uint64_t, 12> kSeeds{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233};

bool is_justifiable_distance(std::uint64_t distance) {
    if (distance <= 5) return true;
    for (std::uint64_t n = 0; n * n <= distance; ++n) {
        if (n * n == distance || n * (n + 1) == distance) return true;
    }
    return false;
}

/// The chain of a block, and what its votes have led to.
struct Definition {
    std::uint64_t validator_count = 0;
    /// Root of the block at each slot below that of the latest block; zero: none.
    std::vector<Root> chain;
    std::set<std::uint64_t> justified_slots{0};
    Checkpoint justified;
    Checkpoint finalized;
    /// Who voted for a block that is not justified yet.
    std::map<Root, std::set<std::uint64_t>> voters;

    bool is_justified(std::uint64_t slot) const {
        return slot <= finalized.slot.value || justified_slots.contains(slot);
    }
    bool is_on_chain(const Checkpoint& checkpoint) const {
        return checkpoint.slot.value < chain.size() && !checkpoint.root.is_zero() &&
               chain[checkpoint.slot.value] == checkpoint.root;
    }

    void begin_block(const Root& parent_root, std::uint64_t parent_slot, std::uint64_t slot) {
        if (parent_slot == 0) justified = finalized = Checkpoint{parent_root, Slot{0}};
        chain.push_back(parent_root);
        chain.resize(slot);
    }

    /// Counts a vote. Errors: what makes the block that carries it invalid
    Result<void, Rejection> count(const AggregatedAttestation& attestation) {
        const auto& [bits, data] = attestation;
        const std::uint64_t source = data.source.slot.value;
        const std::uint64_t target = data.target.slot.value;
        if (source >= chain.size()) return std::unexpected(Rejection::JUSTIFIED_SLOT_OUT_OF_RANGE);
        if (!is_justified(source)) return {};
        if (target >= chain.size()) return std::unexpected(Rejection::JUSTIFIED_SLOT_OUT_OF_RANGE);
        const bool counts = !is_justified(target) && is_on_chain(data.source) &&
                            is_on_chain(data.target) && is_on_chain(data.head) && source < target &&
                            is_justifiable_distance(target - finalized.slot.value);
        if (!counts) return {};

        if (bits.count() == 0) return std::unexpected(Rejection::EMPTY_AGGREGATION_BITS);
        std::set<std::uint64_t>& for_target = voters[data.target.root];
        for (std::size_t i = 0; i < bits.size(); ++i) {
            if (!bits[i]) continue;
            if (i >= validator_count) {
                return std::unexpected(Rejection::VALIDATOR_INDEX_OUT_OF_RANGE);
            }
            for_target.insert(i);
        }
        if (3 * for_target.size() < 2 * validator_count) return {};
        voters.erase(data.target.root);
        justified_slots.insert(target);
        if (target > justified.slot.value) justified = data.target;

        if (source <= finalized.slot.value) return {};
        for (std::uint64_t slot = source + 1; slot < target; ++slot) {
            if (is_justifiable_distance(slot - finalized.slot.value)) return {};
        }
        finalized = data.source;
        std::erase_if(voters, [&](const auto& tally) {
            return std::ranges::find(chain, tally.first) - chain.begin() <=
                   static_cast<std::ptrdiff_t>(source);
        });
        return {};
    }
};

void expect_equal(const State& state, const Definition& expected) {
    EXPECT_EQ(state.latest_justified, expected.justified);
    EXPECT_EQ(state.latest_finalized, expected.finalized);
    EXPECT_TRUE(std::ranges::equal(state.historical_block_hashes, expected.chain));
    JustifiedSlots justified_slots;
    for (std::uint64_t slot = expected.finalized.slot.value + 1; slot < expected.chain.size();
         ++slot) {
        justified_slots.push_back(expected.justified_slots.contains(slot));
    }
    EXPECT_EQ(state.justified_slots, justified_slots);
    JustificationsRoots roots;
    JustificationsValidators votes;
    for (const auto& [root, voters] : expected.voters) {
        roots.push_back(root);
        for (std::uint64_t i = 0; i < expected.validator_count; ++i) {
            votes.push_back(voters.contains(i));
        }
    }
    EXPECT_EQ(state.justifications_roots, roots);
    EXPECT_EQ(state.justifications_validators, votes);
}

/// What a later state on a chain may not take back.
void expect_no_step_back(const State& before, const State& after) {
    EXPECT_GE(after.latest_justified.slot, before.latest_justified.slot);
    EXPECT_GE(after.latest_finalized.slot, before.latest_finalized.slot);
    EXPECT_GE(after.latest_justified.slot, after.latest_finalized.slot);
    for (const std::size_t bit : before.justified_slots.ones()) {
        const std::uint64_t slot = before.latest_finalized.slot.value + 1 + bit;
        if (slot <= after.latest_finalized.slot.value) continue;
        EXPECT_TRUE(after.justified_slots[slot - after.latest_finalized.slot.value - 1]) << slot;
    }
}

/// Draws votes that make sense on a chain, and some that do not.
class VoteDraw {
  public:
    /// Few validators vote while it is quiet.
    VoteDraw(Random& random, const Definition& chain, bool is_quiet)
        : random_(random), chain_(chain), is_quiet_(is_quiet) {}

    AggregatedAttestation next() {
        AttestationData data;
        const bool is_honest = random_.below(2) == 0;
        data.source = is_honest || random_.below(2) == 0 ? chain_.justified : block();
        data.target = is_honest ? recent_justifiable() : block();
        data.head = random_.below(2) == 0 ? data.target : block();
        data.slot = data.head.slot;
        if (random_.below(8) == 0) spoil(random_.below(2) == 0 ? data.target : data.source);
        if (random_.below(16) == 0) spoil(data.head);
        return {voters(is_quiet_ ? 1 : is_honest ? 4 : 2), data};
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

    /// A slot of the chain, mostly a recent one, with its block, if any.
    Checkpoint block() {
        const std::uint64_t size = chain_.chain.size();
        const std::uint64_t range = below(3) == 0 ? size : std::min<std::uint64_t>(size, 12);
        const std::uint64_t slot = size - 1 - below(range);
        return {chain_.chain[slot], Slot{slot}};
    }
    Checkpoint recent_justifiable() {
        for (std::uint64_t slot = chain_.chain.size(); slot-- > 0;) {
            const bool is_target = slot > chain_.finalized.slot.value &&
                                   is_justifiable_distance(slot - chain_.finalized.slot.value) &&
                                   !chain_.chain[slot].is_zero();
            if (is_target && below(3) != 0) return {chain_.chain[slot], Slot{slot}};
        }
        return block();
    }
    void spoil(Checkpoint& checkpoint) {
        switch (below(4)) {
            case 0:
                random_.fill(checkpoint.root.bytes);
                break;
            case 1:
                checkpoint.root = Root{};
                break;
            case 2:
                checkpoint.slot = Slot{below(chain_.chain.size())};
                break;
            default:
                checkpoint.slot = Slot{chain_.chain.size() - 1 + below(3)};
                break;
        }
    }
    /// About `density` of five validators; seldom none, or one outside the registry.
    AggregationBits voters(std::uint64_t density) {
        AggregationBits bits(chain_.validator_count + below(3));
        for (std::size_t i = 0; i < chain_.validator_count; ++i) bits.set(i, below(5) < density);
        if (bits.size() > chain_.validator_count && below(16) == 0) bits.set(bits.size() - 1);
        return bits;
    }

    Random& random_;
    const Definition& chain_;
    bool is_quiet_;
};

/// What the definition says of a block on `definition`'s chain.
Result<Definition, Rejection> after_votes(Definition definition,
                                          const std::vector<AggregatedAttestation>& attestations) {
    std::set<AttestationData> distinct;
    for (const AggregatedAttestation& attestation : attestations) distinct.insert(attestation.data);
    if (distinct.size() > 8) return std::unexpected(Rejection::TOO_MANY_ATTESTATION_DATA);
    for (const AggregatedAttestation& attestation : attestations) {
        if (auto counted = definition.count(attestation); !counted) {
            return std::unexpected(counted.error());
        }
    }
    return definition;
}

struct Seen {
    std::uint64_t justified = 0;
    std::uint64_t finalized = 0;
    std::set<Rejection> refused;
};

void run_chain(std::uint64_t seed, Seen& seen) {
    SeededRandom random(seed);
    const std::uint64_t validator_count = 1 + random.below(12);
    State state = genesis_state(1'000, test_validators(validator_count));
    Definition definition{.validator_count = validator_count,
                          .chain = {},
                          .justified_slots = {0},
                          .justified = {},
                          .finalized = {},
                          .voters = {}};
    // Votes that wait for long outlive what they were counted under.
    bool is_quiet = false;
    for (int block = 0; block < 60; ++block) {
        const Slot slot = state.slot + 1 + (random.below(4) == 0 ? random.below(9) : 0);
        State moved = state;
        ASSERT_TRUE(process_slots(moved, slot).has_value());
        Definition next = definition;
        next.begin_block(hash_tree_root(moved.latest_block_header), state.slot.value, slot.value);

        std::vector<AggregatedAttestation> attestations;
        if (random.below(6) == 0) is_quiet = !is_quiet;
        VoteDraw votes(random, next, is_quiet);
        for (std::uint64_t i = random.below(10); i > 0; --i) attestations.push_back(votes.next());
        if (!attestations.empty() && random.below(4) == 0) attestations.push_back(attestations[0]);

        const auto expected = after_votes(std::move(next), attestations);
        const auto assembled = assemble_block(
            state, slot, ValidatorIndex{slot.value % validator_count}, std::move(attestations));
        ASSERT_EQ(assembled.has_value(), expected.has_value())
            << to_string(expected ? assembled.error() : expected.error());
        if (!expected) {
            ASSERT_EQ(to_string(assembled.error()), to_string(expected.error()));
            seen.refused.insert(expected.error());
            continue;
        }
        const auto after = state_transition(state, assembled->block);
        ASSERT_TRUE(after.has_value()) << to_string(after.error());
        expect_equal(*after, *expected);
        expect_no_step_back(state, *after);
        if (after->latest_justified != state.latest_justified) ++seen.justified;
        if (after->latest_finalized != state.latest_finalized) ++seen.finalized;
        state = *after;
        definition = *expected;
        ASSERT_FALSE(testing::Test::HasFailure()) << "block " << block << ", slot " << slot.value;
    }
}

TEST(JustificationProperty, equals_the_definition_on_random_chains) {
    Seen seen;
    for (const std::uint64_t seed : kSeeds) {
        for (std::uint64_t part = 0; part < 12; ++part) {
            SCOPED_TRACE(fmt::format("seed {}", seed * 100 + part));
            run_chain(seed * 100 + part, seen);
            if (HasFatalFailure()) return;
        }
    }
    EXPECT_GT(seen.justified, 500U);
    EXPECT_GT(seen.finalized, 200U);
    EXPECT_EQ(seen.refused,
              (std::set{Rejection::TOO_MANY_ATTESTATION_DATA,
                        Rejection::JUSTIFIED_SLOT_OUT_OF_RANGE,
                        Rejection::EMPTY_AGGREGATION_BITS,
                        Rejection::VALIDATOR_INDEX_OUT_OF_RANGE}));
}

TEST(JustificationProperty, a_gap_at_once_is_a_gap_slot_by_slot) {
    for (const std::uint64_t seed : kSeeds) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        SeededRandom random(seed);
        State state = genesis_state(1'000, test_validators(1 + random.below(5)));
        for (int block = 0; block < 10; ++block) {
            const Slot slot = state.slot + 1 + random.below(12);
            const Root root = hash_tree_root(state);
            State at_once = state;
            ASSERT_TRUE(process_slots(at_once, slot).has_value());
            State with_known_root = state;
            ASSERT_TRUE(process_slots(with_known_root, slot, root).has_value());
            State step_by_step = state;
            while (step_by_step.slot < slot) {
                ASSERT_TRUE(process_slots(step_by_step, step_by_step.slot + 1).has_value());
            }
            EXPECT_EQ(at_once, step_by_step);
            EXPECT_EQ(with_known_root, step_by_step);
            EXPECT_EQ(at_once.latest_block_header.state_root, root);
            EXPECT_EQ(at_once.slot, slot);
            const ValidatorIndex proposer{slot.value % state.validators->size()};
            state = assemble_block(state, slot, proposer, {}).value().post_state;
        }
    }
}

}  // namespace
}  // namespace lepton::consensus
