// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/fork_choice_checks.hpp"

#include "consensus/fork_choice.hpp"
#include "consensus/validator_duties.hpp"

#include <set>

namespace lepton::spec {
namespace {

using consensus::LatestVotes;
using consensus::Store;
using Numbers = std::vector<std::uint64_t>;

Slot slot_of(const Store& store, const Root& root) {
    const auto* block = store.blocks.find(root);
    if (block == nullptr) throw BadVector("a root of the store is no block");
    return block->slot;
}

Root root_of(const Labels& labels, const json::value& label) {
    const auto at = labels.find(as_string(label));
    if (at == labels.end()) throw BadVector(fmt::format("unknown label '{}'", as_string(label)));
    return at->second;
}

Numbers numbers(const json::value& value) {
    std::set<std::uint64_t> sorted;
    for (const json::value& item : as_array(value)) sorted.insert(as_u64(item));
    return {sorted.begin(), sorted.end()};
}

Numbers numbers(const ssz::Bits& bits) {
    const auto ones = bits.ones();
    return {ones.begin(), ones.end()};
}

template <class Pool>
Numbers target_slots(const Pool& pool) {
    std::set<std::uint64_t> slots;
    for (const auto& [root, entry] : pool.entries()) slots.insert(entry.data.target.slot.value);
    return {slots.begin(), slots.end()};
}

std::set<Root> ancestors(const Store& store, const Root& head) {
    std::set<Root> roots;
    for (const auto* block = store.blocks.find(head); block != nullptr;
         block = store.blocks.find(block->parent_root)) {
        roots.insert(block->root);
    }
    return roots;
}

/// The latest vote that a pool holds of a validator, nullptr when none.
const AttestationData* latest_vote(const consensus::AggregatedPayloads& pool,
                                   std::size_t validator) {
    const AttestationData* latest = nullptr;
    for (const auto& [root, entry] : pool.entries()) {
        for (const SingleMessageAggregate& proof : entry.proofs) {
            if (validator >= proof.participants.size() || !proof.participants[validator]) continue;
            if (latest == nullptr || latest->slot <= entry.data.slot) latest = &entry.data;
        }
    }
    return latest;
}

const AttestationData* latest_vote(const consensus::AttestationSignatures& pool,
                                   std::size_t validator) {
    const AttestationData* latest = nullptr;
    for (const auto& [root, entry] : pool.entries()) {
        if (!entry.signatures.contains(ValidatorIndex{validator})) continue;
        if (latest == nullptr || latest->slot <= entry.data.slot) latest = &entry.data;
    }
    return latest;
}

Verdict check_attestation(const json::object& check, const StepView& view) {
    const Store& store = view.store;
    const auto validator = static_cast<std::size_t>(as_u64(at(check, "validator")));
    const std::string_view location = as_string(at(check, "location"));
    const AttestationData* vote =
        location == "new"     ? latest_vote(store.latest_new_aggregated_payloads, validator)
        : location == "known" ? latest_vote(store.latest_known_aggregated_payloads, validator)
                              : latest_vote(store.attestation_signatures, validator);
    if (vote == nullptr) {
        return std::unexpected(fmt::format("no vote of validator {} in '{}'", validator, location));
    }
    const std::map<std::string_view, Slot> slots{{"attestationSlot", vote->slot},
                                                 {"headSlot", vote->head.slot},
                                                 {"sourceSlot", vote->source.slot},
                                                 {"targetSlot", vote->target.slot}};
    for (const auto& [key, actual] : slots) {
        const json::value* expected = find(check, key);
        if (expected == nullptr) continue;
        if (auto equal = expect_equal(key, actual, read_as<Slot>(*expected)); !equal) return equal;
    }
    if (const json::value* label = find(check, "sourceRootLabel")) {
        return expect_equal("sourceRootLabel", vote->source.root, root_of(view.labels, *label));
    }
    return {};
}

Verdict check_block_attestation(const json::object& check, const Block& block) {
    const Numbers participants = numbers(at(check, "participants"));
    for (const auto& [bits, data] : block.body.attestations) {
        if (numbers(bits) != participants) continue;
        if (const json::value* slot = find(check, "attestationSlot")) {
            if (auto equal = expect_equal("attestationSlot", data.slot, read_as<Slot>(*slot));
                !equal) {
                return equal;
            }
        }
        if (const json::value* slot = find(check, "targetSlot")) {
            return expect_equal("targetSlot", data.target.slot, read_as<Slot>(*slot));
        }
        return {};
    }
    return std::unexpected("no attestation of the block has the participants");
}

const Block& block_of(const StepView& view) {
    if (view.block == nullptr) throw BadVector("a check of a block in a step without one");
    return *view.block;
}

/// All forks weigh the same, and the head is the one with the largest root.
Verdict check_lexicographic_head(const json::value& labels, const StepView& view) {
    const auto weights = consensus::compute_block_weights(view.store);
    std::set<std::uint64_t> distinct;
    Root largest;
    for (const json::value& label : as_array(labels)) {
        const Root root = root_of(view.labels, label);
        distinct.insert(weights.at(view.store.blocks.index_of(root)));
        largest = std::max(largest, root);
    }
    if (distinct.size() != 1) return std::unexpected("lexicographicHeadAmong: unequal weights");
    return expect_equal("lexicographicHeadAmong", view.store.head, largest);
}

Verdict check_new_pool_participants(const json::object& expected, const Store& store) {
    std::map<std::uint64_t, ssz::Bits> actual;
    for (const auto& [root, entry] : store.latest_new_aggregated_payloads.entries()) {
        for (const SingleMessageAggregate& proof : entry.proofs) {
            actual[entry.data.target.slot.value].merge(proof.participants);
        }
    }
    for (const auto& member : expected) {
        const std::uint64_t slot = as_u64(json::value(member.key()));
        if (auto equal = expect_equal(fmt::format("newPoolProofParticipants[{}]", slot),
                                      numbers(actual[slot]),
                                      numbers(member.value()));
            !equal) {
            return equal;
        }
    }
    return {};
}

using Check = Verdict (*)(const json::value& expected, const StepView& view);

template <class T>
Verdict equal(std::string_view what, const T& actual, const json::value& expected) {
    return expect_equal(what, actual, read_as<T>(expected));
}

const std::map<std::string_view, Check>& checks() {
    using V = const json::value&;
    using S = const StepView&;
    static const std::map<std::string_view, Check> table{
        {"time", [](V e, S v) { return equal("time", v.store.time, e); }},
        {"headSlot", [](V e, S v) { return equal("headSlot", v.store.head_block().slot, e); }},
        {"headRoot", [](V e, S v) { return equal("headRoot", v.store.head, e); }},
        {"headRootLabel",
         [](V e, S v) {
             return expect_equal("headRootLabel", v.store.head, root_of(v.labels, e));
         }},
        {"latestJustifiedSlot",
         [](V e, S v) { return equal("latestJustifiedSlot", v.store.latest_justified.slot, e); }},
        {"latestJustifiedRoot",
         [](V e, S v) { return equal("latestJustifiedRoot", v.store.latest_justified.root, e); }},
        {"latestJustifiedRootLabel",
         [](V e, S v) {
             return expect_equal(
                 "latestJustifiedRootLabel", v.store.latest_justified.root, root_of(v.labels, e));
         }},
        {"latestFinalizedSlot",
         [](V e, S v) { return equal("latestFinalizedSlot", v.store.latest_finalized.slot, e); }},
        {"latestFinalizedRoot",
         [](V e, S v) { return equal("latestFinalizedRoot", v.store.latest_finalized.root, e); }},
        {"latestFinalizedRootLabel",
         [](V e, S v) {
             return expect_equal(
                 "latestFinalizedRootLabel", v.store.latest_finalized.root, root_of(v.labels, e));
         }},
        {"safeTarget", [](V e, S v) { return equal("safeTarget", v.store.safe_target, e); }},
        {"safeTargetSlot",
         [](V e, S v) {
             return equal("safeTargetSlot", slot_of(v.store, v.store.safe_target), e);
         }},
        {"safeTargetRootLabel",
         [](V e, S v) {
             return expect_equal("safeTargetRootLabel", v.store.safe_target, root_of(v.labels, e));
         }},
        {"attestationTargetSlot",
         [](V e, S v) {
             const Checkpoint target = consensus::get_attestation_target(v.store);
             if (slot_of(v.store, target.root) != target.slot) {
                 return Verdict(std::unexpected("attestation target is no block of its slot"));
             }
             return equal("attestationTargetSlot", target.slot, e);
         }},
        {"attestationTargetRootLabel",
         [](V e, S v) {
             return expect_equal("attestationTargetRootLabel",
                                 consensus::get_attestation_target(v.store).root,
                                 root_of(v.labels, e));
         }},
        {"attestationChecks",
         [](V e, S v) {
             for (const json::value& check : as_array(e)) {
                 if (auto checked = check_attestation(as_object(check), v); !checked)
                     return checked;
             }
             return Verdict{};
         }},
        {"attestationSignatureTargetSlots",
         [](V e, S v) {
             return expect_equal("attestationSignatureTargetSlots",
                                 target_slots(v.store.attestation_signatures),
                                 numbers(e));
         }},
        {"latestNewAggregatedTargetSlots",
         [](V e, S v) {
             return expect_equal("latestNewAggregatedTargetSlots",
                                 target_slots(v.store.latest_new_aggregated_payloads),
                                 numbers(e));
         }},
        {"latestKnownAggregatedTargetSlots",
         [](V e, S v) {
             return expect_equal("latestKnownAggregatedTargetSlots",
                                 target_slots(v.store.latest_known_aggregated_payloads),
                                 numbers(e));
         }},
        {"newPoolProofParticipants",
         [](V e, S v) { return check_new_pool_participants(as_object(e), v.store); }},
        {"blockAttestationCount",
         [](V e, S v) {
             return equal(
                 "blockAttestationCount", std::uint64_t{block_of(v).body.attestations.size()}, e);
         }},
        {"blockAttestations",
         [](V e, S v) {
             for (const json::value& check : as_array(e)) {
                 if (auto checked = check_block_attestation(as_object(check), block_of(v));
                     !checked) {
                     return checked;
                 }
             }
             return Verdict{};
         }},
        {"lexicographicHeadAmong", check_lexicographic_head},
        {"reorgDepth",
         [](V e, S v) {
             const std::set<Root> now = ancestors(v.store, v.store.head);
             std::uint64_t depth = 0;
             for (const Root& root : ancestors(v.store, v.old_head)) {
                 if (!now.contains(root)) ++depth;
             }
             return equal("reorgDepth", depth, e);
         }},
        {"labelsInStore",
         [](V e, S v) {
             for (const json::value& label : as_array(e)) {
                 if (!v.store.blocks.contains(root_of(v.labels, label))) {
                     return Verdict(std::unexpected(
                         fmt::format("labelsInStore: '{}' is not there", as_string(label))));
                 }
             }
             return Verdict{};
         }},
        {"filledBlockRootLabel",
         [](V e, S v) {
             return expect_equal(
                 "filledBlockRootLabel", hash_tree_root(block_of(v)), root_of(v.labels, e));
         }},
    };
    return table;
}

}  // namespace

Verdict check_step(const json::object& expectations, const StepView& view) {
    for (const auto& member : expectations) {
        if (member.value().is_null()) continue;
        const auto check = checks().find(std::string_view(member.key()));
        if (check == checks().end()) {
            throw BadVector(fmt::format("unknown check '{}'", std::string_view(member.key())));
        }
        if (auto checked = check->second(member.value(), view); !checked) return checked;
    }
    return {};
}

}  // namespace lepton::spec
