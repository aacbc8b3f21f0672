// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A chain as a whole: finality, restarts, crashes, clocks.
#include "blockchain/blockchain.hpp"

#include "blockchain/test_chain.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lepton::blockchain {
namespace {

using test::follower;
using test::TestChain;
using test::with_all_validators;

TEST(Blockchain, begins_at_genesis_which_can_be_served) {
    const TestChain node;
    const Anchor genesis = test::test_genesis();
    const Root root = hash_tree_root(genesis.block.block);
    const auto view = node.view();
    EXPECT_EQ(view->head, (Checkpoint{root, Slot{0}}));
    EXPECT_EQ(view->latest_justified, view->head);
    EXPECT_EQ(view->latest_finalized, view->head);
    EXPECT_EQ(view->validator_count, test::kValidatorCount);
    ASSERT_EQ(view->nodes->size(), 1U);
    EXPECT_EQ(view->nodes->front().root, root);
    EXPECT_EQ(node.storage->signed_block_bytes(root).value(), ssz::encode(genesis.block));
    EXPECT_EQ(node.storage->state_bytes(root).value(), ssz::encode(genesis.state));
}

// In the form of the specification: with the header as the block left it, not as the next slot
// fills it in.
TEST(Blockchain, a_finalized_state_is_served_in_the_form_that_its_block_names) {
    TestChain node;
    node.go_to(10, 4);
    const Checkpoint finalized = node.view()->latest_finalized;
    ASSERT_GT(finalized.slot, Slot{5});
    const auto context = decode_context(test::test_profile());
    const auto state =
        ssz::decode<State>(node.storage->state_bytes(finalized.root).value().value(), context)
            .value();
    const auto block =
        ssz::decode<SignedBlock>(node.storage->signed_block_bytes(finalized.root).value().value(),
                                 context)
            .value();
    EXPECT_EQ(hash_tree_root(block.block), finalized.root);
    EXPECT_EQ(hash_tree_root(state), block.block.state_root);
    EXPECT_EQ(state.latest_block_header.state_root, Root{});
}

TEST(Blockchain, four_validators_alone_finalize) {
    TestChain node;
    node.go_to(10, 4);
    ASSERT_EQ(node.blocks.size(), 10U);
    for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_EQ(node.blocks[i].block.slot, Slot{i + 1});
        EXPECT_EQ(node.blocks[i].block.proposer_index, ValidatorIndex{(i + 1) % 4});
    }
    EXPECT_EQ(node.votes.size(), 11U * 4U) << "each validator votes in each slot";
    const auto view = node.view();
    EXPECT_EQ(view->head.slot, Slot{10});
    EXPECT_GE(view->latest_justified.slot, Slot{8});
    EXPECT_GE(view->latest_finalized.slot, Slot{7});
    EXPECT_FALSE(view->is_syncing);
    EXPECT_EQ(node.metrics.blocks_built.Value(), 10);
    EXPECT_EQ(node.metrics.block_building_failures.Value(), 0);
    EXPECT_EQ(node.metrics.signatures.Value(), 44);
    EXPECT_EQ(node.metrics.head_slot.Value(), 10);
    EXPECT_EQ(node.metrics.latest_finalized_slot.Value(),
              static_cast<double>(view->latest_finalized.slot.value));
    EXPECT_GE(node.metrics.finalizations.Value(), 3);
}

TEST(Blockchain, a_follower_reaches_the_same_head_and_finality) {
    TestChain builder;
    TestChain node(follower());
    for (std::uint64_t slot = 1; slot <= 10; ++slot) {
        builder.go_to(slot);
        node.go_to(slot);
        node.hear(builder.blocks.back());
        EXPECT_EQ(node.view()->head, builder.view()->head);
    }
    EXPECT_EQ(node.view()->latest_finalized, builder.view()->latest_finalized);
    EXPECT_EQ(node.view()->latest_justified, builder.view()->latest_justified);
    EXPECT_GT(node.view()->latest_finalized.slot, Slot{5});
    EXPECT_TRUE(node.blocks.empty() && node.votes.empty() && node.aggregates.empty());
    EXPECT_EQ(node.metrics.imported(network_api::BlockSource::gossip).Value(), 10);
}

TEST(Blockchain, the_view_has_the_weights_and_forgets_what_finality_decided) {
    TestChain node;
    node.go_to(10, 4);
    const auto view = node.view();
    for (const auto& chain_node : *view->nodes) {
        EXPECT_GE(chain_node.slot, view->latest_finalized.slot);
    }
    const auto* finalized = view->find(view->latest_finalized.root);
    ASSERT_NE(finalized, nullptr);
    EXPECT_EQ(finalized->weight, 4U);
    ASSERT_NE(view->find(view->head.root), nullptr);
    EXPECT_EQ(view->find(hash_tree_root(test::test_genesis().block.block)), nullptr);
    EXPECT_EQ(view->nodes->size(), view->head.slot.value - view->latest_finalized.slot.value + 1);
}

TEST(Blockchain, one_import_is_one_write) {
    const auto blocks = test::blocks_until(3);
    TestChain node(follower());
    node.go_to(3);
    std::uint64_t writes = node.disk.writes();
    for (const SignedBlock& block : blocks) {
        node.hear(block);
        EXPECT_EQ(node.disk.writes(), ++writes);
    }
    node.hear(blocks.front());
    EXPECT_EQ(node.disk.writes(), writes) << "a known block is not written again";
}

TEST(Blockchain, a_restart_resumes_where_the_chain_was) {
    storage::MemoryDisk disk;
    std::shared_ptr<const network_api::ChainView> before;
    {
        TestChain node(with_all_validators(), std::move(disk));
        node.go_to(9, 4);
        before = node.view();
        disk = node.disk.clone();
    }
    TestChain again(with_all_validators(),
                    std::move(disk),
                    test::kGenesisTime * 1000 + (9 * 5 + 4) * 800 + 100);
    EXPECT_EQ(again.view()->head, before->head);
    EXPECT_EQ(again.view()->latest_justified, before->latest_justified);
    EXPECT_EQ(again.view()->latest_finalized, before->latest_finalized);
    EXPECT_EQ(again.view()->nodes->size(), before->nodes->size());
    again.go_to(14, 4);
    EXPECT_EQ(again.view()->head.slot, Slot{14});
    EXPECT_GT(again.view()->latest_finalized.slot, before->latest_finalized.slot);
    ASSERT_EQ(again.blocks.size(), 5U);
    EXPECT_EQ(again.blocks.front().block.slot, Slot{10});
    EXPECT_EQ(again.blocks.front().block.parent_root, before->head.root);
}

TEST(Blockchain, a_restart_within_a_slot_does_not_propose_again) {
    storage::MemoryDisk disk;
    {
        TestChain node(with_all_validators());
        node.go_to(3);
        disk = node.disk.clone();
    }
    TestChain again(
        with_all_validators(), std::move(disk), test::kGenesisTime * 1000 + 3 * 4'000 + 100);
    again.holds = [](const Effect&) { return true; };
    again.chain().tick();
    again.run();
    EXPECT_TRUE(again.held.empty());
    EXPECT_EQ(again.metrics.block_building_failures.Value(), 0);
}

TEST(Blockchain, a_chain_that_does_not_finalize_stays_within_its_bounds) {
    TestChain node;
    node.chain().set_aggregator(false);
    node.go_to(300, 4);
    EXPECT_EQ(node.view()->head.slot, Slot{300});
    EXPECT_EQ(node.view()->latest_finalized.slot, Slot{0});
    EXPECT_EQ(node.view()->nodes->size(), 301U);
    node.chain().set_aggregator(true);
    for (std::uint64_t slot = 301; slot < 400 && node.view()->latest_finalized.slot == Slot{0};
         ++slot) {
        node.go_to(slot, 4);
    }
    const Checkpoint finalized = node.view()->latest_finalized;
    ASSERT_GT(finalized.slot, Slot{256});
    node.go_to(node.view()->current_slot.value + 2);
    EXPECT_LT(node.view()->nodes->size(), 40U);
    EXPECT_FALSE(node.chain().failure());
}

TEST(Blockchain, a_failed_write_stops_everything_and_loses_nothing_committed) {
    const auto blocks = test::blocks_until(9);
    // Writes of an undisturbed run, beyond those of the beginning.
    std::uint64_t writes = 0;
    {
        TestChain node(follower());
        const std::uint64_t begun = node.disk.writes();
        node.go_to(9);
        for (const SignedBlock& block : blocks) node.hear(block);
        writes = node.disk.writes() - begun;
    }
    ASSERT_GT(writes, 9U);
    for (std::uint64_t failing = 1; failing <= writes; ++failing) {
        TestChain node(follower());
        node.disk.fail_at(failing);
        node.go_to(9);
        std::shared_ptr<const network_api::ChainView> last = node.view();
        for (const SignedBlock& block : blocks) {
            node.hear(block);
            if (node.chain().failure()) break;
            last = node.view();
        }
        ASSERT_TRUE(node.chain().failure()) << failing;
        EXPECT_NE(node.chain().failure()->what.find("test"), std::string::npos)
            << node.chain().failure()->what;
        EXPECT_EQ(node.view()->nodes, last->nodes) << "what was not written is not shown";
        node.go_to(11);
        for (const SignedBlock& block : blocks) node.hear(block);
        EXPECT_EQ(node.view()->last_tick_unix_ms, last->last_tick_unix_ms)
            << "it does nothing more";

        TestChain again(follower(), node.disk.clone());
        ASSERT_FALSE(again.chain().failure());
        for (const auto& shown : *last->nodes) {
            EXPECT_TRUE(again.storage->signed_block_bytes(shown.root).value()) << failing;
        }
        EXPECT_GE(again.view()->head.slot, last->head.slot) << failing;
        again.go_to(9);
        for (const SignedBlock& block : blocks) again.hear(block);
        EXPECT_EQ(again.view()->head.slot, Slot{9}) << failing;
    }
}

TEST(Blockchain, a_clock_set_back_doubles_no_duty) {
    TestChain node;
    node.go_to(3, 2);
    const std::size_t votes = node.votes.size();
    const std::size_t blocks = node.blocks.size();
    node.clock.step_wall(-6'000);
    for (int i = 0; i < 60; ++i) {
        node.clock.advance(std::chrono::milliseconds{100});
        node.chain().tick();
        node.run();
    }
    EXPECT_EQ(node.votes.size(), votes);
    EXPECT_EQ(node.blocks.size(), blocks);
    EXPECT_EQ(node.view()->last_tick_unix_ms, node.clock.unix_ms()) << "it lives all the while";
    node.go_to(4, 2);
    EXPECT_EQ(node.votes.size(), votes + 4);
    EXPECT_EQ(node.blocks.size(), blocks + 1);
    std::set<std::pair<Slot, ValidatorIndex>> distinct;
    for (const SignedAttestation& vote : node.votes) {
        EXPECT_TRUE(distinct.emplace(vote.data.slot, vote.validator_index).second);
    }
}

TEST(Blockchain, a_jump_of_the_clock_replays_no_duty) {
    TestChain node;
    node.go_to(2, 2);
    node.clock.advance(std::chrono::milliseconds{3 * 4'000 + 800});
    node.chain().tick();
    node.run();
    ASSERT_EQ(node.votes.size(), 16U);
    EXPECT_EQ(node.votes.back().data.slot, Slot{5}) << "the vote of this slot is still worth it";
    EXPECT_EQ(node.blocks.size(), 2U) << "its block is not";
    EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::late).Value(), 1);
    EXPECT_EQ(node.metrics.block_building_failures.Value(), 1);
    EXPECT_EQ(node.view()->time, Interval{28});
    EXPECT_EQ(node.metrics.intervals_skipped.Value(), 11);
    node.go_to(8, 4);
    EXPECT_EQ(node.view()->head.slot, Slot{8});
}

TEST(Blockchain, nothing_happens_before_genesis) {
    TestChain node(with_all_validators(), storage::MemoryDisk{}, test::kGenesisTime * 1000 - 2'000);
    node.clock.advance(std::chrono::milliseconds{1'999});
    node.chain().tick();
    node.run();
    EXPECT_TRUE(node.votes.empty() && node.blocks.empty());
    EXPECT_EQ(node.view()->last_tick_unix_ms, test::kGenesisTime * 1000 - 1);
    EXPECT_EQ(node.metrics.sync_idle.Value(), 1);
    EXPECT_EQ(node.metrics.sync_synced.Value(), 0);
    node.go_to(0, 1);
    EXPECT_EQ(node.votes.size(), 4U);
    EXPECT_EQ(node.metrics.sync_idle.Value(), 0);
    EXPECT_EQ(node.metrics.sync_synced.Value(), 1);
}

TEST(Blockchain, a_node_that_is_behind_does_no_duties_until_it_has_caught_up) {
    const auto blocks = test::blocks_until(9);
    BlockchainOptions options = with_all_validators();
    TestChain node(options, storage::MemoryDisk{}, test::kGenesisTime * 1000 + 9 * 4'000);
    node.go_to(9, 2);
    EXPECT_TRUE(node.view()->is_syncing);
    EXPECT_TRUE(node.votes.empty() && node.blocks.empty());
    EXPECT_EQ(node.metrics.sync_syncing.Value(), 1);
    EXPECT_EQ(node.metrics.missed(Duty::propose, DutyMissed::syncing).Value(), 1);
    EXPECT_EQ(node.metrics.missed(Duty::attest, DutyMissed::syncing).Value(), 1);
    EXPECT_EQ(node.metrics.aggregator_skipped(AggregatorSkipped::not_synced).Value(), 1);
    for (const SignedBlock& block : blocks) node.hear(block, network_api::BlockSource::sync);
    node.go_to(10, 1);
    EXPECT_FALSE(node.view()->is_syncing);
    EXPECT_EQ(node.blocks.size(), 1U);
    EXPECT_EQ(node.votes.size(), 4U);

    options.is_sync_gate_enabled = false;
    TestChain ungated(options, storage::MemoryDisk{}, test::kGenesisTime * 1000 + 9 * 4'000);
    ungated.go_to(9, 2);
    EXPECT_FALSE(ungated.view()->is_syncing);
    EXPECT_EQ(ungated.votes.size(), 4U);
}

// One proposer that nobody follows goes on beside the head that has the votes. Those whose head it
// is must go on too, or nobody ever votes again.
TEST(Blockchain, a_lonely_fork_ahead_of_the_head_stops_no_duties) {
    const auto blocks = test::blocks_until(7);
    BlockchainOptions alone = with_all_validators();
    alone.own_validators = {ValidatorIndex{0}};
    alone.is_sync_gate_enabled = false;
    TestChain fork(alone, storage::MemoryDisk{}, test::kGenesisTime * 1000 + 6 * 4'000);
    fork.go_to(6, 2);
    for (std::size_t i = 0; i < 6; ++i) fork.hear(blocks[i], network_api::BlockSource::sync);
    fork.go_to(12, 1);
    ASSERT_EQ(fork.blocks.size(), 2U);

    TestChain node(test::follower(), storage::MemoryDisk{}, test::kGenesisTime * 1000 + 7 * 4'000);
    node.go_to(7, 2);
    for (const SignedBlock& block : blocks) node.hear(block, network_api::BlockSource::sync);
    for (const SignedBlock& block : fork.blocks) {
        node.go_to(block.block.slot.value, 2);
        node.hear(block);
    }
    node.go_to(13, 1);
    EXPECT_EQ(node.view()->head.slot, Slot{7});
    EXPECT_FALSE(node.view()->is_syncing);
}

// Its blocks are signed well, only nobody can get what they build on.
TEST(Blockchain, a_proposer_whose_blocks_lead_nowhere_does_not_silence_others) {
    const auto blocks = test::blocks_until(3);
    TestChain node(test::follower(), storage::MemoryDisk{}, test::kGenesisTime * 1000 + 3 * 4'000);
    node.go_to(3, 1);
    for (const SignedBlock& block : blocks) node.hear(block);
    for (std::uint64_t slot = 4; slot <= 11; ++slot) {
        node.go_to(slot, 1);
        EXPECT_EQ(node.view()->is_syncing, slot > 7) << slot;
        SignedBlock orphan = blocks.back();
        orphan.block.slot = Slot{slot};
        orphan.block.proposer_index = ValidatorIndex{slot % test::kValidatorCount};
        orphan.block.parent_root.bytes.fill(static_cast<std::uint8_t>(slot));
        node.hear(orphan);
    }
    node.go_to(12, 1);
    EXPECT_FALSE(node.view()->is_syncing);
}

TEST(Blockchain, ticks_are_measured_whatever_becomes_of_the_duties) {
    TestChain node(
        with_all_validators(), storage::MemoryDisk{}, test::kGenesisTime * 1000 + 20 * 4'000);
    node.go_to(21, 0);
    ASSERT_TRUE(node.view()->is_syncing);
    ASSERT_TRUE(node.votes.empty());
    const std::string text = node.registry.text();
    EXPECT_NE(text.find("lean_tick_interval_duration_seconds_count 5"), std::string::npos) << text;
    EXPECT_NE(text.find("lean_tick_interval_duration_seconds_bucket{le=\"0.805\"} 5"),
              std::string::npos);
}

TEST(Blockchain, the_aggregator_role_can_be_switched) {
    TestChain node;
    const auto off = node.chain().set_aggregator(false);
    EXPECT_FALSE(off.is_aggregator);
    EXPECT_TRUE(off.was_aggregator);
    EXPECT_FALSE(node.view()->is_aggregator);
    EXPECT_EQ(node.metrics.is_aggregator.Value(), 0);
    node.go_to(2, 3);
    EXPECT_TRUE(node.aggregates.empty());
    EXPECT_EQ(node.metrics.gossip_signatures.Value(), 0);
    EXPECT_EQ(node.metrics.aggregator_skipped(AggregatorSkipped::not_aggregator).Value(), 3);
    EXPECT_FALSE(node.chain().set_aggregator(true).was_aggregator);
    node.go_to(3, 3);
    EXPECT_EQ(node.aggregates.size(), 1U);
}

TEST(Blockchain, coverage_says_which_votes_reached_the_block) {
    TestChain node;
    node.go_to(3, 1);
    const auto value = [&](CoverageSection section) {
        return node.metrics.coverage.validators.at(static_cast<std::size_t>(section))->Value();
    };
    EXPECT_EQ(value(CoverageSection::timely), 4);
    EXPECT_EQ(value(CoverageSection::late), 0);
    EXPECT_EQ(value(CoverageSection::block), 4);
    EXPECT_EQ(value(CoverageSection::combined), 4);
    EXPECT_EQ(value(CoverageSection::aggregate_start_new), 0) << "no other aggregator";
    EXPECT_EQ(value(CoverageSection::proposal_payloads), 4);
    EXPECT_EQ(value(CoverageSection::proposal_gossip), 0);
    EXPECT_EQ(value(CoverageSection::proposal_combined), 4);
    EXPECT_EQ(node.metrics.coverage.block_only.Value(), 0);
    EXPECT_EQ(node.metrics.coverage.timely_only.Value(), 0);

    // A follower hears the aggregate of slot 3 only after votes were accepted.
    TestChain follower_node(follower());
    for (std::uint64_t slot = 1; slot <= 3; ++slot) {
        follower_node.go_to(slot);
        follower_node.hear(node.blocks[slot - 1]);
    }
    node.go_to(4);
    follower_node.go_to(4);
    follower_node.receive(network_api::NewAggregatedAttestation{
        network_api::VerifiedForTests::aggregate(node.aggregates[3]), "peer"});
    follower_node.hear(node.blocks[3]);
    follower_node.go_to(4, 1);
    const auto& gauges = follower_node.metrics.coverage;
    EXPECT_EQ(gauges.validators.at(static_cast<std::size_t>(CoverageSection::timely))->Value(), 0);
    EXPECT_EQ(gauges.validators.at(static_cast<std::size_t>(CoverageSection::late))->Value(), 4);
    EXPECT_EQ(gauges.subnets.at(static_cast<std::size_t>(CoverageSection::block))->Value(), 1);
    EXPECT_EQ(gauges.block_only.Value(), 4);
}

TEST(Blockchain, what_a_publish_command_led_to_is_counted_by_outcome) {
    using network_api::PublishKind;
    using network_api::PublishStatus;
    TestChain node;
    node.chain().published(PublishKind::block,
                           Slot{1},
                           {},
                           network_api::PublishOutcome{.kind = PublishKind::block,
                                                       .slot = Slot{1},
                                                       .root = {},
                                                       .status = PublishStatus::published,
                                                       .peers = 3});
    node.chain().published(PublishKind::attestation,
                           Slot{1},
                           {},
                           network_api::PublishOutcome{.kind = PublishKind::attestation,
                                                       .slot = Slot{1},
                                                       .root = {},
                                                       .status = PublishStatus::no_peers,
                                                       .peers = 0});
    node.chain().published(PublishKind::attestation, Slot{1}, {}, std::nullopt);
    EXPECT_EQ(node.metrics.published(PublishKind::block, PublishStatus::published).Value(), 1);
    EXPECT_EQ(node.metrics.published(PublishKind::attestation, PublishStatus::no_peers).Value(), 1);
    EXPECT_EQ(node.metrics.published(PublishKind::attestation, std::nullopt).Value(), 1);
    EXPECT_EQ(node.metrics.published(PublishKind::attestation, PublishStatus::published).Value(),
              0);
}

TEST(Blockchain, the_metrics_that_dashboards_ask_for_are_there_from_the_start) {
    const TestChain node;
    const std::string text = node.registry.text();
    for (const char* name : {"lean_head_slot 0",
                             "lean_current_slot 0",
                             "lean_safe_target_slot 0",
                             "lean_latest_justified_slot 0",
                             "lean_latest_finalized_slot 0",
                             "lean_justified_slot 0",
                             "lean_finalized_slot 0",
                             "lean_fork_choice_block_processing_time_seconds_count 0",
                             "lean_fork_choice_reorgs_total 0",
                             "lean_fork_choice_reorg_depth_count 0",
                             "lean_attestations_valid_total 0",
                             "lean_attestations_invalid_total 0",
                             "lean_attestation_validation_time_seconds_count 0",
                             "lean_state_transition_time_seconds_count 0",
                             "lean_validators_count 4",
                             "lean_is_aggregator 1",
                             "lean_node_sync_status{status=\"idle\"} 1",
                             "lean_block_building_success_total 0",
                             "lean_block_building_failures_total 0",
                             "lean_gossip_signatures 0",
                             "lean_latest_new_aggregated_payloads 0",
                             "lean_latest_known_aggregated_payloads 0",
                             "lean_tick_interval_duration_seconds_count 0",
                             "lean_finalizations_total{result=\"success\"} 0",
                             "lean_attestation_aggregate_coverage_validators{section=\"timely\","
                             "subnet=\"combined\"} 0",
                             "lean_attestation_aggregate_coverage_subnets{section=\"late\"} 0",
                             "lean_attestation_aggregate_coverage_diff_validators{direction="
                             "\"block_only\"} 0",
                             "lean_aggregator_skipped_total{reason=\"not_aggregator\"} 0"}) {
        EXPECT_NE(text.find(name), std::string::npos) << name;
    }
}

}  // namespace
}  // namespace lepton::blockchain
