// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "types/genesis.hpp"
#include "types/network_profile.hpp"
#include "types/rejection.hpp"
#include "types/ssz.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace lepton {
namespace {

constexpr ssz::DecodeContext kContext{.public_key_size = 52, .signature_size = 424};

PublicKey key(std::string_view hex) {
    return PublicKey(from_hex(hex).value());
}

/// Three validators whose genesis roots another client has pinned.
Validators three_validators() {
    const PublicKey a = key(
        "cd323f232b34ab26d6db7402c886e74ca81cfd3a0c659d2fe022356f25592f7d2d25ca7b19604f5a180037046c"
        "f2a02e1da4a800");
    const PublicKey b = key(
        "b7b0f72e24801b02bda64073cb4de6699a416b37dfead227d7ca3922647c940fa03e4c012e8a0e656b731934ae"
        "ac124a5337e333");
    const PublicKey c = key(
        "8d9cbc508b20ef43e165f8559c1bdd18aaeda805ef565a4f9ffd6e4fbed01c05e143e305017847445859650d6d"
        "d06e6efb3f8410");
    return {{a, b, ValidatorIndex{0}}, {c, a, ValidatorIndex{1}}, {b, c, ValidatorIndex{2}}};
}

State genesis() {
    return genesis_state(1770407233, three_validators());
}

TEST(Genesis, roots_are_those_of_other_clients) {
    EXPECT_EQ(to_hex(hash_tree_root(genesis())),
              "0xbabcdc9235a29dfc0d605961df51cfc85732f85291c2beea8b7510a92ec458fe");
    EXPECT_EQ(to_hex(hash_tree_root(genesis_block(genesis()))),
              "0x66a8beaa81d2aaeac7212d4bf8f5fea2bd22d479566a33a83c891661c21235ef");
}

TEST(Genesis, block_and_header_have_the_same_root) {
    BlockHeader header = genesis().latest_block_header;
    header.state_root = hash_tree_root(genesis());
    EXPECT_EQ(hash_tree_root(header), hash_tree_root(genesis_block(genesis())));
}

TEST(StateSsz, round_trip) {
    State state = genesis();
    state.slot = Slot{3};
    state.historical_block_hashes = {Root{{1}}, Root{}, Root{{2}}};
    state.justified_slots = JustifiedSlots(2);
    state.justified_slots.set(1);
    state.justifications_roots = {Root{{1}}};
    state.justifications_validators = JustificationsValidators(3);
    state.justifications_validators.set(0);
    const auto decoded = ssz::decode<State>(ssz::encode(state), kContext);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, state);
    EXPECT_NE(*decoded, genesis());
}

TEST(StateSsz, equality_looks_into_the_registry) {
    Validators other = three_validators();
    other[1].proposal_public_key = other[0].proposal_public_key;
    EXPECT_EQ(genesis(), genesis());
    EXPECT_NE(genesis(), genesis_state(1770407233, other));
}

TEST(StateSsz, registry_out_of_order_is_refused) {
    Validators shuffled = three_validators();
    std::swap(shuffled[1].index, shuffled[2].index);
    EXPECT_EQ(ssz::decode<Validators>(ssz::encode(shuffled), kContext).error(),
              ssz::DecodeError::bad_value);

    State state = genesis();
    state.validators = std::make_shared<const Validators>(shuffled);
    EXPECT_EQ(ssz::decode<State>(ssz::encode(state), kContext).error(),
              ssz::DecodeError::bad_value);
}

TEST(SignatureSsz, size_comes_from_the_network_and_has_no_offset) {
    const SignedAttestation vote{ValidatorIndex{5}, {}, Signature{Bytes(424, 0xab)}};
    const Bytes bytes = ssz::encode(vote);
    EXPECT_EQ(bytes.size(), 136U + 424U);
    EXPECT_EQ(bytes[136], 0xab);
    EXPECT_EQ(ssz::decode<SignedAttestation>(bytes, kContext).value(), vote);
    EXPECT_EQ(ssz::decode<SignedAttestation>(bytes, {.public_key_size = 52, .signature_size = 2536})
                  .error(),
              ssz::DecodeError::wrong_size);
}

/// A signed vote whose signature is known by its root.
struct Rooted {
    ValidatorIndex validator_index;
    AttestationData data;
    Root signature;
    static constexpr auto kSszFields =
        std::tuple(&Rooted::validator_index, &Rooted::data, &Rooted::signature);
};

TEST(SignatureSsz, root_takes_the_signature_root) {
    const SignedAttestation vote{ValidatorIndex{5}, {}, Signature{Bytes(424)}};
    EXPECT_EQ(signed_attestation_root(vote, Bytes32{9}),
              hash_tree_root(Rooted{vote.validator_index, vote.data, Root{{9}}}));
}

TEST(SignedBlockSsz, an_empty_proof_still_has_its_offset) {
    const Bytes bytes = ssz::encode(SignedBlock{});
    EXPECT_EQ(to_hex(ByteView(bytes).last(4)), "04000000");
    EXPECT_EQ(to_hex(ByteView(bytes).first(4)), "08000000");
}

TEST(NetworkProfile, known_names_and_an_error_that_lists_them) {
    const auto prod = network_profile("leanspec-prod").value();
    EXPECT_EQ(prod.signature_size, 2536U);
    EXPECT_EQ(prod.milliseconds_per_slot(), 4000U);
    EXPECT_EQ(network_profile("leanspec-test").value().signature_size, 424U);
    EXPECT_EQ(network_profile("mainnet").error().what,
              "unknown network profile 'mainnet', known are: leanspec-prod, leanspec-test");
}

TEST(RejectionTable, names_are_unique_and_only_rejects_cost_points) {
    std::set<std::string_view> names;
    for (const RejectionRow& row : rejection_rows()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_EQ(row.penalty > 0, row.verdict == GossipVerdict::reject) << row.name;
        EXPECT_FALSE(row.is_retryable && row.verdict == GossipVerdict::reject) << row.name;
        EXPECT_NE(row.verdict, GossipVerdict::accept) << row.name;
        EXPECT_EQ(rejection_row(row.reason).name, row.name);
    }
}

TEST(RejectionTable, what_this_node_lacks_is_retried_and_costs_nothing) {
    for (const Rejection reason : {Rejection::UNKNOWN_PARENT_BLOCK,
                                   Rejection::UNKNOWN_HEAD_BLOCK,
                                   Rejection::UNKNOWN_TARGET_BLOCK,
                                   Rejection::UNKNOWN_SOURCE_BLOCK,
                                   Rejection::ATTESTATION_TOO_FAR_IN_FUTURE,
                                   Rejection::BLOCK_TOO_FAR_IN_FUTURE}) {
        EXPECT_TRUE(rejection_row(reason).is_retryable) << to_string(reason);
        EXPECT_EQ(rejection_row(reason).penalty, 0) << to_string(reason);
    }
}

}  // namespace
}  // namespace lepton
