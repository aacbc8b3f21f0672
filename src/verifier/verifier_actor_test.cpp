// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The verifier as an actor, with real signatures and proofs of the test scheme.
#include "verifier/verifier_actor.hpp"

#include "actor/simulated_system.hpp"
#include "aggregation/bundle/bundle_backend.hpp"
#include "aggregation/test_keys.hpp"
#include "types/ssz.hpp"
#include "verifier/test_outlets.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lepton::verifier {
namespace {

using namespace std::chrono_literals;
using network_api::BlockSource;

constexpr std::uint64_t kValidators = 4;

// Validator i votes with key i and proposes with key kValidators + i.
const crypto::Signer& proposer(std::uint64_t index) {
    return aggregation::validator(static_cast<std::size_t>(kValidators + index));
}

std::shared_ptr<const Validators> registry() {
    Validators validators;
    for (std::uint64_t i = 0; i < kValidators; ++i) {
        validators.push_back({aggregation::key_of(static_cast<std::size_t>(i)),
                              PublicKey{proposer(i).public_key()},
                              ValidatorIndex{i}});
    }
    return std::make_shared<const Validators>(std::move(validators));
}

class VerifierActorTest : public testing::Test {
  protected:
    // The executor of the backend: takes 5 ms per proof, or has no room.
    void execute(std::move_only_function<void()> task) {
        if (has_room_) world_.simulator.after(5ms, std::move(task));
    }

    static AttestationData data_at(std::uint64_t slot) {
        AttestationData data;
        data.slot = Slot{slot};
        data.head.slot = Slot{slot};
        return data;
    }
    static SignedAttestation vote(std::uint64_t validator, std::uint64_t slot) {
        const AttestationData data = data_at(slot);
        const auto& signer = aggregation::validator(static_cast<std::size_t>(validator));
        return {ValidatorIndex{validator},
                data,
                Signature{signer.sign(slot, hash_tree_root(data).bytes).value()}};
    }
    static network_api::GossipId id(std::uint8_t number) {
        Bytes20 bytes{};
        bytes[0] = number;
        return bytes;
    }
    aggregation::bundle::Bundles bundles() const {
        return {aggregation::test_scheme(), {kProofSizeMax, 16}};
    }
    SignedAggregatedAttestation aggregate(const std::vector<std::uint64_t>& validators,
                                          std::uint64_t slot) const {
        const AttestationData data = data_at(slot);
        aggregation::AggregateJob job{hash_tree_root(data), data.slot, {}, {}};
        for (const std::uint64_t index : validators) {
            job.raw_signatures.push_back({ValidatorIndex{index},
                                          aggregation::key_of(static_cast<std::size_t>(index)),
                                          vote(index, slot).signature});
        }
        return {data, aggregation::bundle::aggregate(bundles(), job).value()};
    }
    // A block with one attestation by `voters`, signed by its proposer.
    SignedBlock block(std::uint64_t slot, const std::vector<std::uint64_t>& voters) const {
        const SignedAggregatedAttestation votes = aggregate(voters, slot - 1);
        SignedBlock made;
        made.block.slot = Slot{slot};
        made.block.proposer_index = ValidatorIndex{slot % kValidators};
        made.block.body.attestations.push_back({votes.proof.participants, votes.data});
        const Root root = hash_tree_root(made.block);
        const PublicKey key{proposer(slot % kValidators).public_key()};
        const Signature signature{proposer(slot % kValidators).sign(slot, root.bytes).value()};
        const auto proposal = aggregation::bundle::aggregate(
            bundles(), {root, Slot{slot}, {}, {{made.block.proposer_index, key, signature}}});
        aggregation::Claim voted{{}, hash_tree_root(votes.data), votes.data.slot};
        for (const std::uint64_t index : voters) {
            voted.public_keys.push_back(aggregation::key_of(static_cast<std::size_t>(index)));
        }
        made.proof =
            aggregation::bundle::merge(
                bundles(),
                {{{voted, votes.proof.proof}, {{{key}, root, Slot{slot}}, proposal->proof}}})
                .value();
        return made;
    }
    network_api::ReceivedBlock received(SignedBlock of, std::uint8_t number) const {
        const Root root = hash_tree_root(of.block);
        return {std::move(of), root, "peer", id(number), BlockSource::gossip};
    }
    network_api::ReceivedAttestation received(SignedAttestation of, std::uint8_t number) const {
        const Root root = hash_tree_root(of.data);
        return {std::move(of), root, "peer", id(number)};
    }
    network_api::ReceivedAggregatedAttestation received(SignedAggregatedAttestation of,
                                                        std::uint8_t number) const {
        const Root root = hash_tree_root(of.data);
        return {std::move(of), root, "peer", id(number)};
    }
    // What became of the gossip message `number`.
    std::optional<GossipVerdict> verdict_of(std::uint8_t number) const {
        for (const auto& verdict : neighbours_.verdicts) {
            if (verdict.id == id(number)) return verdict.verdict;
        }
        return std::nullopt;
    }

    /// Of one piece of work on the CPU pool.
    static constexpr Duration kJobTime = actor::SimulatorOptions{}.offload_cost;

    bool has_room_ = true;
    Metrics metrics_;
    VerifierMetrics verifier_metrics_{metrics_};
    test::Neighbours neighbours_;
    actor::SimulatedSystem world_;
    aggregation::bundle::BundleBackend backend_{
        aggregation::test_scheme(),
        {kProofSizeMax, 16},
        [this](std::move_only_function<void()> task) { execute(std::move(task)); },
        world_.simulator.clock()};
    actor::ActorRef<VerifierActor> verifier_ = world_.spawn<VerifierActor>("verifier", [this] {
        return VerifierActor{{registry(),
                              aggregation::test_scheme(),
                              backend_,
                              world_.simulator.clock(),
                              verifier_metrics_,
                              2},
                             neighbours_.outlets()};
    });
};

TEST_F(VerifierActorTest, real_messages_pass_and_forged_ones_do_not) {
    SignedAttestation forged_vote = vote(1, 3);
    forged_vote.validator_index = ValidatorIndex{2};
    SignedAggregatedAttestation forged_aggregate = aggregate({0, 1}, 3);
    forged_aggregate.proof.participants = aggregate({0, 2}, 3).proof.participants;
    SignedBlock forged_block = block(4, {0, 1, 2});
    forged_block.block.parent_root.bytes[0] = 1;

    ASSERT_TRUE(verifier_.send(received(block(4, {0, 1, 2}), 1)));
    ASSERT_TRUE(verifier_.send(received(forged_block, 2)));
    ASSERT_TRUE(verifier_.send(received(aggregate({0, 1}, 3), 3)));
    ASSERT_TRUE(verifier_.send(received(forged_aggregate, 4)));
    ASSERT_TRUE(verifier_.send(received(vote(1, 3), 5)));
    ASSERT_TRUE(verifier_.send(received(forged_vote, 6)));
    world_.simulator.run_for(1s);

    EXPECT_EQ(verdict_of(1), GossipVerdict::accept);
    EXPECT_EQ(verdict_of(2), GossipVerdict::reject);
    EXPECT_EQ(verdict_of(3), GossipVerdict::accept);
    EXPECT_EQ(verdict_of(4), GossipVerdict::reject);
    EXPECT_EQ(verdict_of(5), GossipVerdict::accept);
    EXPECT_EQ(verdict_of(6), GossipVerdict::reject);
    ASSERT_EQ(neighbours_.blocks.size(), 1U);
    EXPECT_EQ(*neighbours_.blocks[0].block, block(4, {0, 1, 2}));
    ASSERT_EQ(neighbours_.aggregates.size(), 1U);
    EXPECT_EQ(*neighbours_.aggregates[0].attestation, aggregate({0, 1}, 3));
    ASSERT_EQ(neighbours_.votes.size(), 1U);
    EXPECT_EQ(*neighbours_.votes[0].attestation, vote(1, 3));
}

TEST_F(VerifierActorTest, every_gossip_message_gets_exactly_one_verdict_under_load) {
    const SignedBlock good = block(4, {0, 1});
    const SignedAttestation one_vote = vote(1, 3);
    for (std::uint8_t number = 1; number <= 200; ++number) {
        if (number % 4 == 0) {
            SignedBlock other = good;
            other.proof.proof.push_back(number);
            ASSERT_TRUE(verifier_.send(received(std::move(other), number)));
        } else {
            SignedAttestation other = one_vote;
            other.signature.bytes.push_back(number);
            ASSERT_TRUE(verifier_.send(received(std::move(other), number)));
        }
    }
    world_.simulator.run_for(10s);
    ASSERT_EQ(neighbours_.verdicts.size(), 200U);
    for (std::uint8_t number = 1; number <= 200; ++number) EXPECT_TRUE(verdict_of(number));
    EXPECT_GT(verifier_metrics_.ignored(Kind::block, Ignored::over_budget).Value(), 0);
    EXPECT_EQ(verifier_metrics_.votes_invalid.Value(), 150);
}

TEST_F(VerifierActorTest, a_few_votes_are_verified_together_after_the_gather_time) {
    for (std::uint8_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(verifier_.send(received(vote(i, 3), static_cast<std::uint8_t>(i + 1))));
        world_.simulator.run_for(kVoteGatherTime / 4);
    }
    world_.simulator.run_for(kJobTime);
    EXPECT_TRUE(neighbours_.votes.empty());
    world_.simulator.run_for(kVoteGatherTime / 4);
    EXPECT_EQ(neighbours_.votes.size(), 3U) << "the time counts from the first";
    EXPECT_NE(metrics_.text().find("lepton_verifier_vote_batch_size_count 1\n"), std::string::npos);
    ASSERT_TRUE(verifier_.send(received(vote(3, 3), 4)));
    world_.simulator.run_for(kVoteGatherTime + kJobTime);
    EXPECT_EQ(neighbours_.votes.size(), 4U) << "and again from the next";
}

TEST_F(VerifierActorTest, enough_votes_do_not_wait) {
    for (std::size_t i = 0; i < kVotesGathered; ++i) {
        SignedAttestation other = vote(1, 3);
        other.signature.bytes.back() = static_cast<std::uint8_t>(i);
        ASSERT_TRUE(verifier_.send(received(std::move(other), static_cast<std::uint8_t>(i + 1))));
    }
    world_.simulator.run_for(kJobTime);
    EXPECT_EQ(neighbours_.verdicts.size(), kVotesGathered);
}

TEST_F(VerifierActorTest, own_votes_reach_the_blockchain_while_peers_flood) {
    for (std::uint8_t number = 1; number <= 100; ++number) {
        SignedBlock junk = block(4, {0});
        junk.proof.proof.push_back(number);
        network_api::ReceivedBlock message = received(std::move(junk), number);
        message.peer = std::to_string(number);
        ASSERT_TRUE(verifier_.send(std::move(message)));
    }
    world_.simulator.run_for(11ms);
    const SignedAttestation own = vote(2, 3);
    ASSERT_TRUE(verifier_.send(network_api::OwnAttestation{own, hash_tree_root(own.data)}));
    world_.simulator.run_for(6ms);
    ASSERT_EQ(neighbours_.votes.size(), 1U) << "one piece of work of 5 ms, whatever else waits";
    EXPECT_EQ(*neighbours_.votes[0].attestation, own);
    EXPECT_GT(verifier_metrics_.waiting.Value(), 50);
}

TEST_F(VerifierActorTest, own_messages_are_delivered_when_the_blockchain_has_room_again) {
    neighbours_.is_blockchain_full = true;
    const SignedAttestation own = vote(2, 3);
    ASSERT_TRUE(verifier_.send(network_api::OwnAttestation{own, hash_tree_root(own.data)}));
    world_.simulator.run_for(1s);
    EXPECT_TRUE(neighbours_.votes.empty());
    neighbours_.is_blockchain_full = false;
    world_.simulator.run_for(kRetryDelay);
    ASSERT_EQ(neighbours_.votes.size(), 1U);
}

TEST_F(VerifierActorTest, a_proof_waits_while_the_backend_has_no_room) {
    has_room_ = false;
    ASSERT_TRUE(verifier_.send(received(block(4, {0, 1}), 1)));
    world_.simulator.run_for(500ms);
    EXPECT_EQ(verdict_of(1), std::nullopt);
    has_room_ = true;
    world_.simulator.run_for(50ms);
    EXPECT_EQ(verdict_of(1), GossipVerdict::accept);
}

TEST_F(VerifierActorTest, results_of_an_earlier_incarnation_are_counted_not_believed) {
    ASSERT_TRUE(verifier_.send(received(block(4, {0}), 1)));
    world_.simulator.run_ready();
    auto stale = std::make_shared<ProofTask>(BlockTask{block(4, {0}), {}, {}, {}});
    ASSERT_TRUE(verifier_.send(ProofChecked{stale, {}, {}, std::make_shared<const int>()}));
    world_.simulator.run_ready();
    EXPECT_TRUE(neighbours_.blocks.empty());
    EXPECT_EQ(verifier_metrics_.ignored(Kind::block, Ignored::not_checked).Value(), 1);
    world_.simulator.run_for(1s);
    EXPECT_EQ(neighbours_.blocks.size(), 1U);
}

}  // namespace
}  // namespace lepton::verifier
