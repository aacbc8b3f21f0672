// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The handlers of formats with proofs, on proofs that the native backend made.
#include "consensus/vote_pools.hpp"
#include "spec/proofs.hpp"
#include "spec/test_vectors.hpp"
#include "types/genesis.hpp"

#include <gtest/gtest.h>

namespace lepton::spec {
namespace {

using aggregation::Claim;
using Status = Outcome::Status;
using Indices = std::vector<std::size_t>;
using std::string_view_literals::operator""sv;

void expect_skipped(const json::object& vector, std::string_view reason) {
    const Outcome outcome = run_test_vector(vector);
    EXPECT_EQ(outcome.status, Status::skipped);
    EXPECT_EQ(outcome.reason, reason);
}

constexpr std::string_view kPlaceholder = "its proof is a placeholder, which is never verified";
constexpr std::string_view kForeign = "no available prover knows the format of its proof";

// ---- JSON of values

json::object listed(json::array items) {
    return {{"data", std::move(items)}};
}
json::object json_of(const Checkpoint& checkpoint) {
    return {{"root", hex(checkpoint.root)}, {"slot", checkpoint.slot.value}};
}
json::object json_of(const AttestationData& data) {
    return {{"slot", data.slot.value},
            {"head", json_of(data.head)},
            {"target", json_of(data.target)},
            {"source", json_of(data.source)}};
}
json::object json_of(const AggregationBits& bits) {
    json::array items;
    for (std::size_t i = 0; i < bits.size(); ++i) items.emplace_back(static_cast<bool>(bits[i]));
    return listed(std::move(items));
}
json::object json_of(const ProofBytes& proof) {
    return {{"data", hex(proof)}};
}
json::array json_of(const std::vector<PublicKey>& keys) {
    json::array items;
    for (const PublicKey& key : keys) items.emplace_back(hex(key));
    return items;
}
json::object json_of(const SignedBlock& signed_block) {
    const Block& block = signed_block.block;
    json::array attestations;
    for (const auto& [bits, data] : block.body.attestations) {
        attestations.push_back({{"aggregationBits", json_of(bits)}, {"data", json_of(data)}});
    }
    return {{"block",
             {{"slot", block.slot.value},
              {"proposerIndex", block.proposer_index.value},
              {"parentRoot", hex(block.parent_root)},
              {"stateRoot", hex(block.state_root)},
              {"body", {{"attestations", listed(std::move(attestations))}}}}},
            {"proof", {{"proof", json_of(signed_block.proof.proof)}}}};
}
/// A genesis state of the four validators.
json::object anchor_json() {
    const json::object zero = json_of(Checkpoint{});
    json::array validators;
    for (std::size_t i = 0; i < 4; ++i) {
        validators.push_back({{"attestationPublicKey", hex(validator_keys(i).attestation)},
                              {"proposalPublicKey", hex(validator_keys(i).proposal)},
                              {"index", i}});
    }
    return {{"config", {{"genesisTime", 0}}},
            {"slot", 0},
            {"latestBlockHeader",
             {{"slot", 0},
              {"proposerIndex", 0},
              {"parentRoot", hex(Root{})},
              {"stateRoot", hex(Root{})},
              {"bodyRoot", hex(Root{})}}},
            {"latestJustified", zero},
            {"latestFinalized", zero},
            {"historicalBlockHashes", listed({})},
            {"justifiedSlots", listed({})},
            {"validators", listed(std::move(validators))},
            {"justificationsRoots", listed({})},
            {"justificationsValidators", listed({})}};
}

// ---- proofs

AggregationBits bits_of(const Indices& indices) {
    std::vector<ValidatorIndex> all(indices.begin(), indices.end());
    return consensus::aggregation_bits(all);
}

ProofBench& bench() {
    static ProofBench one(vector_of("ssz_test", {}));
    return one;
}

/// What `validators` signed with their attestation keys.
struct Signed {
    Claim claim;
    ProofBytes proof;
};
Signed sign(const Indices& validators, const Root& message, Slot slot, bool is_proposal = false) {
    aggregation::AggregateJob job{message, slot, {}, {}};
    Claim claim{{}, message, slot};
    for (const std::size_t index : validators) {
        const auto& signer = aggregation::validator(2 * index + (is_proposal ? 1 : 0));
        claim.public_keys.emplace_back(signer.public_key());
        job.raw_signatures.push_back({ValidatorIndex{index},
                                      claim.public_keys.back(),
                                      Signature{signer.sign(slot.value, message.bytes).value()}});
    }
    return {claim, bench().run(std::move(job)).value().proof};
}

MultiMessageAggregate merge(const std::vector<Signed>& parts) {
    aggregation::MergeJob job;
    for (const auto& [claim, proof] : parts) job.parts.push_back({claim, proof});
    return bench().run(std::move(job)).value();
}

AttestationData data_at(std::uint64_t slot) {
    const Checkpoint head{aggregation::message(9), Slot{slot}};
    return {Slot{slot}, head, head, {aggregation::message(8), Slot{0}}};
}

json::object real(json::object vector) {
    return with(std::move(vector), "proofSetting", 1);
}
json::object to_be_refused(json::object vector, const char* reason) {
    return with(with(std::move(vector), "proofSetting", 2), "rejectionReason", reason);
}

// ---- verify_single_message_proofs

json::object single(const Indices& validators = {0, 2}) {
    const AttestationData data = data_at(3);
    const auto [claim, proof] = sign(validators, hash_tree_root(data), data.slot);
    return real(vector_of("verify_single_message_proofs_test",
                          {{"attestationData", json_of(data)},
                           {"publicKeys", json_of(claim.public_keys)},
                           {"aggregationBits", json_of(bits_of(validators))},
                           {"message", hex(claim.message)},
                           {"slot", claim.slot.value},
                           {"proof", json_of(proof)}}));
}

TEST(SingleMessageProofs, a_proof_is_verified) {
    expect_passed(single());
    expect_failed(to_be_refused(single(), "INVALID_SIGNATURE"),
                  "outcome: got success, expected INVALID_SIGNATURE");
}

TEST(SingleMessageProofs, a_proof_of_something_else_is_refused_by_name) {
    const json::object another_slot = with(single(), "slot", 4);
    expect_passed(to_be_refused(another_slot, "INVALID_SIGNATURE"));
    expect_failed(to_be_refused(another_slot, "INVALID_BLOCK_PROOF"),
                  "outcome: got INVALID_SIGNATURE, expected INVALID_BLOCK_PROOF");
    const json::object others = with(single(), "publicKeys", single({1, 3})["publicKeys"]);
    expect_passed(to_be_refused(others, "INVALID_SIGNATURE"));
    expect_failed(others, "outcome: got INVALID_SIGNATURE, expected success");
}

TEST(SingleMessageProofs, a_vector_that_contradicts_itself_fails_without_a_proof) {
    expect_failed(with(single(), "slot", 4), "slot: got 3, expected 4");
    expect_failed(with(single(), "message", hex(Root{})), "message: got");
    expect_failed(with(single(), "aggregationBits", json_of(bits_of({0}))),
                  "another number of keys");
    expect_failed(with(single(), "rejectionReason", "INVALID_SIGNATURE"),
                  "proofSetting 1 contradicts");
    expect_failed(with(single(), "surprise", 1), "unknown member");
}

TEST(SingleMessageProofs, placeholders_and_foreign_proofs_are_skipped_with_the_reason) {
    expect_skipped(with(single(), "proofSetting", 0), kPlaceholder);
    expect_skipped(with(single(), "proof", {{"data", "0x00010203"}}), kForeign);
    expect_skipped(with(single(), "leanEnv", "prod"), kForeign);  // signatures of another scheme
    const json::object wrong_slot = with(single(), "slot", 4);
    expect_failed(with(wrong_slot, "proofSetting", 0), "slot: got 3, expected 4");
}

// ---- verify_multi_message_proofs

json::object multi() {
    json::array data;
    json::array keys;
    json::array bits;
    json::array messages;
    json::array slots;
    std::vector<Signed> parts;
    for (const auto& [slot, validators] : {std::pair{3, Indices{0, 1}}, std::pair{4, Indices{2}}}) {
        const AttestationData vote = data_at(static_cast<std::uint64_t>(slot));
        parts.push_back(sign(validators, hash_tree_root(vote), vote.slot));
        data.push_back(json_of(vote));
        keys.push_back(json_of(parts.back().claim.public_keys));
        bits.push_back(json_of(bits_of(validators)));
        messages.emplace_back(hex(hash_tree_root(vote)));
        slots.emplace_back(slot);
    }
    return real(vector_of("verify_multi_message_proofs_test",
                          {{"attestationDataPerMessage", data},
                           {"publicKeysPerMessage", keys},
                           {"aggregationBitsPerMessage", bits},
                           {"messages", messages},
                           {"slots", slots},
                           {"proof", json_of(merge(parts).proof)}}));
}

/// The two elements of a list in the other order.
json::object swapped(json::object vector, std::string_view member) {
    json::array& items = vector[member].as_array();
    std::swap(items[0], items[1]);
    return vector;
}
json::object without_last(json::object vector, std::string_view member) {
    vector[member].as_array().pop_back();
    return vector;
}

TEST(MultiMessageProofs, a_proof_is_verified) {
    expect_passed(multi());
    expect_failed(to_be_refused(multi(), "INVALID_SIGNATURE"),
                  "outcome: got success, expected INVALID_SIGNATURE");
}

TEST(MultiMessageProofs, another_order_or_number_of_messages_is_refused_by_name) {
    const json::object order = swapped(swapped(multi(), "messages"), "slots");
    expect_passed(to_be_refused(order, "INVALID_SIGNATURE"));
    const json::object number = without_last(without_last(multi(), "messages"), "slots");
    expect_passed(to_be_refused(number, "INVALID_SIGNATURE"));
    expect_failed(to_be_refused(number, "INVALID_BLOCK_PROOF"),
                  "outcome: got INVALID_SIGNATURE, expected INVALID_BLOCK_PROOF");
}

TEST(MultiMessageProofs, a_vector_that_contradicts_itself_fails_without_a_proof) {
    expect_failed(swapped(multi(), "messages"), "message: got");
    expect_failed(without_last(without_last(multi(), "messages"), "slots"),
                  "messages: got 1, expected 2");
    for (const char* list : {"publicKeysPerMessage", "aggregationBitsPerMessage", "slots"}) {
        expect_failed(without_last(multi(), list), "lists of different lengths");
    }
    expect_failed(swapped(multi(), "publicKeysPerMessage"), "another number of keys");
    expect_failed(with(multi(), "surprise", 1), "unknown member");
}

TEST(MultiMessageProofs, placeholders_and_foreign_proofs_are_skipped_with_the_reason) {
    expect_skipped(with(multi(), "proofSetting", 0), kPlaceholder);
    expect_skipped(with(multi(), "proof", {{"data", "0x00010203"}}), kForeign);
}

// ---- verify_signatures

Block block_with(const Indices& voters) {
    Block block;
    block.slot = Slot{4};
    block.proposer_index = ValidatorIndex{0};
    block.body.attestations.push_back({bits_of(voters), data_at(3)});
    return block;
}

SignedBlock sign(const Block& block, const Indices& voters) {
    const AttestationData& data = block.body.attestations.front().data;
    return {block,
            merge({sign(voters, hash_tree_root(data), data.slot),
                   sign({0}, hash_tree_root(block), block.slot, true)})};
}

json::object signatures(const SignedBlock& block) {
    return real(vector_of("verify_signatures_test",
                          {{"anchorState", anchor_json()}, {"signedBlock", json_of(block)}}));
}

TEST(VerifySignatures, a_block_is_verified) {
    const SignedBlock block = sign(block_with({1, 3}), {1, 3});
    expect_passed(signatures(block));
    expect_failed(to_be_refused(signatures(block), "INVALID_BLOCK_PROOF"),
                  "outcome: got success, expected INVALID_BLOCK_PROOF");
}

TEST(VerifySignatures, a_proof_of_another_block_is_refused_by_name) {
    SignedBlock block = sign(block_with({1, 3}), {1, 3});
    block.block.state_root = aggregation::message(7);
    expect_passed(to_be_refused(signatures(block), "INVALID_BLOCK_PROOF"));
    expect_failed(signatures(block), "outcome: got INVALID_BLOCK_PROOF, expected success");
    expect_failed(to_be_refused(signatures(block), "INVALID_SIGNATURE"),
                  "outcome: got INVALID_BLOCK_PROOF, expected INVALID_SIGNATURE");
}

TEST(VerifySignatures, what_needs_no_proof_is_judged_whatever_the_proof) {
    const auto refused = [](const SignedBlock& block, std::uint64_t setting, const char* reason) {
        return with(with(signatures(block), "proofSetting", setting), "rejectionReason", reason);
    };
    SignedBlock nobody{block_with({1}), {}};
    nobody.block.body.attestations.front().aggregation_bits.set(1, false);
    SignedBlock stranger{block_with({4}), {}};
    SignedBlock proposer{block_with({1}), {}};
    proposer.block.proposer_index = ValidatorIndex{4};
    for (const std::uint64_t setting : {0U, 1U}) {
        expect_passed(refused(nobody, setting, "EMPTY_AGGREGATION_BITS"));
        expect_passed(refused(stranger, setting, "VALIDATOR_INDEX_OUT_OF_RANGE"));
        expect_passed(refused(proposer, setting, "PROPOSER_INDEX_OUT_OF_RANGE"));
        expect_failed(refused(stranger, setting, "PROPOSER_INDEX_OUT_OF_RANGE"),
                      "outcome: got VALIDATOR_INDEX_OUT_OF_RANGE");
        expect_failed(refused({block_with({1}), {}}, setting, "EMPTY_AGGREGATION_BITS"),
                      "outcome: got success, expected EMPTY_AGGREGATION_BITS");
    }
    expect_failed(with(signatures(proposer), "proofSetting", 0),
                  "outcome: got PROPOSER_INDEX_OUT_OF_RANGE, expected success");
}

TEST(VerifySignatures, placeholders_and_foreign_proofs_are_skipped_with_the_reason) {
    SignedBlock block{block_with({1}), {ProofBytes(Bytes{0, 1, 2, 3})}};
    expect_skipped(with(signatures(block), "proofSetting", 0), kPlaceholder);
    expect_skipped(signatures(block), kForeign);
    expect_skipped(to_be_refused(signatures(block), "INVALID_BLOCK_PROOF"), kForeign);
    const SignedBlock right = sign(block_with({1}), {1});
    expect_skipped(with(signatures(right), "leanEnv", "prod"), kForeign);
    block.proof.proof = ProofBytes(to_bytes(lepton::as_bytes("\0MOCKED-AGGREGATION-PROOF\0"sv)));
    expect_failed(signatures(block), "a placeholder that is said to be a proof");
    expect_skipped(with(signatures(block), "proofSetting", 0), kPlaceholder);
    expect_failed(with(signatures(block), "surprise", 1), "unknown member");
}

// ---- reaggregation

json::array json_of_indices(const Indices& indices) {
    json::array items;
    for (const std::size_t index : indices) items.emplace_back(index);
    return items;
}

json::object reaggregation(const Indices& in_block, const Indices& local, const Indices& combined) {
    const auto filled = [](std::uint8_t byte) {
        Root root;
        root.bytes.fill(byte);
        return root;
    };
    const Checkpoint head{filled(0x11), Slot{1}};
    const AttestationData vote{Slot{1}, head, head, {filled(0x33), Slot{0}}};
    Block block;
    block.slot = Slot{2};
    block.parent_root = filled(0xaa);
    block.body.attestations.push_back({bits_of(in_block), vote});
    const std::vector<Signed> parts{sign(in_block, hash_tree_root(vote), vote.slot),
                                    sign({0}, hash_tree_root(block), block.slot, true)};
    return real(vector_of(
        "reaggregation_test",
        {{"blockProof", hex(merge(parts).proof)},
         {"publicKeysPerMessage",
          {json_of(parts[0].claim.public_keys), json_of(parts[1].claim.public_keys)}},
         {"attestationMessage", hex(hash_tree_root(vote))},
         {"attestationSlot", 1},
         {"blockAttesters", json_of_indices(in_block)},
         {"localAttesters", json_of_indices(local)},
         {"combinedAttesters", json_of_indices(combined)},
         {"reaggregatedProof", hex(sign(combined, hash_tree_root(vote), vote.slot).proof)}}));
}

TEST(Reaggregation, a_vote_is_split_verified_and_joined) {
    expect_passed(reaggregation({0, 1}, {1, 3}, {0, 1, 3}));
    expect_passed(reaggregation({0, 1}, {}, {0, 1}));
}

TEST(Reaggregation, other_attesters_than_the_union_fail) {
    expect_failed(reaggregation({0, 1}, {1, 3}, {0, 1}), "combinedAttesters: got");
    expect_failed(with(reaggregation({0, 1}, {}, {0, 1}), "blockAttesters", json_of_indices({0})),
                  "keys of the vote: got 2, expected 1");
}

TEST(Reaggregation, wrong_proofs_fail) {
    const json::object right = reaggregation({0, 1}, {3}, {0, 1, 3});
    const json::object other = reaggregation({0, 2}, {3}, {0, 2, 3});
    expect_failed(with(right, "blockProof", other.at("blockProof")), "split: ");
    expect_failed(with(right, "reaggregatedProof", other.at("reaggregatedProof")),
                  "reaggregatedProof: invalid_signature");
    expect_failed(with(right, "attestationMessage", hex(Root{})), "the vote is not the one");
    expect_failed(with(right, "surprise", 1), "unknown member");
}

TEST(Reaggregation, placeholders_and_foreign_proofs_are_skipped_with_the_reason) {
    const json::object vector = reaggregation({0, 1}, {3}, {0, 1, 3});
    expect_skipped(with(vector, "proofSetting", 0), kPlaceholder);
    expect_skipped(with(vector, "blockProof", "0x00010203"), kForeign);
    expect_skipped(with(vector, "reaggregatedProof", "0x00010203"), kForeign);
    const Outcome keyless = run_vector("reaggregation_test", "id", vector, {}, {});
    EXPECT_EQ(keyless.status, Status::skipped);
}

}  // namespace
}  // namespace lepton::spec
