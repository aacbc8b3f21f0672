// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/signer.hpp"

#include "validator/simulated_journal_file.hpp"
#include "validator/test_keys.hpp"

#include <gtest/gtest.h>

namespace lepton::validator {
namespace {

Root root_of(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

/// Validators 3 and 5 of a node, with a journal on a simulated disk.
class JournaledSignerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        for (const std::uint64_t index : std::vector<std::uint64_t>{3, 5}) {
            for (const Role role : {Role::attestation, Role::proposal}) {
                const TestKey& key = test_key(2 * index + (role == Role::proposal ? 1U : 0U));
                auto signer = test_scheme().load_secret_key(key.public_key, key.secret_key);
                ASSERT_TRUE(signer);
                keys_.add(ValidatorIndex{index}, role, std::move(*signer));
            }
        }
        open();
    }

    void open() {
        SystemRandom random;
        journal_.reset();
        journal_.emplace(
            SigningJournal::open(disk_.open("journal").value(), random, Slot{0}).value());
    }

    Result<Signature, SignFailure> sign(std::uint64_t index,
                                        Role role,
                                        std::uint64_t slot,
                                        std::uint8_t message) {
        return JournaledSigner(keys_, *journal_)
            .sign(ValidatorIndex{index}, role, Slot{slot}, root_of(message));
    }

    /// Returns the kind of the failure; asserts that there is one.
    SignFailureKind failure(std::uint64_t index,
                            Role role,
                            std::uint64_t slot,
                            std::uint8_t message) {
        const auto result = sign(index, role, slot, message);
        EXPECT_FALSE(result);
        return result ? SignFailureKind::unknown_key : result.error().kind;
    }

    void expect_valid(const Signature& signature,
                      std::uint64_t index,
                      Role role,
                      std::uint64_t slot,
                      std::uint8_t message) {
        const TestKey& key = test_key(2 * index + (role == Role::proposal ? 1U : 0U));
        EXPECT_TRUE(test_scheme().verify({.public_key = key.public_key,
                                          .slot = slot,
                                          .message = root_of(message).bytes,
                                          .signature = signature.bytes}));
    }

    SimulatedDisk disk_;
    KeyStore keys_;
    std::optional<SigningJournal> journal_;
};

TEST_F(JournaledSignerTest, signs_with_the_key_of_the_role) {
    expect_valid(sign(3, Role::attestation, 7, 1).value(), 3, Role::attestation, 7, 1);
    expect_valid(sign(3, Role::proposal, 7, 2).value(), 3, Role::proposal, 7, 2);
    expect_valid(sign(5, Role::attestation, 7, 1).value(), 5, Role::attestation, 7, 1);
}

TEST_F(JournaledSignerTest, the_same_message_again_gives_the_same_signature_also_after_a_restart) {
    const Signature first = sign(3, Role::attestation, 7, 1).value();
    EXPECT_EQ(sign(3, Role::attestation, 7, 1).value(), first);
    open();
    EXPECT_EQ(sign(3, Role::attestation, 7, 1).value(), first);
}

TEST_F(JournaledSignerTest, another_message_for_a_used_slot_is_refused_for_ever) {
    ASSERT_TRUE(sign(3, Role::attestation, 7, 1));
    EXPECT_EQ(failure(3, Role::attestation, 7, 2), SignFailureKind::refused_by_journal);
    EXPECT_EQ(failure(3, Role::attestation, 6, 1), SignFailureKind::refused_by_journal);
    open();
    EXPECT_EQ(failure(3, Role::attestation, 7, 2), SignFailureKind::refused_by_journal);
    EXPECT_EQ(sign(3, Role::attestation, 7, 2).error().what,
              "refused_by_journal validator=3 role=attestation slot=7 reason=other_message");
}

TEST_F(JournaledSignerTest, unknown_keys_and_slots_outside_a_key_are_told_apart_and_claim_nothing) {
    const crypto::Signer& signer = *keys_.find(ValidatorIndex{3}, Role::attestation);
    const std::uint64_t end = signer.activation().end;
    const std::uint64_t prepared = signer.prepared().end;
    ASSERT_LT(prepared, end);
    EXPECT_EQ(failure(4, Role::attestation, 7, 1), SignFailureKind::unknown_key);
    EXPECT_EQ(failure(3, Role::attestation, end, 1), SignFailureKind::outside_key_lifetime);
    EXPECT_EQ(failure(3, Role::attestation, prepared, 1), SignFailureKind::outside_key_window);
    const KeyId& key = keys_.key_id(ValidatorIndex{3}, Role::attestation);
    EXPECT_EQ(journal_->record(key), std::nullopt);
    ASSERT_TRUE(
        keys_.find(ValidatorIndex{3}, Role::attestation)->prepare(prepared, crypto::run_in_order));
    EXPECT_TRUE(sign(3, Role::attestation, prepared, 1));
}

TEST_F(JournaledSignerTest, a_disk_that_fails_gives_no_signature_and_ends_signing) {
    disk_.fail_at(1);
    EXPECT_EQ(failure(3, Role::attestation, 7, 1), SignFailureKind::io_error);
    disk_.fail_at(0);
    EXPECT_EQ(failure(5, Role::attestation, 7, 1), SignFailureKind::io_error);
    EXPECT_EQ(failure(4, Role::attestation, 7, 1), SignFailureKind::unknown_key);
}

TEST_F(JournaledSignerTest, a_duty_of_all_validators_is_one_batch) {
    ASSERT_TRUE(sign(5, Role::attestation, 7, 9));
    const std::vector<SignRequest> requests{
        {ValidatorIndex{3}, Role::attestation, Slot{7}, root_of(1)},
        {ValidatorIndex{4}, Role::attestation, Slot{7}, root_of(1)},
        {ValidatorIndex{5}, Role::attestation, Slot{7}, root_of(1)},
        {ValidatorIndex{5}, Role::proposal, Slot{7}, root_of(2)},
    };
    const auto results = JournaledSigner(keys_, *journal_).sign_all(requests);
    ASSERT_EQ(results.size(), 4U);
    expect_valid(results[0].value(), 3, Role::attestation, 7, 1);
    EXPECT_EQ(results[1].error().kind, SignFailureKind::unknown_key);
    EXPECT_EQ(results[2].error().kind, SignFailureKind::refused_by_journal);
    expect_valid(results[3].value(), 5, Role::proposal, 7, 2);
}

}  // namespace
}  // namespace lepton::validator
