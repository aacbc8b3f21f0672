// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Selection in rounds. Each round judges every remaining vote against a projection of the state
// that the votes chosen so far lead to, and takes the best one: first one that would finalize its
// source, then one that would justify its target, then the one with most voters that the target
// lacks. Projecting instead of running the transition each time costs a few bit operations per
// vote; the transition runs once, in assemble_block, and remains the judge. A round removes one
// vote from contention, so the rounds end.
#include "consensus/block_production.hpp"

#include "base/assert.hpp"
#include "consensus/justified_slots.hpp"
#include "consensus/proof_selection.hpp"
#include "consensus/slot.hpp"
#include "consensus/state_transition.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

namespace lepton::consensus {
namespace {

/// What a vote would achieve, the best first.
enum class Tier : std::uint8_t { finalize, justify, build };

/// A vote of slot 0 for slot 0 moves no justification, but the weight of its head counts.
bool is_genesis_vote(const AttestationData& data) {
    return data.source.slot == Slot{0} && data.target.slot == Slot{0};
}

/// What the state will know of justification after the votes chosen so far.
class Projection {
  public:
    explicit Projection(const State& state)
        : validator_count_(state.validators->size()),
          finalized_slot_(state.latest_finalized.slot),
          justified_slots_(state.justified_slots) {
        const auto& roots = state.justifications_roots;
        if (state.justifications_validators.size() != roots.size() * validator_count_) return;
        for (const Root& root : roots) voters_.try_emplace(root, validator_count_);
        for (const std::size_t bit : state.justifications_validators.ones()) {
            voters_.at(roots[bit / validator_count_]).set(bit % validator_count_);
        }
    }

    /// Validators that have voted for `target` already.
    const ssz::Bits& voters(const Root& target) const {
        static const ssz::Bits kNobody;
        const auto at = voters_.find(target);
        return at == voters_.end() ? kNobody : at->second;
    }

    /// Returns whether the state transition would count the vote. Slots that are not tracked yet
    /// are not justified.
    bool counts(const AttestationData& data, std::span<const Root> chain) const {
        if (!is_justified(data.source.slot) || !lies_on_chain(data, chain)) return false;
        if (is_genesis_vote(data)) return true;
        return data.target.slot > data.source.slot && !is_justified(data.target.slot) &&
               is_justifiable_after(data.target.slot, finalized_slot_);
    }

    Tier tier(const AttestationData& data, const ssz::Bits& participants) const {
        const ssz::Bits& prior = voters(data.target.root);
        const std::size_t total = prior.count() + count_beyond(participants, prior);
        if (is_genesis_vote(data) || 3 * total < 2 * validator_count_) return Tier::build;
        if (data.source.slot <= finalized_slot_) return Tier::justify;
        for (Slot slot = data.source.slot + 1; slot < data.target.slot; ++slot) {
            if (is_justifiable_after(slot, finalized_slot_)) return Tier::justify;
        }
        return Tier::finalize;
    }

    /// Takes the vote into account.
    void apply(const AttestationData& data, const ssz::Bits& participants) {
        const Tier reached = tier(data, participants);
        voters_.try_emplace(data.target.root, validator_count_).first->second.merge(participants);
        if (reached == Tier::build) return;
        voters_.erase(data.target.root);
        const bool is_tracked =
            extend_to_slot(justified_slots_, finalized_slot_, data.target.slot).has_value();
        const auto index = justified_index_after(data.target.slot, finalized_slot_);
        if (!is_tracked || !index) return;
        justified_slots_.set(static_cast<std::size_t>(*index));
        if (reached != Tier::finalize) return;
        justified_slots_.drop_front(static_cast<std::size_t>(data.source.slot - finalized_slot_));
        finalized_slot_ = data.source.slot;
    }

  private:
    bool is_justified(Slot slot) const {
        return is_slot_justified(justified_slots_, finalized_slot_, slot).value_or(false);
    }

    std::size_t validator_count_;
    Slot finalized_slot_;
    ssz::Bits justified_slots_;
    std::unordered_map<Root, ssz::Bits> voters_;
};

struct Candidate {
    const AggregatedPayloads::Entry* entry = nullptr;
    Tier tier = Tier::build;
    std::size_t new_voters = 0;

    /// Votes that reach two thirds: the newest target first, it shortens a stall the most. Others:
    /// the most new voters first.
    bool operator<(const Candidate& other) const {
        if (tier != other.tier) return tier < other.tier;
        const auto newest = [](const Candidate& c) {
            return std::tie(c.entry->data.target.slot, c.entry->data.slot);
        };
        if (tier == Tier::build && new_voters != other.new_voters) {
            return new_voters > other.new_voters;
        }
        if (newest(*this) != newest(other)) return newest(*this) > newest(other);
        if (new_voters != other.new_voters) return new_voters > other.new_voters;
        return entry->data_root < other.entry->data_root;
    }
};

/// The blocks by slot that a block at `slot` on `parent` will see.
std::vector<Root> chain_view(const State& parent_state, const Root& parent_root, Slot slot) {
    std::vector<Root> chain = parent_state.historical_block_hashes;
    chain.push_back(parent_root);
    const std::uint64_t empty_slots = slot - parent_state.latest_block_header.slot - 1;
    chain.resize(chain.size() + static_cast<std::size_t>(empty_slots));
    return chain;
}

/// Returns the best vote that is not in `done`, without an entry when none helps.
Candidate best_candidate(const AggregatedPayloads& pool,
                         const std::set<Root>& done,
                         const Projection& projection,
                         std::span<const Root> chain) {
    Candidate best;
    for (const auto& [data_root, entry] : pool.entries()) {
        if (done.contains(data_root) || !projection.counts(entry.data, chain)) continue;
        ssz::Bits participants;
        for (const SingleMessageAggregate& proof : entry.proofs) {
            participants.merge(proof.participants);
        }
        const std::size_t new_voters =
            count_beyond(participants, projection.voters(entry.data.target.root));
        if (new_voters == 0) continue;
        const Candidate candidate{&entry, projection.tier(entry.data, participants), new_voters};
        if (best.entry == nullptr || candidate < best) best = candidate;
    }
    return best;
}

}  // namespace

std::vector<SelectedAttestation> select_attestations(const Store& store,
                                                     const State& head_state,
                                                     Slot slot,
                                                     const ProductionLimits& limits) {
    LEPTON_ASSERT(limits.proof_size != nullptr);
    std::vector<SelectedAttestation> selected;
    const Slot parent_slot = head_state.latest_block_header.slot;
    if (slot <= parent_slot || slot - parent_slot > kHistoricalRootsLimit) return selected;

    const std::vector<Root> chain = chain_view(head_state, store.head, slot);
    const std::size_t attestations_max =
        std::min<std::size_t>(limits.attestations_max, kMaxAttestationsData);
    std::size_t bytes = limits.proof_size(1);  // the proposer's signature
    Projection projection(head_state);
    std::set<Root> done;
    while (selected.size() < attestations_max) {
        const Candidate best =
            best_candidate(store.latest_known_aggregated_payloads, done, projection, chain);
        if (best.entry == nullptr) break;
        const auto& [data_root, data, proofs] = *best.entry;
        done.insert(data_root);
        const CoverageLimits coverage_limits{
            .proofs_max = limits.proofs_per_attestation_max, .fits = [&](std::size_t participants) {
                return bytes + limits.proof_size(participants) <= limits.proof_bytes_max;
            }};
        const Coverage coverage = select_proofs_for_coverage(
            proofs, {}, projection.voters(data.target.root), coverage_limits);
        if (coverage.proofs.empty()) continue;

        SelectedAttestation& attestation = selected.emplace_back(
            SelectedAttestation{data, data_root, {}, AggregationBits(coverage.participants)});
        for (const SingleMessageAggregate* proof : coverage.proofs) {
            attestation.proofs.push_back(*proof);
        }
        bytes += limits.proof_size(coverage.participants.count());
        projection.apply(data, coverage.participants);
    }
    return selected;
}

Result<AssembledBlock, Rejection> assemble_block(const State& parent_state,
                                                 Slot slot,
                                                 ValidatorIndex proposer_index,
                                                 std::vector<AggregatedAttestation> attestations,
                                                 std::optional<Root> parent_state_root) {
    AssembledBlock assembled{.block = {}, .post_state = parent_state};
    auto& [block, state] = assembled;
    if (auto moved = process_slots(state, slot, parent_state_root); !moved) {
        return std::unexpected(moved.error());
    }
    block.slot = slot;
    block.proposer_index = proposer_index;
    block.parent_root = hash_tree_root(state.latest_block_header);
    block.body.attestations.assign(std::make_move_iterator(attestations.begin()),
                                   std::make_move_iterator(attestations.end()));
    if (auto applied = process_block(state, block); !applied) {
        return std::unexpected(applied.error());
    }
    block.state_root = hash_tree_root(state);
    return assembled;
}

}  // namespace lepton::consensus
