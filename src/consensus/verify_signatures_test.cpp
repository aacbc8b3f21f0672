// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/verify_signatures.hpp"

#include "consensus/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::consensus {
namespace {

TEST(ProofComponents, are_the_attestations_in_order_and_then_the_proposer) {
    TestChain chain = chain_of(2);
    const Block block =
        chain.make("b2", 3, {vote({2, 0}).for_head("b2"), vote({1}).for_head("b1")});
    const Validators& validators = *chain.store.validators;
    const Root root = hash_tree_root(block);
    const auto& attestations = block.body.attestations;
    const std::vector<ProofComponent> expected{
        {{validators[0].attestation_public_key, validators[2].attestation_public_key},
         hash_tree_root(attestations[0].data),
         Slot{2}},
        {{validators[1].attestation_public_key}, hash_tree_root(attestations[1].data), Slot{1}},
        {{validators[3].proposal_public_key}, root, Slot{3}}};
    EXPECT_EQ(proof_components(block, root, validators), expected);
}

TEST(ProofComponents, are_refused_by_name) {
    const TestChain chain = chain_of(2);
    const Validators& validators = *chain.store.validators;
    const auto rejection = [&](auto change) {
        Block block = chain.make("b2", 3, {vote({0}).for_head("b2")});
        change(block);
        return proof_components(block, hash_tree_root(block), validators).error();
    };
    EXPECT_EQ(
        rejection([](Block& b) { b.body.attestations[0].aggregation_bits = AggregationBits(4); }),
        Rejection::EMPTY_AGGREGATION_BITS);
    EXPECT_EQ(rejection([](Block& b) {
                  b.body.attestations[0].aggregation_bits = AggregationBits(5);
                  b.body.attestations[0].aggregation_bits.set(4);
              }),
              Rejection::VALIDATOR_INDEX_OUT_OF_RANGE);
    EXPECT_EQ(rejection([](Block& b) { b.proposer_index = ValidatorIndex{4}; }),
              Rejection::PROPOSER_INDEX_OUT_OF_RANGE);
    EXPECT_EQ(rejection([](Block& b) { b.body.attestations.resize(kMaxAttestationsData + 1); }),
              Rejection::TOO_MANY_ATTESTATION_DATA);
}

}  // namespace
}  // namespace lepton::consensus
