// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/fork_choice.hpp"
#include "spec/fork_choice_checks.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace lepton::spec {
namespace {

using ParticipantSets = std::set<std::vector<std::uint64_t>>;

/// Drops empty sets and those that another one covers.
ParticipantSets antichain(const ParticipantSets& sets) {
    ParticipantSets kept;
    for (const auto& set : sets) {
        const bool is_covered = std::ranges::any_of(sets, [&](const auto& other) {
            return other != set && std::ranges::includes(other, set);
        });
        if (!set.empty() && !is_covered) kept.insert(set);
    }
    return kept;
}

std::string show_pool(const std::map<Root, ParticipantSets>& pool) {
    std::string out;
    for (const auto& [root, sets] : pool) out += fmt::format(" {}: {}", root, sets);
    return out;
}

Verdict check_pool(std::string_view what,
                   const json::value& expected_pool,
                   const consensus::AggregatedPayloads& pool) {
    std::map<Root, ParticipantSets> expected;
    for (const json::value& value : as_array(expected_pool)) {
        const json::object& entry = as_object(value);
        ParticipantSets sets;
        for (const json::value& set : as_array(at(entry, "participantSets"))) {
            std::vector<std::uint64_t> indices;
            for (const json::value& index : as_array(set)) indices.push_back(as_u64(index));
            sets.insert(std::move(indices));
        }
        sets = antichain(sets);
        if (!sets.empty()) expected.emplace(read_as<Root>(at(entry, "dataRoot")), std::move(sets));
    }
    std::map<Root, ParticipantSets> actual;
    for (const auto& [root, entry] : pool.entries()) {
        for (const SingleMessageAggregate& proof : entry.proofs) {
            const auto ones = proof.participants.ones();
            actual[root].insert({ones.begin(), ones.end()});
        }
    }
    if (actual == expected) return {};
    return std::unexpected(
        fmt::format("{}: got{}, expected{}", what, show_pool(actual), show_pool(expected)));
}

Verdict check_signatures(const json::value& expected_pool,
                         const consensus::AttestationSignatures& pool) {
    std::map<Root, std::vector<std::uint64_t>> expected;
    for (const json::value& value : as_array(expected_pool)) {
        const json::object& entry = as_object(value);
        auto& indices = expected[read_as<Root>(at(entry, "dataRoot"))];
        for (const json::value& index : as_array(at(entry, "validatorIndices"))) {
            indices.push_back(as_u64(index));
        }
    }
    std::map<Root, std::vector<std::uint64_t>> actual;
    for (const auto& [root, entry] : pool.entries()) {
        for (const auto& signature : entry.signatures) {
            actual[root].push_back(signature.first.value);
        }
    }
    if (actual == expected) return {};
    return std::unexpected(std::string("attestationSignatures differs"));
}

Verdict check_weights(const json::value& expected_weights, const consensus::Store& store) {
    std::map<Root, std::uint64_t> expected;
    for (const json::value& value : as_array(expected_weights)) {
        const json::object& entry = as_object(value);
        expected[read_as<Root>(at(entry, "root"))] = as_u64(at(entry, "weight"));
    }
    std::map<Root, std::uint64_t> actual;
    const auto weights = consensus::compute_block_weights(store);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const consensus::BlockNode& block = store.blocks.nodes()[i];
        if (block.slot > store.latest_finalized.slot) actual[block.root] = weights[i];
    }
    for (const auto& [root, weight] : expected) {
        const auto at = actual.find(root);
        if (at == actual.end()) return std::unexpected(fmt::format("no weight of {}", root));
        if (auto equal = expect_equal(fmt::format("weight of {}", root), at->second, weight);
            !equal) {
            return equal;
        }
    }
    return expect_equal("number of weights", actual.size(), expected.size());
}

std::vector<Root> sorted_roots(const consensus::BlockTree& blocks) {
    std::vector<Root> roots;
    for (const consensus::BlockNode& block : blocks.nodes()) roots.push_back(block.root);
    std::ranges::sort(roots);
    return roots;
}

std::vector<Root> roots(const json::value& value) {
    std::vector<Root> out;
    for (const json::value& item : as_array(value)) out.push_back(read_as<Root>(item));
    return out;
}

}  // namespace

Verdict check_snapshot(const json::object& snapshot,
                       const consensus::Store& store,
                       const Exemptions& exempt) {
    using V = const json::value&;
    const std::map<std::string_view, std::function<Verdict(V)>> members{
        {"time", [&](V e) { return expect_equal("time", store.time, read_as<Interval>(e)); }},
        {"headRoot", [&](V e) { return expect_equal("headRoot", store.head, read_as<Root>(e)); }},
        {"safeTargetRoot",
         [&](V e) { return expect_equal("safeTargetRoot", store.safe_target, read_as<Root>(e)); }},
        {"latestJustified",
         [&](V e) {
             return expect_equal("latestJustified", store.latest_justified, read_as<Checkpoint>(e));
         }},
        {"latestFinalized",
         [&](V e) {
             return expect_equal("latestFinalized", store.latest_finalized, read_as<Checkpoint>(e));
         }},
        {"blockRoots",
         [&](V e) { return expect_equal("blockRoots", sorted_roots(store.blocks), roots(e)); }},
        {"blockWeights", [&](V e) { return check_weights(e, store); }},
        {"attestationSignatures",
         [&](V e) { return check_signatures(e, store.attestation_signatures); }},
        {"newAggregatedPayloads",
         [&](V e) {
             return check_pool("newAggregatedPayloads", e, store.latest_new_aggregated_payloads);
         }},
        {"knownAggregatedPayloads",
         [&](V e) {
             return check_pool(
                 "knownAggregatedPayloads", e, store.latest_known_aggregated_payloads);
         }},
    };
    if (snapshot.size() != members.size()) throw BadVector("a snapshot with other members");
    for (const auto& [key, check] : members) {
        const json::value& expected = at(snapshot, key);
        if (exempt.contains(key)) continue;
        if (auto checked = check(expected); !checked) return checked;
    }
    return {};
}

}  // namespace lepton::spec
