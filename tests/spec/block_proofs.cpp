// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/block_proofs.hpp"

#include <map>
#include <optional>

namespace lepton::spec {
namespace {

using consensus::Store;

/// The participants of the known proofs by data root.
std::map<Root, ssz::Bits> known_proofs(const json::object& snapshot, std::uint64_t validators) {
    std::map<Root, ssz::Bits> known;
    for (const json::value& value : as_array(at(snapshot, "knownAggregatedPayloads"))) {
        const json::object& entry = as_object(value);
        for (const json::value& set : as_array(at(entry, "participantSets"))) {
            std::vector<ValidatorIndex> indices;
            for (const json::value& item : as_array(set)) {
                indices.emplace_back(as_u64(item));
                if (indices.back().value >= validators) throw BadVector("a voter who is unknown");
            }
            known[read_as<Root>(at(entry, "dataRoot"))].merge(consensus::aggregation_bits(indices));
        }
    }
    return known;
}

ssz::Bits participants_of(const consensus::AggregatedPayloads& pool, const Root& data_root) {
    ssz::Bits participants;
    if (const auto* entry = pool.find(data_root)) {
        for (const SingleMessageAggregate& proof : entry->proofs) {
            participants.merge(proof.participants);
        }
    }
    return participants;
}

/// Returns the vote with the root `data_root`: source, target and head on one chain of `blocks`,
/// slot at most `slot_max`. Nothing when there is none.
std::optional<AttestationData> find_vote(const consensus::BlockTree& blocks,
                                         Slot slot_max,
                                         const Root& data_root) {
    const auto checkpoint = [](const consensus::BlockNode& block) {
        return Checkpoint{block.root, block.slot};
    };
    for (const auto& head : blocks.nodes()) {
        for (const auto& target : blocks.nodes()) {
            if (!blocks.is_ancestor(checkpoint(target), head.root)) continue;
            for (const auto& source : blocks.nodes()) {
                if (!blocks.is_ancestor(checkpoint(source), target.root)) continue;
                for (Slot slot = head.slot; slot <= slot_max; ++slot) {
                    const AttestationData data{
                        slot, checkpoint(head), checkpoint(target), checkpoint(source)};
                    if (hash_tree_root(data) == data_root) return data;
                }
            }
        }
    }
    return std::nullopt;
}

void sign(Store& store,
          const AttestationData& data,
          const Root& data_root,
          const ssz::Bits& voters) {
    ssz::Bits proven = participants_of(store.latest_new_aggregated_payloads, data_root);
    proven.merge(participants_of(store.latest_known_aggregated_payloads, data_root));
    if (consensus::count_beyond(voters, proven) == 0) return;
    // Straight into the pool: the generator did not know the check of the finalized block.
    for (const std::size_t index : voters.ones()) {
        store.attestation_signatures.add(data, data_root, ValidatorIndex{index}, {});
    }
}

}  // namespace

void take_over_block_proofs(spec_driver::ForkChoiceNode& node,
                            const Block& block,
                            const json::object& snapshot) {
    if (!node.store().blocks.contains(block.parent_root)) return;
    spec_driver::ForkChoiceNode builder = node;
    builder.tick(consensus::interval_from_slot(block.slot), true);
    Store& built = builder.store();
    std::map<Root, AttestationData> body;
    for (const auto& attestation : block.body.attestations) {
        body.emplace(hash_tree_root(attestation.data), attestation.data);
    }
    for (const auto& [data_root, voters] : known_proofs(snapshot, built.validator_count())) {
        const auto in_body = body.find(data_root);
        const auto data = in_body != body.end() ? std::optional(in_body->second)
                                                : find_vote(built.blocks, block.slot, data_root);
        if (data) sign(built, *data, data_root, voters);
    }
    builder.aggregate();
    consensus::accept_new_attestations(built);
    for (const auto& [data_root, entry] : built.latest_known_aggregated_payloads.entries()) {
        for (const SingleMessageAggregate& proof : entry.proofs) {
            node.store().latest_known_votes.record(proof.participants, entry.data, data_root);
            node.store().latest_known_aggregated_payloads.add(entry.data, data_root, proof);
        }
    }
}

}  // namespace lepton::spec
