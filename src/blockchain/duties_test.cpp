// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What this node's validators do, and what becomes of it when jobs are late or fail.
#include "blockchain/test_chain.hpp"

#include <gtest/gtest.h>

namespace lepton::blockchain {
namespace {

using aggregation::AggregationError;
using network_api::OwnAggregatedAttestation;
using network_api::OwnAttestation;
using network_api::OwnBlock;
using network_api::OwnMessageRefused;
using network_api::PublishKind;
using test::TestChain;
using validator::Role;
using validator::SignFailure;
using validator::SignFailureKind;

bool is_role(const Effect& effect, Role role) {
    const auto* job = std::get_if<SignJob>(&effect);
    return job != nullptr && job->requests.front().role == role;
}

SignResults all_fail(const SignJob& job, SignFailureKind kind) {
    return SignResults(job.requests.size(), std::unexpected(SignFailure{kind, "for a test"}));
}

// ---- votes

TEST(Attest, all_validators_vote_for_the_same_at_phase_1) {
    TestChain node;
    node.go_to(1);
    EXPECT_EQ(node.votes.size(), 4U) << "those of slot 0";
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(1, 1);
    const auto jobs = node.take_held<SignJob>();
    ASSERT_EQ(jobs.size(), 1U);
    ASSERT_EQ(jobs[0].requests.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) {
        const validator::SignRequest& request = jobs[0].requests[i];
        EXPECT_EQ(request.validator_index, ValidatorIndex{i});
        EXPECT_EQ(request.role, Role::attestation);
        EXPECT_EQ(request.slot, Slot{1});
        EXPECT_EQ(request.message, jobs[0].requests[0].message);
    }
    node.release(jobs[0]);
    ASSERT_EQ(node.votes.size(), 8U);
    const AttestationData& data = node.votes.back().data;
    EXPECT_EQ(data.head, node.view()->head);
    EXPECT_EQ(hash_tree_root(data), jobs[0].requests[0].message);
}

TEST(Attest, a_vote_is_published_only_after_it_came_back_verified) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<OwnAttestation>(effect); };
    node.go_to(0, 1);
    EXPECT_TRUE(node.votes.empty());
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 0);
    auto own = node.take_held<OwnAttestation>();
    ASSERT_EQ(own.size(), 4U);
    node.release(own[2]);
    ASSERT_EQ(node.votes.size(), 1U);
    EXPECT_EQ(node.votes[0], own[2].attestation);
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 1) << "our aggregator heard it too";
}

TEST(Attest, votes_that_are_signed_after_their_slot_stay_here) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(0, 1);
    node.go_to(1);
    auto jobs = node.take_held<SignJob>();
    ASSERT_EQ(jobs.size(), 1U) << "one job at a time: the block waits";
    node.holds = [](const Effect& effect) {
        return TestChain::is<SignJob>(effect) || TestChain::is<OwnAttestation>(effect);
    };
    node.release(jobs[0]);
    EXPECT_TRUE(node.votes.empty());
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::late).Value(), 4);
    ASSERT_EQ(node.held.size(), 1U) << "not even the verifier sees them";
    EXPECT_TRUE(is_role(node.held.at(0), Role::proposal)) << "the next job follows";
}

TEST(Attest, votes_that_are_verified_after_their_slot_are_not_published) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<OwnAttestation>(effect); };
    node.go_to(1);
    for (auto& own : node.take_held<OwnAttestation>()) node.release(std::move(own));
    EXPECT_TRUE(node.votes.empty());
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::late).Value(), 4);
}

TEST(Attest, a_refusal_of_the_journal_is_counted_and_the_others_go_on) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(0, 1);
    const SignJob job = node.take_held<SignJob>().at(0);
    SignResults results = all_fail(job, SignFailureKind::refused_by_journal);
    results[1] = std::unexpected(SignFailure{SignFailureKind::outside_key_window, "soon"});
    results[3] = Signature{test::key_of(ValidatorIndex{3}, Role::attestation)
                               .sign(0, job.requests[3].message.bytes)
                               .value()};
    node.chain().on_signed(job.id, std::move(results));
    node.run();
    ASSERT_EQ(node.votes.size(), 1U);
    EXPECT_EQ(node.votes[0].validator_index, ValidatorIndex{3});
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::journal).Value(), 2);
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::key_window).Value(), 1);
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::key).Value(), 0);
    EXPECT_FALSE(node.chain().failure());
}

TEST(Attest, a_journal_that_cannot_be_written_stops_the_node) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(0, 1);
    const SignJob job = node.take_held<SignJob>().at(0);
    SignResults results = all_fail(job, SignFailureKind::refused_by_journal);
    results[2] = std::unexpected(SignFailure{SignFailureKind::io_error, "journal: disk full"});
    node.chain().on_signed(job.id, std::move(results));
    ASSERT_TRUE(node.chain().failure());
    EXPECT_EQ(node.chain().failure()->what, "journal: disk full");
    EXPECT_TRUE(node.chain().take_effects().empty());
}

TEST(Attest, blocks_are_signed_before_votes_that_wait) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(2);
    node.release(node.take_held<SignJob>().at(0));
    const auto next = node.take_held<SignJob>();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].requests[0].role, Role::proposal);
    EXPECT_EQ(next[0].requests[0].slot, Slot{2});
}

TEST(Attest, signing_jobs_that_wait_are_bounded) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<SignJob>(effect); };
    node.go_to(9, 1);
    EXPECT_EQ(node.take_held<SignJob>().size(), 1U);
    EXPECT_GT(node.metrics.missed(Duty::attest, DutyMissed::busy).Value(), 0);
    EXPECT_FALSE(node.chain().failure());
}

TEST(Attest, a_refused_vote_of_ours_is_counted) {
    TestChain node;
    node.chain().receive(OwnMessageRefused{PublishKind::attestation, Slot{1}, {}, {}});
    node.chain().receive(OwnMessageRefused{PublishKind::aggregated_attestation, Slot{1}, {}, {}});
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::refused).Value(), 1);
    EXPECT_EQ(node.metrics.missed(Duty::aggregate, DutyMissed::refused).Value(), 1);
}

// ---- aggregates

TEST(Aggregate, one_proof_of_all_votes_at_phase_2) {
    TestChain node;
    node.go_to(1, 1);
    EXPECT_EQ(node.aggregates.size(), 1U) << "that of slot 0";
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 4);
    node.go_to(1, 2);
    ASSERT_EQ(node.aggregates.size(), 2U);
    EXPECT_EQ(node.aggregates[1].proof.participants.count(), 4U);
    EXPECT_EQ(node.aggregates[1].data.slot, Slot{1});
    EXPECT_EQ(node.metrics.new_aggregated_payloads.Value(), 1) << "the maker uses it too";
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 0);
    EXPECT_EQ(node.metrics.attestations_in_aggregates.Value(), 8);
    node.go_to(1, 3);
    EXPECT_EQ(node.view()->safe_target.slot, Slot{1});
}

TEST(Aggregate, a_job_has_the_end_of_its_interval_as_deadline) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<AggregateJob>(effect); };
    node.go_to(0, 2);
    const auto jobs = node.take_held<AggregateJob>();
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].deadline, node.clock.now() + std::chrono::milliseconds{800});
    EXPECT_EQ(jobs[0].job.raw_signatures.size(), 4U);
    EXPECT_TRUE(jobs[0].job.children.empty());
}

TEST(Aggregate, failures_and_late_results_are_counted) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<AggregateJob>(effect); };
    node.go_to(0, 2);
    const AggregateJob failing = node.take_held<AggregateJob>().at(0);
    node.chain().on_aggregated(failing.id, std::unexpected(AggregationError::deadline));
    EXPECT_EQ(node.metrics.missed(Duty::aggregate, DutyMissed::proof).Value(), 1);

    node.go_to(1, 2);
    auto jobs = node.take_held<AggregateJob>();
    // The first one is the proof of the proposer's signature.
    ASSERT_EQ(jobs.size(), 3U);
    EXPECT_EQ(jobs[1].job.slot, Slot{1});
    EXPECT_EQ(jobs[2].job.slot, Slot{0}) << "what was not proved before";
    node.go_to(2);
    node.release(std::move(jobs[1]));
    EXPECT_EQ(node.metrics.missed(Duty::aggregate, DutyMissed::late).Value(), 1);
    EXPECT_TRUE(node.aggregates.empty());
    node.chain().on_aggregated(jobs[1].id, std::unexpected(AggregationError::dropped));
    EXPECT_EQ(node.metrics.stale_results.Value(), 1) << "a second result is nobody's";
}

TEST(Aggregate, a_prover_that_is_far_behind_gets_no_more_work) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<AggregateJob>(effect); };
    node.go_to(20);
    EXPECT_LE(node.take_held<AggregateJob>().size(), kAggregationsOpenMax + 20)
        << "and the proofs of the proposers' signatures";
    EXPECT_GT(node.metrics.missed(Duty::aggregate, DutyMissed::busy).Value(), 0);
}

// ---- blocks

TEST(Propose, a_block_carries_the_votes_of_the_slot_before) {
    TestChain node;
    node.go_to(2);
    ASSERT_EQ(node.blocks.size(), 2U);
    const Block& block = node.blocks[1].block;
    EXPECT_EQ(block.slot, Slot{2});
    EXPECT_EQ(block.parent_root, hash_tree_root(node.blocks[0].block));
    ASSERT_EQ(block.body.attestations.size(), 1U);
    EXPECT_EQ(block.body.attestations[0].data.slot, Slot{1});
    EXPECT_EQ(block.body.attestations[0].aggregation_bits.count(), 4U);
    EXPECT_EQ(node.view()->head.root, hash_tree_root(block));
    EXPECT_EQ(node.metrics.imported(network_api::BlockSource::own).Value(), 2);
}

TEST(Propose, the_proof_of_a_block_proves_exactly_its_components) {
    TestChain node;
    node.go_to(2);
    const SignedBlock& signed_block = node.blocks[1];
    const Block& block = signed_block.block;
    aggregation::VerifyMultiJob job;
    aggregation::Claim voted{{}, hash_tree_root(block.body.attestations[0].data), Slot{1}};
    for (const ValidatorIndex index : test::all_validators()) {
        voted.public_keys.emplace_back(test::key_of(index, Role::attestation).public_key());
    }
    job.claims = {voted,
                  {{PublicKey{test::key_of(ValidatorIndex{2}, Role::proposal).public_key()}},
                   hash_tree_root(block),
                   Slot{2}}};
    job.aggregate = signed_block.proof;
    std::optional<Result<void, AggregationError>> verdict;
    node.backend.submit(job, {}, [&](auto result) { verdict = result; });
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(verdict->has_value());
}

TEST(Propose, several_proofs_of_one_vote_become_one) {
    TestChain builder;
    builder.go_to(1, 1);
    // Two nodes have each heard half of the votes, a third one both aggregates.
    BlockchainOptions options = test::follower();
    options.is_aggregator = true;
    std::vector<SignedAggregatedAttestation> halves;
    for (const std::size_t half : {0U, 2U}) {
        TestChain aggregator(options);
        aggregator.go_to(1, 1);
        aggregator.hear(builder.blocks[0]);
        for (std::size_t i = 0; i < 2; ++i) {
            aggregator.receive(network_api::NewAttestation{
                network_api::VerifiedForTests::attestation(builder.votes[4 + half + i]), "peer"});
        }
        aggregator.go_to(1, 2);
        ASSERT_EQ(aggregator.aggregates.size(), 1U);
        halves.push_back(aggregator.aggregates[0]);
    }
    options.is_aggregator = false;
    options.own_validators = {ValidatorIndex{2}};
    TestChain proposer(options);
    proposer.go_to(1, 1);
    proposer.hear(builder.blocks[0]);
    for (const auto& half : halves) {
        proposer.receive(network_api::NewAggregatedAttestation{
            network_api::VerifiedForTests::aggregate(half), "peer"});
    }
    TestChain fallback(options, proposer.disk.clone());
    fallback.go_to(1, 3);
    for (const auto& half : halves) {
        fallback.receive(network_api::NewAggregatedAttestation{
            network_api::VerifiedForTests::aggregate(half), "peer"});
    }

    proposer.go_to(2);
    ASSERT_EQ(proposer.blocks.size(), 1U);
    ASSERT_EQ(proposer.blocks[0].block.body.attestations.size(), 1U);
    EXPECT_EQ(proposer.blocks[0].block.body.attestations[0].aggregation_bits.count(), 4U);

    // When merging fails, one of them goes in.
    fallback.holds = [](const Effect& effect) {
        const auto* job = std::get_if<AggregateJob>(&effect);
        return job != nullptr && !job->job.children.empty();
    };
    fallback.go_to(2);
    const auto merges = fallback.take_held<AggregateJob>();
    ASSERT_EQ(merges.size(), 1U);
    EXPECT_EQ(merges[0].job.children.size(), 2U);
    fallback.chain().on_aggregated(merges[0].id, std::unexpected(AggregationError::deadline));
    fallback.run();
    ASSERT_EQ(fallback.blocks.size(), 1U);
    ASSERT_EQ(fallback.blocks[0].block.body.attestations.size(), 1U);
    EXPECT_EQ(fallback.blocks[0].block.body.attestations[0].aggregation_bits.count(), 2U);
    EXPECT_EQ(fallback.metrics.block_building_failures.Value(), 0);
}

TEST(Propose, a_block_is_published_only_after_it_was_imported) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<OwnBlock>(effect); };
    node.go_to(1);
    EXPECT_TRUE(node.blocks.empty());
    EXPECT_EQ(node.metrics.blocks_built.Value(), 0);
    auto own = node.take_held<OwnBlock>();
    ASSERT_EQ(own.size(), 1U);
    const SignedBlock block = own[0].block;
    node.release(std::move(own[0]));
    ASSERT_EQ(node.blocks.size(), 1U);
    EXPECT_EQ(node.blocks[0], block);
    EXPECT_EQ(node.view()->head.root, hash_tree_root(block.block));
    EXPECT_EQ(node.metrics.blocks_built.Value(), 1);
}

TEST(Propose, a_slot_gets_one_block_however_often_time_is_looked_at) {
    TestChain node;
    node.go_to(1);
    for (int i = 0; i < 10; ++i) {
        node.chain().tick();
        node.run();
    }
    EXPECT_EQ(node.blocks.size(), 1U);
}

TEST(Propose, a_build_that_outlives_its_slot_is_given_up_at_every_step) {
    const std::vector<std::function<bool(const Effect&)>> steps{
        [](const Effect& effect) { return is_role(effect, Role::proposal); },
        [](const Effect& effect) {
            const auto* job = std::get_if<AggregateJob>(&effect);
            return job != nullptr && job->job.raw_signatures.size() == 1;
        },
        [](const Effect& effect) { return TestChain::is<MergeJob>(effect); },
        [](const Effect& effect) { return TestChain::is<OwnBlock>(effect); },
    };
    for (std::size_t step = 0; step < steps.size(); ++step) {
        TestChain node;
        node.holds = steps[step];
        node.go_to(1);
        ASSERT_EQ(node.held.size(), 1U) << step;
        const Effect late = node.held[0];
        node.held.clear();
        node.holds = nullptr;
        // A signing job that hangs holds up votes too; the others do not.
        node.go_to(2);
        EXPECT_EQ(node.metrics.block_building_failures.Value(), 1) << step;
        EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::late).Value(), 1) << step;
        node.release(late);
        EXPECT_TRUE(node.blocks.empty() || node.blocks[0].block.slot == Slot{2}) << step;
        EXPECT_EQ(node.metrics.stale_results.Value(), 1) << step;
        node.go_to(3, 1);
        EXPECT_EQ(node.blocks.back().block.slot, Slot{3}) << step;
    }
}

TEST(Propose, a_late_proof_does_not_pass_for_that_of_the_next_block) {
    const std::vector<std::function<bool(const Effect&)>> steps{
        [](const Effect& effect) {
            const auto* job = std::get_if<AggregateJob>(&effect);
            return job != nullptr && job->job.raw_signatures.size() == 1;
        },
        [](const Effect& effect) { return TestChain::is<MergeJob>(effect); },
    };
    for (std::size_t step = 0; step < steps.size(); ++step) {
        TestChain node;
        node.holds = steps[step];
        node.go_to(2);
        ASSERT_EQ(node.held.size(), 2U) << step;
        const std::vector<Effect> jobs = std::exchange(node.held, {});
        node.holds = nullptr;
        node.release(jobs[0]);
        EXPECT_TRUE(node.blocks.empty()) << step;
        EXPECT_EQ(node.metrics.stale_results.Value(), 1) << step;
        node.release(jobs[1]);
        ASSERT_EQ(node.blocks.size(), 1U) << step;
        EXPECT_EQ(node.blocks[0].block.slot, Slot{2}) << step;
        EXPECT_EQ(node.metrics.stale_results.Value(), 1) << step;
    }
}

TEST(Propose, a_late_block_is_imported_and_does_not_pass_for_the_next_one) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<OwnBlock>(effect); };
    node.go_to(2);
    auto own = node.take_held<OwnBlock>();
    ASSERT_EQ(own.size(), 2U);
    node.release(std::move(own[0]));
    EXPECT_TRUE(node.blocks.empty());
    EXPECT_EQ(node.metrics.imported(network_api::BlockSource::own).Value(), 1);
    node.release(std::move(own[1]));
    ASSERT_EQ(node.blocks.size(), 1U);
    EXPECT_EQ(node.blocks[0].block.slot, Slot{2});
}

TEST(Propose, failures_of_jobs_are_counted_and_the_next_slot_goes_on) {
    TestChain node;
    node.holds = [](const Effect& effect) { return is_role(effect, Role::proposal); };
    node.go_to(1);
    const SignJob job = node.take_held<SignJob>().at(0);
    node.chain().on_signed(job.id, all_fail(job, SignFailureKind::refused_by_journal));
    EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::journal).Value(), 1);

    node.holds = [](const Effect& effect) { return TestChain::is<MergeJob>(effect); };
    node.go_to(2);
    const auto merge = node.take_held<MergeJob>().at(0);
    node.chain().on_merged(merge.id, std::unexpected(AggregationError::too_large));
    EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::proof).Value(), 1);

    node.holds = [](const Effect& effect) { return TestChain::is<OwnBlock>(effect); };
    node.go_to(3);
    const auto own = node.take_held<OwnBlock>().at(0);
    node.chain().receive(
        OwnMessageRefused{PublishKind::block, Slot{3}, own.root, Rejection::INVALID_BLOCK_PROOF});
    EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::refused).Value(), 1);
    EXPECT_EQ(node.metrics.block_building_failures.Value(), 3);
    EXPECT_TRUE(node.blocks.empty());

    node.holds = nullptr;
    node.go_to(4);
    ASSERT_EQ(node.blocks.size(), 1U);
    EXPECT_EQ(node.blocks[0].block.slot, Slot{4});
    EXPECT_GE(node.blocks[0].block.body.attestations.size(), 1U) << "no vote was lost";
}

TEST(Propose, a_build_never_stops_votes_and_ticks) {
    TestChain node;
    node.holds = [](const Effect& effect) { return TestChain::is<MergeJob>(effect); };
    node.go_to(1, 4);
    EXPECT_EQ(node.votes.size(), 8U);
    EXPECT_EQ(node.aggregates.size(), 2U);
    EXPECT_EQ(node.view()->time, Interval{9});
}

}  // namespace
}  // namespace lepton::blockchain
