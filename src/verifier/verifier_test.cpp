// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The verifier as a plain class: the test says which signatures are valid.
#include "verifier/verifier.hpp"

#include "types/ssz.hpp"
#include "verifier/test_outlets.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lepton::verifier {
namespace {

using aggregation::AggregationError;
using crypto::SignatureError;
using network_api::BlockSource;
using network_api::PublishKind;

constexpr std::size_t kValidators = 4;
constexpr std::size_t kJobsMax = 2;

class VerifierTest : public testing::Test {
  protected:
    static std::shared_ptr<const Validators> registry() {
        Validators validators(kValidators);
        for (std::uint64_t i = 0; i < kValidators; ++i) {
            validators[i].attestation_public_key = PublicKey(Bytes{static_cast<std::uint8_t>(i)});
            validators[i].proposal_public_key = PublicKey(Bytes{static_cast<std::uint8_t>(i + 9)});
            validators[i].index = ValidatorIndex{i};
        }
        return std::make_shared<const Validators>(std::move(validators));
    }

    static SignedAttestation vote(std::uint64_t validator, std::uint8_t signature = 1) {
        SignedAttestation made;
        made.validator_index = ValidatorIndex{validator};
        made.data.slot = Slot{7};
        made.signature.bytes = {signature};
        return made;
    }
    static SignedAggregatedAttestation aggregate(std::uint64_t participant,
                                                 std::uint8_t proof = 1) {
        SignedAggregatedAttestation made;
        made.data.slot = Slot{7};
        made.proof.participants = AggregationBits(static_cast<std::size_t>(participant) + 1);
        made.proof.participants.set(static_cast<std::size_t>(participant));
        made.proof.proof.push_back(proof);
        return made;
    }
    static SignedBlock block(std::uint64_t slot, std::uint8_t proof = 1) {
        SignedBlock made;
        made.block.slot = Slot{slot};
        made.block.proposer_index = ValidatorIndex{slot % kValidators};
        made.proof.proof.push_back(proof);
        return made;
    }
    // A new gossip id each time.
    network_api::GossipId gossip() {
        Bytes20 id{};
        id[0] = ++last_id_;
        return id;
    }

    network_api::ReceivedAttestation received(SignedAttestation of, std::string peer = "peer") {
        const Root root = hash_tree_root(of.data);
        return {std::move(of), root, std::move(peer), gossip()};
    }
    network_api::ReceivedAggregatedAttestation received(SignedAggregatedAttestation of,
                                                        std::string peer = "peer") {
        const Root root = hash_tree_root(of.data);
        return {std::move(of), root, std::move(peer), gossip()};
    }
    network_api::ReceivedBlock received(SignedBlock of, std::string peer = "peer") {
        const Root root = hash_tree_root(of.block);
        return {std::move(of), root, std::move(peer), gossip(), BlockSource::gossip};
    }
    network_api::ReceivedBlock answer(SignedBlock of) {
        const Root root = hash_tree_root(of.block);
        return {std::move(of), root, "peer", std::nullopt, BlockSource::sync};
    }

    VoteBatch take_votes() {
        verifier_.end_gathering();
        return std::get<VoteBatch>(verifier_.next_work().value());
    }
    ProofWork take_proof() { return std::get<ProofWork>(verifier_.next_work().value()); }
    void finish_votes(VoteBatch batch, std::vector<crypto::VerifyVerdict> verdicts) {
        batch.verdicts = std::move(verdicts);
        verifier_.finish(std::move(batch), Duration{});
    }
    void finish_proof(ProofWork work, Result<void, AggregationError> verdict) {
        verifier_.finish(std::move(work.task), verdict, Duration{});
    }
    // The verdict on the latest message that got one.
    GossipVerdict last_verdict() const { return verdicts().back().verdict; }
    const std::vector<network_api::GossipVerdictMessage>& verdicts() const {
        return neighbours_.verdicts;
    }

    Metrics registry_of_metrics_;
    VerifierMetrics metrics_{registry_of_metrics_};
    test::Neighbours neighbours_;
    Verifier verifier_{registry(), kJobsMax, neighbours_.outlets(), metrics_};
    std::uint8_t last_id_ = 0;
};

TEST_F(VerifierTest, a_valid_vote_reaches_the_blockchain_and_is_forwarded) {
    const auto message = received(vote(2), "alice");
    const Root root = message.data_root;
    const auto id = message.gossip_id;
    verifier_.receive(message);
    EXPECT_TRUE(neighbours_.votes.empty()) << "nothing is believed unverified";
    EXPECT_TRUE(verdicts().empty());
    finish_votes(take_votes(), {{}});

    ASSERT_EQ(neighbours_.votes.size(), 1U);
    EXPECT_EQ(*neighbours_.votes[0].attestation, vote(2));
    EXPECT_EQ(neighbours_.votes[0].attestation.root(), root);
    EXPECT_EQ(neighbours_.votes[0].peer, "alice");
    ASSERT_EQ(verdicts().size(), 1U);
    EXPECT_EQ(verdicts()[0].id, id.value());
    EXPECT_EQ(verdicts()[0].peer, "alice");
    EXPECT_EQ(verdicts()[0].verdict, GossipVerdict::accept);
    EXPECT_EQ(verdicts()[0].reason, std::nullopt);
    EXPECT_EQ(metrics_.votes_valid.Value(), 1);
}

TEST_F(VerifierTest, votes_of_several_peers_are_verified_together_and_judged_alone) {
    for (std::uint64_t i = 0; i < 3; ++i) verifier_.receive(received(vote(i), std::to_string(i)));
    VoteBatch batch = take_votes();
    ASSERT_EQ(batch.tasks.size(), 3U);
    finish_votes(std::move(batch), {{}, std::unexpected(SignatureError::root_mismatch), {}});
    ASSERT_EQ(neighbours_.votes.size(), 2U);
    EXPECT_EQ(neighbours_.votes[1].attestation->validator_index, ValidatorIndex{2});
    ASSERT_EQ(verdicts().size(), 3U);
    EXPECT_EQ(verdicts()[1].peer, "1");
    EXPECT_EQ(verdicts()[1].verdict, GossipVerdict::reject);
    EXPECT_EQ(verdicts()[1].reason, Rejection::INVALID_SIGNATURE);
    EXPECT_EQ(metrics_.votes_invalid.Value(), 1);
}

TEST_F(VerifierTest, a_vote_waits_for_others_but_only_as_long_as_it_is_told_to) {
    verifier_.receive(received(vote(1)));
    EXPECT_FALSE(verifier_.next_work());
    EXPECT_TRUE(verifier_.is_gathering());
    verifier_.receive(network_api::OwnAttestation{vote(2), hash_tree_root(vote(2).data)});
    EXPECT_EQ(std::get<VoteBatch>(verifier_.next_work().value()).tasks.size(), 1U)
        << "our own do not wait";
    verifier_.end_gathering();
    EXPECT_FALSE(verifier_.is_gathering());
    VoteBatch batch = std::get<VoteBatch>(verifier_.next_work().value());
    EXPECT_EQ(batch.tasks.size(), 1U);
    finish_votes(std::move(batch), {{}});
    const std::string text = registry_of_metrics_.text();
    for (const char* sample : {"lepton_verifier_vote_batch_size_bucket{le=\"1\"} 1",
                               "lepton_verifier_vote_batch_size_sum 1",
                               "lepton_verifier_vote_batch_size_count 1"}) {
        EXPECT_NE(text.find(sample), std::string::npos) << sample;
    }
}

TEST_F(VerifierTest, a_vote_of_nobody_is_refused_unverified) {
    verifier_.receive(received(vote(kValidators)));
    EXPECT_FALSE(verifier_.is_gathering());
    EXPECT_FALSE(verifier_.next_work());
    ASSERT_EQ(verdicts().size(), 1U);
    EXPECT_EQ(verdicts()[0].verdict, GossipVerdict::reject);
    EXPECT_EQ(verdicts()[0].reason, Rejection::VALIDATOR_NOT_IN_STATE);
}

TEST_F(VerifierTest, the_claims_of_a_block_are_its_attestations_and_its_proposer) {
    SignedBlock made = block(6);
    made.block.body.attestations.push_back({aggregate(3).proof.participants, aggregate(3).data});
    const Root root = hash_tree_root(made.block);
    verifier_.receive(received(made));
    ProofWork work = take_proof();
    const auto validators = registry();
    EXPECT_EQ(
        work.claims,
        (std::vector<aggregation::Claim>{
            {{(*validators)[3].attestation_public_key}, hash_tree_root(aggregate(3).data), Slot{7}},
            {{(*validators)[2].proposal_public_key}, root, Slot{6}},
        }));
    finish_proof(std::move(work), {});
    ASSERT_EQ(neighbours_.blocks.size(), 1U);
    EXPECT_EQ(*neighbours_.blocks[0].block, made);
    EXPECT_EQ(neighbours_.blocks[0].source, BlockSource::gossip);
    EXPECT_EQ(last_verdict(), GossipVerdict::accept);
}

TEST_F(VerifierTest, structural_faults_are_named_before_any_proof_is_checked) {
    SignedBlock no_bits = block(1);
    no_bits.block.body.attestations.push_back({AggregationBits(3), {}});
    SignedBlock bit_of_nobody = block(1);
    bit_of_nobody.block.body.attestations.push_back(
        {aggregate(kValidators).proof.participants, {}});
    SignedBlock too_many = block(1);
    too_many.block.body.attestations.resize(kMaxAttestationsData + 1);
    SignedBlock unknown_proposer = block(1);
    unknown_proposer.block.proposer_index = ValidatorIndex{kValidators};
    SignedAggregatedAttestation of_nobody = aggregate(kValidators);
    SignedAggregatedAttestation of_none = aggregate(0);
    of_none.proof.participants = {};

    verifier_.receive(received(no_bits));
    verifier_.receive(received(bit_of_nobody));
    verifier_.receive(received(too_many));
    verifier_.receive(received(unknown_proposer));
    verifier_.receive(received(of_nobody));
    verifier_.receive(received(of_none));
    EXPECT_FALSE(verifier_.next_work());
    std::vector<Rejection> reasons;
    for (const auto& verdict : verdicts()) {
        EXPECT_EQ(verdict.verdict, GossipVerdict::reject);
        reasons.push_back(verdict.reason.value());
    }
    EXPECT_EQ(reasons,
              (std::vector{Rejection::EMPTY_AGGREGATION_BITS,
                           Rejection::VALIDATOR_INDEX_OUT_OF_RANGE,
                           Rejection::TOO_MANY_ATTESTATION_DATA,
                           Rejection::PROPOSER_INDEX_OUT_OF_RANGE,
                           Rejection::VALIDATOR_NOT_IN_STATE,
                           Rejection::EMPTY_AGGREGATION_BITS}));
    EXPECT_EQ(verifier_.under_way(), 0U);
    EXPECT_EQ(verifier_.waiting(), 0U);
}

TEST_F(VerifierTest, a_wrong_block_proof_costs_its_sender) {
    verifier_.receive(received(block(1)));
    finish_proof(take_proof(), std::unexpected(AggregationError::invalid_signature));
    EXPECT_TRUE(neighbours_.blocks.empty());
    ASSERT_EQ(verdicts().size(), 1U);
    EXPECT_EQ(verdicts()[0].verdict, GossipVerdict::reject);
    EXPECT_EQ(verdicts()[0].reason, Rejection::INVALID_BLOCK_PROOF);
    EXPECT_TRUE(neighbours_.reports.empty()) << "the penalty follows the verdict";
}

TEST_F(VerifierTest, a_wrong_answer_to_a_request_is_reported) {
    verifier_.receive(answer(block(1)));
    finish_proof(take_proof(), std::unexpected(AggregationError::invalid_signature));
    EXPECT_TRUE(verdicts().empty());
    ASSERT_EQ(neighbours_.reports.size(), 1U);
    EXPECT_EQ(neighbours_.reports[0].peer, "peer");
    EXPECT_EQ(neighbours_.reports[0].reason, Rejection::INVALID_BLOCK_PROOF);
    EXPECT_EQ(neighbours_.reports[0].root, hash_tree_root(block(1).block));
}

TEST_F(VerifierTest, a_proof_of_another_system_is_ignored_and_named) {
    verifier_.receive(received(aggregate(1)));
    finish_proof(take_proof(), std::unexpected(AggregationError::foreign_proof));
    ASSERT_EQ(verdicts().size(), 1U);
    EXPECT_EQ(verdicts()[0].verdict, GossipVerdict::ignore);
    EXPECT_EQ(verdicts()[0].reason, Rejection::FOREIGN_PROOF);
    EXPECT_EQ(metrics_.ignored(Kind::aggregate, Ignored::foreign_proof).Value(), 1);
    verifier_.receive(received(aggregate(1)));
    EXPECT_TRUE(verifier_.next_work()) << "foreign is not invalid";
}

TEST_F(VerifierTest, a_check_that_did_not_happen_says_nothing_about_the_proof) {
    verifier_.receive(received(aggregate(1)));
    finish_proof(take_proof(), std::unexpected(AggregationError::deadline));
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore);
    EXPECT_EQ(metrics_.ignored(Kind::aggregate, Ignored::not_checked).Value(), 1);
    verifier_.receive(received(vote(1)));
    verifier_.give_up(take_votes());
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore);
    EXPECT_EQ(metrics_.ignored(Kind::vote, Ignored::not_checked).Value(), 1);
    EXPECT_EQ(verifier_.under_way(), 0U);
}

TEST_F(VerifierTest, a_proof_that_nobody_had_room_for_is_tried_again_but_not_forever) {
    verifier_.receive(received(block(1)));
    for (unsigned i = 0; i < kProofRefusalsMax; ++i) {
        finish_proof(take_proof(), std::unexpected(AggregationError::dropped));
        EXPECT_TRUE(verdicts().empty());
    }
    finish_proof(take_proof(), std::unexpected(AggregationError::dropped));
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore);
    EXPECT_EQ(metrics_.ignored(Kind::block, Ignored::not_checked).Value(), 1);
    EXPECT_EQ(verifier_.waiting(), 0U);
}

TEST_F(VerifierTest, bytes_found_invalid_are_refused_unread) {
    verifier_.receive(received(block(1, 66)));
    finish_proof(take_proof(), std::unexpected(AggregationError::invalid_signature));
    verifier_.receive(answer(block(1, 66)));
    EXPECT_FALSE(verifier_.next_work());
    EXPECT_EQ(neighbours_.reports.size(), 1U);
    EXPECT_EQ(metrics_.known_invalid.Value(), 1);

    verifier_.receive(received(vote(1, 66)));
    finish_votes(take_votes(), {std::unexpected(SignatureError::root_mismatch)});
    verifier_.receive(received(vote(1, 66)));
    EXPECT_FALSE(verifier_.is_gathering());
    EXPECT_EQ(last_verdict(), GossipVerdict::reject);
    EXPECT_EQ(metrics_.known_invalid.Value(), 2);

    verifier_.receive(received(block(1, 67)));
    EXPECT_TRUE(verifier_.next_work()) << "a garbage proof must not censor the block itself";
}

TEST_F(VerifierTest, a_vote_is_verified_once_whatever_its_signature) {
    verifier_.receive(received(vote(1)));
    finish_votes(take_votes(), {{}});
    verifier_.receive(received(vote(1, 2)));
    EXPECT_FALSE(verifier_.is_gathering());
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore) << "not forwarded: it was not verified";
    EXPECT_EQ(neighbours_.votes.size(), 1U);
    EXPECT_EQ(metrics_.ignored(Kind::vote, Ignored::duplicate).Value(), 1);
    verifier_.receive(received(vote(2)));
    EXPECT_EQ(take_votes().tasks.size(), 1U);
}

TEST_F(VerifierTest, a_block_seen_on_gossip_is_still_taken_as_an_answer) {
    verifier_.receive(received(block(1)));
    finish_proof(take_proof(), {});
    verifier_.receive(received(block(1, 2)));
    EXPECT_FALSE(verifier_.next_work());
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore);
    verifier_.receive(answer(block(1)));
    finish_proof(take_proof(), {});
    ASSERT_EQ(neighbours_.blocks.size(), 2U);
    EXPECT_EQ(neighbours_.blocks[1].source, BlockSource::sync);
}

TEST_F(VerifierTest, a_peer_over_budget_is_ignored_and_counted) {
    for (std::uint64_t slot = 1; slot <= kBlocksPerPeerMax + 1; ++slot) {
        verifier_.receive(received(block(slot), "greedy"));
    }
    ASSERT_EQ(verdicts().size(), 1U);
    EXPECT_EQ(verdicts()[0].peer, "greedy");
    EXPECT_EQ(verdicts()[0].verdict, GossipVerdict::ignore);
    EXPECT_EQ(verdicts()[0].reason, std::nullopt);
    EXPECT_EQ(metrics_.ignored(Kind::block, Ignored::over_budget).Value(), 1);
    finish_proof(take_proof(), {});
    verifier_.receive(received(block(99), "greedy"));
    EXPECT_EQ(metrics_.ignored(Kind::block, Ignored::over_budget).Value(), 1);
}

TEST_F(VerifierTest, a_full_blockchain_actor_means_ignore) {
    neighbours_.is_blockchain_full = true;
    verifier_.receive(received(vote(1)));
    finish_votes(take_votes(), {{}});
    EXPECT_TRUE(neighbours_.votes.empty());
    EXPECT_EQ(last_verdict(), GossipVerdict::ignore);
    EXPECT_EQ(metrics_.ignored(Kind::vote, Ignored::blockchain_full).Value(), 1);
}

TEST_F(VerifierTest, our_own_messages_wait_for_room_in_order) {
    neighbours_.is_blockchain_full = true;
    for (std::uint64_t i = 0; i < 3; ++i) {
        verifier_.receive(network_api::OwnAttestation{vote(i), hash_tree_root(vote(i).data)});
        finish_votes(take_votes(), {{}});
    }
    EXPECT_TRUE(verifier_.retry_own());
    neighbours_.is_blockchain_full = false;
    verifier_.receive(network_api::OwnAttestation{vote(3), hash_tree_root(vote(3).data)});
    finish_votes(take_votes(), {{}});
    EXPECT_TRUE(neighbours_.votes.empty()) << "nothing overtakes what waits";
    EXPECT_FALSE(verifier_.retry_own());
    ASSERT_EQ(neighbours_.votes.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(neighbours_.votes[i].attestation->validator_index, ValidatorIndex{i});
        EXPECT_EQ(neighbours_.votes[i].peer, "");
    }
    EXPECT_TRUE(verdicts().empty()) << "nobody waits for a verdict on our own";
}

TEST_F(VerifierTest, own_work_has_a_place_when_all_others_are_taken) {
    for (std::uint64_t slot = 1; slot <= 4; ++slot) verifier_.receive(received(block(slot)));
    const auto first = verifier_.next_work();
    const auto second = verifier_.next_work();
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(verifier_.next_work());
    verifier_.receive(network_api::OwnAttestation{vote(1), hash_tree_root(vote(1).data)});
    const auto own = verifier_.next_work();
    ASSERT_TRUE(own);
    EXPECT_TRUE(std::get<VoteBatch>(*own).tasks[0].origin.is_own);
    EXPECT_EQ(verifier_.under_way(), kJobsMax + 1);
}

TEST_F(VerifierTest, our_own_wrong_messages_are_reported_to_the_blockchain) {
    verifier_.receive(network_api::OwnBlock{block(5), hash_tree_root(block(5).block)});
    finish_proof(take_proof(), std::unexpected(AggregationError::invalid_signature));
    verifier_.receive(network_api::OwnAttestation{vote(9), hash_tree_root(vote(9).data)});
    SignedAggregatedAttestation made = aggregate(1);
    verifier_.receive(network_api::OwnAggregatedAttestation{made, hash_tree_root(made.data)});
    finish_proof(take_proof(), std::unexpected(AggregationError::foreign_proof));

    ASSERT_EQ(neighbours_.refused.size(), 3U);
    EXPECT_EQ(neighbours_.refused[0].kind, PublishKind::block);
    EXPECT_EQ(neighbours_.refused[0].slot, Slot{5});
    EXPECT_EQ(neighbours_.refused[0].root, hash_tree_root(block(5).block));
    EXPECT_EQ(neighbours_.refused[0].reason, Rejection::INVALID_BLOCK_PROOF);
    EXPECT_EQ(neighbours_.refused[1].kind, PublishKind::attestation);
    EXPECT_EQ(neighbours_.refused[1].reason, Rejection::VALIDATOR_NOT_IN_STATE);
    EXPECT_EQ(neighbours_.refused[2].kind, PublishKind::aggregated_attestation);
    EXPECT_EQ(neighbours_.refused[2].reason, Rejection::FOREIGN_PROOF);
    EXPECT_EQ(metrics_.own_refused.Value(), 3);
}

TEST_F(VerifierTest, work_that_could_not_start_is_handed_out_again) {
    verifier_.receive(received(block(1)));
    verifier_.put_back(verifier_.next_work().value());
    EXPECT_EQ(verifier_.under_way(), 0U);
    finish_proof(take_proof(), {});
    EXPECT_EQ(neighbours_.blocks.size(), 1U);
}

TEST_F(VerifierTest, every_metric_is_there_from_the_start) {
    const std::string text = registry_of_metrics_.text();
    for (const char* name :
         {"lean_pq_sig_attestation_signatures_valid_total 0",
          "lean_pq_sig_attestation_signatures_invalid_total 0",
          "lean_pq_sig_attestation_verification_time_seconds_count 0",
          "lean_pq_sig_aggregated_signatures_valid_total 0",
          "lean_pq_sig_aggregated_signatures_invalid_total 0",
          "lean_pq_sig_aggregated_signatures_verification_time_seconds_count 0",
          "lepton_verifier_ignored_total{kind=\"vote\",reason=\"over_budget\"} 0",
          "lepton_verifier_own_refused_total 0"}) {
        EXPECT_NE(text.find(name), std::string::npos) << name;
    }
}

}  // namespace
}  // namespace lepton::verifier
