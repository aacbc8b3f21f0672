// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keys of the test scheme: 256 slots, prepared in parts of 16, two at a time.
#include "blockchain/key_room.hpp"

#include "crypto/signature_scheme.hpp"
#include "validator/simulated_journal_file.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using validator::Role;
using validator::SignFailureKind;

class KeyRoomTest : public testing::Test {
  protected:
    static std::unique_ptr<crypto::Signer> make_key(std::uint64_t seed, std::uint64_t slots) {
        const auto& scheme = crypto::signature_scheme(crypto::SchemeId::leansig_test);
        SeededRandom random{seed};
        crypto::KeyPair pair = scheme.generate(random, 0, slots, crypto::run_in_order, {}).value();
        return scheme.load_secret_key(pair.public_key, std::move(pair.secret_key_ssz)).value();
    }
    std::unique_ptr<KeyRoom> make_room() {
        validator::KeyStore keys;
        keys.add(ValidatorIndex{0}, Role::attestation, make_key(1, 96));
        keys.add(ValidatorIndex{0}, Role::proposal, make_key(2, 32));
        return std::make_unique<KeyRoom>(
            std::move(keys),
            validator::SigningJournal::open(disk_.open("journal").value(), random_, Slot{0})
                .value());
    }
    static validator::SignRequest vote_at(std::uint64_t slot, std::uint8_t message = 1) {
        validator::SignRequest request{.validator_index = ValidatorIndex{0},
                                       .role = Role::attestation,
                                       .slot = Slot{slot},
                                       .message = {}};
        request.message.bytes[0] = message;
        return request;
    }

    validator::SimulatedDisk disk_;
    SeededRandom random_{3};
    std::unique_ptr<KeyRoom> room_ = make_room();
};

TEST_F(KeyRoomTest, signs_through_the_journal) {
    EXPECT_EQ(room_->validators(), std::vector{ValidatorIndex{0}});
    const SignResults first = room_->sign({vote_at(3)});
    ASSERT_TRUE(first[0]);
    const SignResults other = room_->sign({vote_at(3, 2)});
    ASSERT_FALSE(other[0]);
    EXPECT_EQ(other[0].error().kind, SignFailureKind::refused_by_journal);
    EXPECT_EQ(room_->sign({vote_at(3)})[0].value(), *first[0]) << "the same message again is safe";
}

TEST_F(KeyRoomTest, a_key_is_prepared_further_before_its_window_ends) {
    EXPECT_FALSE(room_->next_preparation(Slot{15}));
    const auto next = room_->next_preparation(Slot{16});
    ASSERT_TRUE(next) << "the second half has begun; the other key ends with its window";
    EXPECT_EQ(next->key->prepared(), (crypto::SlotRange{0, 32}));
    EXPECT_EQ(room_->sign({vote_at(32)})[0].error().kind, SignFailureKind::outside_key_window);

    room_->install(*next->key, KeyRoom::build(*next, {}));
    EXPECT_EQ(next->key->prepared(), (crypto::SlotRange{16, 48}));
    EXPECT_FALSE(room_->next_preparation(Slot{16}));
    EXPECT_TRUE(room_->sign({vote_at(31)})[0]);
    EXPECT_TRUE(room_->sign({vote_at(32)})[0]);
    EXPECT_TRUE(room_->sign({vote_at(47)})[0]);
}

TEST_F(KeyRoomTest, a_stop_request_ends_the_building_of_a_window) {
    const auto next = room_->next_preparation(Slot{70});
    ASSERT_TRUE(next);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(KeyRoom::build(*next, stop.get_token()).error(),
              crypto::SignatureError::secret_key_bottom_root);
}

TEST_F(KeyRoomTest, a_key_that_cannot_sign_now_comes_first) {
    EXPECT_EQ(room_->not_ready(Slot{31}), 0U);
    EXPECT_EQ(room_->not_ready(Slot{70}), 1U);
    const auto next = room_->next_preparation(Slot{70});
    ASSERT_TRUE(next);
    room_->install(*next->key, KeyRoom::build(*next, {}));
    EXPECT_TRUE(next->key->prepared().contains(70));
    EXPECT_EQ(room_->not_ready(Slot{70}), 0U) << "the other key never signs that slot";
    EXPECT_TRUE(room_->sign({vote_at(70)})[0]);
    EXPECT_FALSE(room_->next_preparation(Slot{300})) << "no key ever signs that slot";
}

TEST_F(KeyRoomTest, a_key_that_cannot_be_prepared_is_not_tried_again) {
    const auto next = room_->next_preparation(Slot{20});
    ASSERT_TRUE(next);
    room_->install(*next->key, std::unexpected(crypto::SignatureError::secret_key_bottom_root));
    EXPECT_FALSE(room_->next_preparation(Slot{20}));
    EXPECT_TRUE(room_->sign({vote_at(20)})[0]) << "what is prepared still signs";
}

}  // namespace
}  // namespace lepton::blockchain
