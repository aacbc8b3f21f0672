// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Votes are counted per target root in a map ordered by root, which is also the order in which the
// state stores them: unpack, count, pack again. Each vote that reaches two thirds may justify its
// target and finalize its source; both take effect for the votes after it in the same block.
#include "consensus/state_transition.hpp"

#include "consensus/justified_slots.hpp"
#include "consensus/slot.hpp"

#include <map>
#include <set>
#include <unordered_set>

namespace lepton::consensus {
namespace {

using Justifications = std::map<Root, ssz::Bits>;

Result<void, Rejection> process_block_header(State& state, const Block& block) {
    const BlockHeader& parent = state.latest_block_header;
    if (block.slot != state.slot) return std::unexpected(Rejection::BLOCK_SLOT_MISMATCH);
    if (block.slot <= parent.slot) {
        return std::unexpected(Rejection::BLOCK_OLDER_THAN_LATEST_HEADER);
    }
    const auto proposer = proposer_for_slot(state.slot, state.validators->size());
    if (!proposer) return std::unexpected(proposer.error());
    if (block.proposer_index != *proposer) return std::unexpected(Rejection::WRONG_PROPOSER);
    const Root parent_root = hash_tree_root(parent);
    if (block.parent_root != parent_root) {
        return std::unexpected(Rejection::PARENT_ROOT_MISMATCH);
    }

    auto& history = state.historical_block_hashes;
    const std::uint64_t new_entries = block.slot - parent.slot;
    if (history.size() > kHistoricalRootsLimit ||
        new_entries > kHistoricalRootsLimit - history.size()) {
        return std::unexpected(Rejection::BLOCK_SLOT_GAP_TOO_LARGE);
    }
    // The block after genesis makes genesis justified and finalized.
    if (parent.slot == Slot{0}) {
        state.latest_justified = Checkpoint{parent_root, Slot{0}};
        state.latest_finalized = state.latest_justified;
    }
    auto extended =
        extend_to_slot(state.justified_slots, state.latest_finalized.slot, block.slot - 1);
    if (!extended) return extended;
    history.push_back(parent_root);
    history.resize(history.size() + static_cast<std::size_t>(new_entries) - 1);
    state.latest_block_header = BlockHeader{
        block.slot, block.proposer_index, block.parent_root, Root{}, hash_tree_root(block.body)};
    return {};
}

Result<Justifications, Rejection> unpack_justifications(const State& state) {
    const std::size_t validator_count = state.validators->size();
    if (validator_count == 0) return std::unexpected(Rejection::EMPTY_VALIDATOR_REGISTRY);
    const auto& roots = state.justifications_roots;
    if (state.justifications_validators.size() != roots.size() * validator_count) {
        return std::unexpected(Rejection::JUSTIFICATION_VOTES_LENGTH_MISMATCH);
    }
    Justifications justifications;
    for (const Root& root : roots) {
        if (root.is_zero()) return std::unexpected(Rejection::ZERO_HASH_JUSTIFICATION_ROOT);
        justifications.emplace(root, ssz::Bits(validator_count));
    }
    for (const std::size_t bit : state.justifications_validators.ones()) {
        justifications.at(roots[bit / validator_count]).set(bit % validator_count);
    }
    return justifications;
}

void pack_justifications(const Justifications& justifications, State& state) {
    const std::size_t validator_count = state.validators->size();
    state.justifications_roots.clear();
    JustificationsValidators votes(justifications.size() * validator_count);
    for (const auto& [root, voters] : justifications) {
        const std::size_t begin = state.justifications_roots.size() * validator_count;
        for (const std::size_t voter : voters.ones()) votes.set(begin + voter);
        state.justifications_roots.push_back(root);
    }
    state.justifications_validators = std::move(votes);
}

/// Returns whether the vote can move justification, judged by what the votes before it reached.
/// Errors: JUSTIFIED_SLOT_OUT_OF_RANGE, which invalidates the block
Result<bool, Rejection> counts(const State& state, const AttestationData& data) {
    const Slot finalized_slot = state.latest_finalized.slot;
    const auto source_is_justified =
        is_slot_justified(state.justified_slots, finalized_slot, data.source.slot);
    if (!source_is_justified) return source_is_justified;
    if (!*source_is_justified) return false;
    const auto target_is_justified =
        is_slot_justified(state.justified_slots, finalized_slot, data.target.slot);
    if (!target_is_justified) return target_is_justified;
    return !*target_is_justified && lies_on_chain(data, state.historical_block_hashes) &&
           data.target.slot > data.source.slot &&
           is_justifiable_after(data.target.slot, finalized_slot);
}

/// Drops the tallies of targets that are not above the finalized slot any more.
void prune_justifications(const State& state, Justifications& justifications) {
    const auto& history = state.historical_block_hashes;
    const std::uint64_t first = state.latest_finalized.slot.value + 1;
    std::unordered_set<Root> unfinalized;
    for (std::uint64_t slot = first; slot < history.size(); ++slot) {
        unfinalized.insert(history[static_cast<std::size_t>(slot)]);
    }
    std::erase_if(justifications,
                  [&](const auto& tally) { return !unfinalized.contains(tally.first); });
}

/// Finalizes the source of a vote whose target has just been justified, if no slot between them
/// could still be justified.
void try_finalize(State& state, const AttestationData& data, Justifications& justifications) {
    const Slot finalized_slot = state.latest_finalized.slot;
    if (data.source.slot <= finalized_slot) return;
    for (Slot slot = data.source.slot + 1; slot < data.target.slot; ++slot) {
        if (is_justifiable_after(slot, finalized_slot)) return;
    }
    state.latest_finalized = data.source;
    state.justified_slots.drop_front(static_cast<std::size_t>(data.source.slot - finalized_slot));
    prune_justifications(state, justifications);
}

/// Spec: state_transition.py `process_attestations`
Result<void, Rejection> process_attestations(State& state,
                                             std::span<const AggregatedAttestation> attestations) {
    std::set<AttestationData> distinct;
    for (const AggregatedAttestation& attestation : attestations) {
        distinct.insert(attestation.data);
        if (distinct.size() > kMaxAttestationsData) {
            return std::unexpected(Rejection::TOO_MANY_ATTESTATION_DATA);
        }
    }
    auto justifications = unpack_justifications(state);
    if (!justifications) return std::unexpected(justifications.error());

    const std::size_t validator_count = state.validators->size();
    for (const auto& [bits, data] : attestations) {
        const auto is_counted = counts(state, data);
        if (!is_counted) return std::unexpected(is_counted.error());
        if (!*is_counted) continue;

        const std::vector<std::size_t> voters = bits.ones();
        if (voters.empty()) return std::unexpected(Rejection::EMPTY_AGGREGATION_BITS);
        if (voters.back() >= validator_count) {
            return std::unexpected(Rejection::VALIDATOR_INDEX_OUT_OF_RANGE);
        }
        ssz::Bits& tally =
            justifications->try_emplace(data.target.root, validator_count).first->second;
        for (const std::size_t voter : voters) tally.set(voter);
        if (3 * tally.count() < 2 * validator_count) continue;

        if (data.target.slot > state.latest_justified.slot) state.latest_justified = data.target;
        const auto index = justified_index_after(data.target.slot, state.latest_finalized.slot);
        LEPTON_ASSERT(index && *index < state.justified_slots.size());
        state.justified_slots.set(static_cast<std::size_t>(*index));
        justifications->erase(data.target.root);
        try_finalize(state, data, *justifications);
    }
    pack_justifications(*justifications, state);
    return {};
}

}  // namespace

Result<ValidatorIndex, Rejection> proposer_for_slot(Slot slot, std::uint64_t validator_count) {
    if (validator_count == 0) return std::unexpected(Rejection::EMPTY_VALIDATOR_REGISTRY);
    return ValidatorIndex{slot.value % validator_count};
}

bool lies_on_chain(const AttestationData& data, std::span<const Root> historical_block_hashes) {
    const auto is_on_chain = [&](const Checkpoint& checkpoint) {
        return !checkpoint.root.is_zero() &&
               checkpoint.slot.value < historical_block_hashes.size() &&
               historical_block_hashes[static_cast<std::size_t>(checkpoint.slot.value)] ==
                   checkpoint.root;
    };
    return is_on_chain(data.source) && is_on_chain(data.target) && is_on_chain(data.head);
}

Result<void, Rejection> process_slots(State& state,
                                      Slot target_slot,
                                      std::optional<Root> state_root) {
    if (state.slot >= target_slot) return std::unexpected(Rejection::BLOCK_SLOT_NOT_IN_FUTURE);
    // Only the first empty slot after a block finds no root here; the others change nothing else.
    if (state.latest_block_header.state_root.is_zero()) {
        state.latest_block_header.state_root =
            state_root.has_value() ? *state_root : hash_tree_root(state);
    }
    state.slot = target_slot;
    return {};
}

Result<void, Rejection> process_block(State& state, const Block& block) {
    if (auto header = process_block_header(state, block); !header) return header;
    return process_attestations(state, block.body.attestations);
}

Result<State, Rejection> state_transition(const State& parent,
                                          const Block& block,
                                          std::optional<Root> parent_state_root) {
    if (parent.slot >= block.slot) return std::unexpected(Rejection::BLOCK_SLOT_NOT_IN_FUTURE);
    State state = parent;
    if (auto moved = process_slots(state, block.slot, parent_state_root); !moved) {
        return std::unexpected(moved.error());
    }
    if (auto applied = process_block(state, block); !applied) {
        return std::unexpected(applied.error());
    }
    if (hash_tree_root(state) != block.state_root) {
        return std::unexpected(Rejection::STATE_ROOT_MISMATCH);
    }
    return state;
}

}  // namespace lepton::consensus
