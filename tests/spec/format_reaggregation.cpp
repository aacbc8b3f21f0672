// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A vote's proof is taken out of a block's proof and joined with another one. Proofs of a prover
// are different each time, so what comes out is judged by verifying it. The block is not in the
// vector but always the same but for its voters; its proof cannot be taken apart without it.
#include "consensus/vote_pools.hpp"
#include "spec/proofs.hpp"

#include <set>

namespace lepton::spec {
namespace {

using aggregation::Claim;

Root filled_root(std::uint8_t byte) {
    Root root;
    root.bytes.fill(byte);
    return root;
}

AttestationData vote_of(Slot slot) {
    const Checkpoint head{filled_root(0x11), slot};
    return {slot, head, head, {filled_root(0x33), Slot{0}}};
}

Block block_of(const AttestationData& vote, const AggregationBits& voters) {
    Block block;
    block.slot = vote.slot + 1;
    block.parent_root = filled_root(0xaa);
    block.body.attestations.push_back({voters, vote});
    return block;
}

std::vector<ValidatorIndex> read_indices(const json::value& value) {
    std::vector<ValidatorIndex> indices;
    for (const json::value& item : as_array(value)) {
        const auto index = read_as<ValidatorIndex>(item);
        if (index.value >= kValidatorRegistryLimit) throw BadVector("no registry has this index");
        indices.push_back(index);
    }
    return indices;
}

std::vector<ValidatorIndex> union_of(const std::vector<ValidatorIndex>& a,
                                     const std::vector<ValidatorIndex>& b) {
    std::set<ValidatorIndex> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    return {all.begin(), all.end()};
}

/// The parts of a vector.
struct Case {
    /// Of the vote and of the proposal.
    std::vector<Claim> claims;
    MultiMessageAggregate block_proof;
    AggregationBits block_voters;
    std::vector<ValidatorIndex> combined;
    Claim combined_claim;
    ProofBytes combined_proof;
};

std::vector<Claim> read_claims(const json::object& body, const AggregationBits& voters) {
    const json::array& keys = as_array(at(body, "publicKeysPerMessage"));
    if (keys.size() != 2) throw BadVector("a block with another number of components than two");
    const AttestationData vote = vote_of(read_as<Slot>(at(body, "attestationSlot")));
    const Block block = block_of(vote, voters);
    std::vector<Claim> claims{{read_keys(keys[0]), hash_tree_root(vote), vote.slot},
                              {read_keys(keys[1]), hash_tree_root(block), block.slot}};
    if (claims[0].message != read_as<Root>(at(body, "attestationMessage"))) {
        throw BadVector("the vote is not the one that this format is about");
    }
    return claims;
}

/// What must hold before anything is proven.
Verdict check_attesters(const Case& test,
                        const std::vector<ValidatorIndex>& in_block,
                        const std::vector<ValidatorIndex>& local) {
    if (auto keys =
            expect_equal("keys of the vote", test.claims[0].public_keys.size(), in_block.size());
        !keys) {
        return keys;
    }
    return expect_equal("combinedAttesters", union_of(in_block, local), test.combined);
}

/// Splits, verifies what comes out, and joins it with the given proof.
Verdict reaggregate(ProofBench& bench, const Case& test) {
    const auto split = bench.run(aggregation::SplitJob{test.block_proof, test.claims, /*index=*/0});
    if (!split) return std::unexpected(fmt::format("split: {}", to_string(split.error())));
    if (auto verified = bench.run(aggregation::VerifySingleJob{test.claims[0], *split});
        !verified) {
        return std::unexpected(fmt::format("split proof: {}", to_string(verified.error())));
    }
    if (auto verified =
            bench.run(aggregation::VerifySingleJob{test.combined_claim, test.combined_proof});
        !verified) {
        return std::unexpected(fmt::format("reaggregatedProof: {}", to_string(verified.error())));
    }
    aggregation::AggregateJob job{.message = test.combined_claim.message,
                                  .slot = test.combined_claim.slot,
                                  .children = {},
                                  .raw_signatures = {}};
    job.children.push_back({{test.block_voters, *split}, test.claims[0].public_keys});
    job.children.push_back({{consensus::aggregation_bits(test.combined), test.combined_proof},
                            test.combined_claim.public_keys});
    const auto joined = bench.run(std::move(job));
    if (!joined) return std::unexpected(fmt::format("merge: {}", to_string(joined.error())));
    if (auto covered = expect_equal("participants",
                                    joined->participants.ones(),
                                    consensus::aggregation_bits(test.combined).ones());
        !covered) {
        return covered;
    }
    if (auto verified = bench.run(aggregation::VerifySingleJob{test.combined_claim, joined->proof});
        !verified) {
        return std::unexpected(fmt::format("merged proof: {}", to_string(verified.error())));
    }
    return {};
}

}  // namespace

Verdict run_reaggregation(const Vector& vector) {
    vector_members(vector,
                   {"blockProof",
                    "publicKeysPerMessage",
                    "attestationMessage",
                    "attestationSlot",
                    "blockAttesters",
                    "localAttesters",
                    "combinedAttesters",
                    "reaggregatedProof"});
    const json::object& body = vector.body;
    const auto in_block = read_indices(at(body, "blockAttesters"));
    const auto local = read_indices(at(body, "localAttesters"));
    if (in_block.empty()) throw BadVector("a vote of nobody");
    Case test;
    test.block_voters = consensus::aggregation_bits(in_block);
    test.combined = read_indices(at(body, "combinedAttesters"));
    test.claims = read_claims(body, test.block_voters);
    test.block_proof.proof = ProofBytes(as_bytes(at(body, "blockProof")));
    test.combined_proof = ProofBytes(as_bytes(at(body, "reaggregatedProof")));
    if (auto checked = check_attesters(test, in_block, local); !checked) return checked;
    require_real_proofs(vector.body);

    test.combined_claim = {{}, test.claims[0].message, test.claims[0].slot};
    const Validators validators = validators_of(vector, test.combined.back().value + 1);
    for (const ValidatorIndex index : test.combined) {
        test.combined_claim.public_keys.push_back(
            validators[static_cast<std::size_t>(index.value)].attestation_public_key);
    }
    ProofBench bench(vector.body);
    return reaggregate(bench, test);
}

}  // namespace lepton::spec
