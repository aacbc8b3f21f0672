// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The blockchain as an actor under the simulator: timers, jobs, asks, failures. The verifier is a
// stub that believes everything; the whole node is tested elsewhere.
#include "blockchain/blockchain_actor.hpp"

#include "actor/simulated_system.hpp"
#include "blockchain/test_chain.hpp"
#include "validator/simulated_journal_file.hpp"
#include "validator/test_keys.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace lepton::blockchain {
namespace {

using namespace std::chrono_literals;
using network_api::PublishKind;
using network_api::PublishOutcome;
using network_api::PublishStatus;

// The simulated clock shows genesis one second after the start.
constexpr UnixMs kStart = test::kGenesisTime * 1000 - 1000;

const validator::TestKey& key_of(ValidatorIndex index, validator::Role role) {
    return validator::test_key(index.value * 2 + (role == validator::Role::proposal ? 1 : 0));
}

Anchor genesis() {
    Validators validators;
    for (const ValidatorIndex index : test::all_validators()) {
        validators.push_back({PublicKey{key_of(index, validator::Role::attestation).public_key},
                              PublicKey{key_of(index, validator::Role::proposal).public_key},
                              index});
    }
    Anchor anchor;
    anchor.state = genesis_state(test::kGenesisTime, std::move(validators));
    anchor.block.block = genesis_block(anchor.state);
    return anchor;
}

// One process: its actors and what they write to. The disks outlive it.
class World {
  public:
    struct Disks {
        storage::MemoryDisk chain;
        validator::SimulatedDisk journal;
    };

    explicit World(Disks& disks,
                   actor::SimulatorOptions options = {.seed = 1, .unix_ms_at_start = kStart})
        : disks_(disks),
          simulator(options),
          system({.control = simulator, .offload = simulator, .random = random_}) {
        storage_ = storage::Storage::open(disks_.chain.open("chain").value(),
                                          {.network_profile = test::test_profile().name,
                                           .genesis_time = test::kGenesisTime,
                                           .registry_root = {}})
                       .value();
        validator::KeyStore keys;
        for (const ValidatorIndex index : test::all_validators()) {
            for (const auto role : {validator::Role::attestation, validator::Role::proposal}) {
                const validator::TestKey& key = key_of(index, role);
                keys.add(index,
                         role,
                         validator::test_scheme()
                             .load_secret_key(key.public_key, key.secret_key)
                             .value());
            }
        }
        keys_ =
            std::make_shared<KeyRoom>(std::move(keys),
                                      validator::SigningJournal::open(
                                          disks_.journal.open("journal").value(), random_, Slot{0})
                                          .value());
        self = system.spawn<BlockchainActor>(
            {.name = "blockchain", .scheduler = simulator, .restart = actor::Restart::essential},
            [this] { return BlockchainActor(parts(), neighbours()); });
        simulator.run_ready();
    }

    std::shared_ptr<const network_api::ChainView> view() const { return view_.get(); }
    // Runs until `slot` and a phase.
    void run_to(std::uint64_t slot, std::uint64_t phase = 0) {
        const UnixMs end = test::kGenesisTime * 1000 + (slot * 5 + phase) * 800;
        simulator.run_for(std::chrono::milliseconds{end - simulator.clock().unix_ms()});
    }

    Disks& disks_;
    SeededRandom random_{7};
    actor::Simulator simulator;
    // Where windows of keys are built: takes its time.
    struct Background final : actor::Offload {
        explicit Background(actor::Simulator& on) : simulator(on) {}
        bool submit(std::move_only_function<void()>& job) override {
            simulator.after(cost, std::move(job));
            return true;
        }
        actor::Simulator& simulator;
        Duration cost = 5ms;
    } background{simulator};
    Metrics registry;
    BlockchainMetrics metrics{registry};
    std::vector<SignedBlock> blocks;
    std::vector<SignedAttestation> votes;
    std::vector<SignedAggregatedAttestation> aggregates;
    std::vector<Root> fetches;
    std::vector<std::string> environment_failures;
    PublishStatus publish_status = PublishStatus::published;
    bool answers_publish = true;
    std::vector<actor::Reply<PublishOutcome>> parked;

    aggregation::bundle::BundleBackend backend{
        aggregation::test_scheme(),
        {kProofSizeMax, 16},
        [this](std::move_only_function<void()> task) { simulator.after(5ms, std::move(task)); },
        simulator.clock()};
    std::unique_ptr<storage::Storage> storage_;
    std::shared_ptr<KeyRoom> keys_;
    network_api::ChainViewSnapshot view_{std::make_shared<const network_api::ChainView>()};
    actor::System system;
    std::optional<actor::ActorRef<BlockchainActor>> self;

  private:
    BlockchainParts parts() {
        auto store = resume_chain(*storage_, test::test_profile()).value();
        if (!store) store = begin_chain(*storage_, genesis()).value();
        return {.options = test::with_all_validators(),
                .store = *std::move(store),
                .storage = *storage_,
                .backend = backend,
                .keys = keys_,
                .background = background,
                .clock = simulator.clock(),
                .metrics = metrics,
                .view = view_,
                .environment_failed = [this](const IoError& error) {
                    environment_failures.push_back(error.what);
                    system.fail({74, error.what});
                }};
    }

    // Messages of the node to itself come back believed.
    template <class Own, class Wrap>
    actor::Recipient<Own> believe(Wrap wrap) {
        return actor::Recipient<Own>::to([this, wrap](Own own) {
            simulator.after(1ms, [this, message = wrap(std::move(own))]() mutable {
                self->send_or_count(std::move(message));
            });
        });
    }
    template <class M>
    actor::Recipient<M> publish(PublishKind kind, std::function<void(const M&)> record) {
        return actor::Recipient<M>::to([this, kind, record](M message,
                                                            actor::Reply<PublishOutcome> reply) {
            record(message);
            if (answers_publish) {
                std::move(reply)(PublishOutcome{
                    .kind = kind, .slot = {}, .root = {}, .status = publish_status, .peers = 2});
            } else {
                parked.push_back(std::move(reply));
            }
        });
    }
    Neighbours neighbours();
};

Neighbours World::neighbours() {
    using network_api::VerifiedForTests;
    return {
        .own_block = believe<network_api::OwnBlock>([](auto own) {
            return network_api::NewBlock{
                VerifiedForTests::block(std::move(own.block)), "", network_api::BlockSource::own};
        }),
        .own_attestation = believe<network_api::OwnAttestation>([](auto own) {
            return network_api::NewAttestation{
                VerifiedForTests::attestation(std::move(own.attestation)), ""};
        }),
        .own_aggregated_attestation = believe<network_api::OwnAggregatedAttestation>([](auto own) {
            return network_api::NewAggregatedAttestation{
                VerifiedForTests::aggregate(std::move(own.attestation)), ""};
        }),
        .publish_block = publish<network_api::PublishBlock>(
            PublishKind::block, [this](const auto& message) { blocks.push_back(*message.block); }),
        .publish_attestation = publish<network_api::PublishAttestation>(
            PublishKind::attestation,
            [this](const auto& message) { votes.push_back(message.attestation); }),
        .publish_aggregated_attestation = publish<network_api::PublishAggregatedAttestation>(
            PublishKind::aggregated_attestation,
            [this](const auto& message) { aggregates.push_back(message.attestation); }),
        .fetch_block = actor::Recipient<network_api::FetchBlock>::to(
            [this](network_api::FetchBlock message, actor::Reply<network_api::FetchOutcome> reply) {
                fetches.push_back(message.root);
                std::move(reply)({message.root, network_api::FetchStatus::gave_up, 1});
            }),
        .report_peer =
            actor::Recipient<network_api::ReportPeer>::to([](network_api::ReportPeer) {}),
    };
}

// Whether no validator voted twice for a slot, or proposed twice.
void expect_no_double_signing(const std::vector<SignedAttestation>& votes,
                              const std::vector<SignedBlock>& blocks) {
    std::map<std::pair<Slot, ValidatorIndex>, AttestationData> voted;
    for (const SignedAttestation& vote : votes) {
        const auto [at, is_new] =
            voted.emplace(std::pair{vote.data.slot, vote.validator_index}, vote.data);
        EXPECT_EQ(at->second, vote.data) << "slot " << vote.data.slot.value;
    }
    std::map<Slot, Root> proposed;
    for (const SignedBlock& block : blocks) {
        const Root root = hash_tree_root(block.block);
        EXPECT_EQ(proposed.emplace(block.block.slot, root).first->second, root);
    }
}

TEST(BlockchainActor, all_validators_in_one_process_finalize) {
    World::Disks disks;
    World world(disks);
    world.run_to(10, 4);
    EXPECT_EQ(world.blocks.size(), 10U);
    EXPECT_EQ(world.votes.size(), 11U * 4U);
    EXPECT_EQ(world.aggregates.size(), 11U);
    EXPECT_EQ(world.view()->head.slot, Slot{10});
    EXPECT_GE(world.view()->latest_finalized.slot, Slot{7});
    EXPECT_EQ(world.metrics.block_building_failures.Value(), 0);
    EXPECT_EQ(world.metrics.published(PublishKind::block, PublishStatus::published).Value(), 10);
    EXPECT_EQ(world.metrics.published(PublishKind::attestation, PublishStatus::published).Value(),
              44);
    EXPECT_EQ(world.simulator.clock().unix_ms() - world.view()->last_tick_unix_ms, 0U)
        << "the tick of the interval that has just begun";
    expect_no_double_signing(world.votes, world.blocks);
    world.system.shutdown();
    world.simulator.run_ready();
    EXPECT_EQ(world.system.exit(), (actor::Exit{0, "shutdown"}));
}

TEST(BlockchainActor, ticks_stay_on_the_grid) {
    World::Disks disks;
    World world(disks);
    world.run_to(5);
    const std::string text = world.registry.text();
    EXPECT_NE(text.find("lean_tick_interval_duration_seconds_count 25"), std::string::npos);
    EXPECT_NE(text.find("lepton_tick_lateness_seconds_bucket{le=\"0.001\"} 26"), std::string::npos);
    EXPECT_NE(text.find("lean_tick_interval_duration_seconds_bucket{le=\"0.75\"} 0"),
              std::string::npos);
    EXPECT_NE(text.find("lean_tick_interval_duration_seconds_bucket{le=\"0.805\"} 25"),
              std::string::npos);
}

TEST(BlockchainActor, a_crash_at_any_moment_loses_nothing_shown_and_signs_nothing_twice) {
    World::Disks disks;
    std::vector<SignedAttestation> votes;
    std::vector<SignedBlock> blocks;
    UnixMs now = kStart;
    Checkpoint head;
    Checkpoint finalized;
    SeededRandom random(11);
    for (int life = 0; life < 25; ++life) {
        World world(disks, {.seed = 1, .unix_ms_at_start = now});
        if (life > 0) {
            EXPECT_GE(world.view()->head.slot, head.slot) << life;
            EXPECT_GE(world.view()->latest_finalized.slot, finalized.slot) << life;
            EXPECT_TRUE(world.storage_->signed_block_bytes(head.root).value()) << life;
        }
        world.simulator.run_for(std::chrono::milliseconds{500 + random.below(2'500)});
        EXPECT_FALSE(world.system.exit()) << life;
        head = world.view()->head;
        finalized = world.view()->latest_finalized;
        now = world.simulator.clock().unix_ms() + 20;
        votes.insert(votes.end(), world.votes.begin(), world.votes.end());
        blocks.insert(blocks.end(), world.blocks.begin(), world.blocks.end());
        world.system.kill();
        disks.journal.cut_power(random);
    }
    expect_no_double_signing(votes, blocks);
    EXPECT_GT(blocks.size(), 3U);
    World world(disks, {.seed = 1, .unix_ms_at_start = now});
    world.simulator.run_for(48s);
    EXPECT_GT(world.view()->latest_finalized.slot.value, finalized.slot.value + 5)
        << "it finalizes again";
}

TEST(BlockchainActor, a_failing_disk_ends_the_node_with_a_code_of_its_own) {
    World::Disks disks;
    World world(disks);
    world.run_to(3, 4);
    const Checkpoint head = world.view()->head;
    disks.chain.fail_at(1);
    world.run_to(5);
    ASSERT_EQ(world.environment_failures.size(), 1U);
    EXPECT_NE(world.environment_failures[0].find("chain"), std::string::npos);
    const auto exit = world.system.exit();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 74);
    EXPECT_NE(exit->reason.find("write failed"), std::string::npos) << exit->reason;
    EXPECT_EQ(world.view()->head, head);
}

TEST(BlockchainActor, a_failing_journal_ends_the_node_before_a_signature_exists) {
    World::Disks disks;
    World world(disks);
    world.run_to(3, 4);
    const std::size_t blocks = world.blocks.size();
    disks.journal.fail_at(1);
    world.run_to(6);
    ASSERT_EQ(world.environment_failures.size(), 1U);
    ASSERT_TRUE(world.system.exit());
    EXPECT_EQ(world.system.exit()->code, 74);
    EXPECT_EQ(world.blocks.size(), blocks);
}

TEST(BlockchainActor, keys_are_prepared_ahead_of_the_slots) {
    World::Disks disks;
    World world(disks);
    world.run_to(70, 2);
    EXPECT_EQ(world.votes.size(), 71U * 4U) << "windows of 32 slots, and nobody missed one";
    EXPECT_EQ(world.blocks.size(), 70U);
    EXPECT_EQ(world.metrics.missed(Duty::attest, DutyMissed::key).Value(), 0);
    EXPECT_GT(world.view()->latest_finalized.slot, Slot{65});
}

TEST(BlockchainActor, duties_are_skipped_until_the_window_of_now_is_ready) {
    // Twice the first windows after genesis, with one window every 12 s: votes' keys first.
    World::Disks disks;
    World world(disks, {.seed = 1, .unix_ms_at_start = kStart + 66 * 4000});
    world.background.cost = 12s;
    EXPECT_EQ(world.metrics.keys_not_ready.Value(), 8);
    world.run_to(92);
    EXPECT_EQ(world.metrics.keys_not_ready.Value(), 0);
    EXPECT_GT(world.metrics.missed(Duty::attest, DutyMissed::key_window).Value(), 0);
    EXPECT_GT(world.metrics.missed(Duty::propose, DutyMissed::key_window).Value(), 0);
    std::map<std::uint64_t, Slot> first_votes;
    std::map<std::uint64_t, Slot> last_votes;
    for (const SignedAttestation& vote : world.votes) {
        first_votes.try_emplace(vote.validator_index.value, vote.data.slot);
        last_votes[vote.validator_index.value] = vote.data.slot;
    }
    ASSERT_EQ(first_votes.size(), 4U);
    EXPECT_LT(first_votes.at(0), first_votes.at(3)) << "as soon as its own window is ready";
    for (const auto& [validator, slot] : last_votes) EXPECT_EQ(slot, Slot{91}) << validator;
    ASSERT_FALSE(world.blocks.empty());
    EXPECT_GT(world.blocks.front().block.slot, first_votes.at(3)) << "proposals last";
    expect_no_double_signing(world.votes, world.blocks);
}

TEST(BlockchainActor, a_lost_publish_outcome_is_counted) {
    World::Disks disks;
    World world(disks);
    world.answers_publish = false;
    world.run_to(0, 4);
    EXPECT_EQ(world.metrics.published(PublishKind::attestation, std::nullopt).Value(), 0);
    world.simulator.run_for(kPublishTimeout);
    EXPECT_EQ(world.metrics.published(PublishKind::attestation, std::nullopt).Value(), 4);
    world.answers_publish = true;
    world.publish_status = PublishStatus::no_peers;
    world.simulator.run_for(8s);
    EXPECT_GT(world.metrics.published(PublishKind::block, PublishStatus::no_peers).Value(), 0);
    EXPECT_EQ(world.metrics.published(PublishKind::block, PublishStatus::published).Value(), 0);
}

TEST(BlockchainActor, a_missing_block_is_asked_for_again_after_a_give_up) {
    World::Disks disks;
    World world(disks);
    world.run_to(2, 2);
    auto orphan = test::block_on(test::root_of(9), 2);
    ASSERT_TRUE(world.self->send(std::move(orphan)));
    world.simulator.run_ready();
    EXPECT_EQ(world.fetches, std::vector{test::root_of(9)});
    world.run_to(6);
    EXPECT_EQ(world.fetches.size(), 3U) << "after one slot and after two more";
}

TEST(BlockchainActor, the_aggregator_role_is_asked_for) {
    World::Disks disks;
    World world(disks);
    std::optional<actor::AskResult<network_api::AggregatorRole>> answer;
    const actor::Recipient<network_api::SetAggregator> set{*world.self};
    set.ask({.enabled = false},
            actor::Reply<network_api::AggregatorRole>{[&](auto result) { answer = result; }});
    world.simulator.run_ready();
    ASSERT_TRUE(answer && *answer);
    EXPECT_FALSE((*answer)->is_aggregator);
    EXPECT_TRUE((*answer)->was_aggregator);
    EXPECT_FALSE(world.view()->is_aggregator);
}

TEST(BlockchainActor, without_room_on_the_cpu_pool_duties_are_missed_and_time_goes_on) {
    World::Disks disks;
    World world(disks, {.seed = 1, .unix_ms_at_start = kStart, .offload_queue_max = 0});
    world.run_to(3);
    EXPECT_TRUE(world.votes.empty() && world.blocks.empty());
    EXPECT_GT(world.metrics.missed(Duty::attest, DutyMissed::key).Value(), 0);
    EXPECT_EQ(world.view()->time, Interval{15});
    EXPECT_FALSE(world.system.exit());
}

TEST(BlockchainActor, a_signing_job_that_found_the_cpu_pool_full_is_offered_again) {
    World::Disks disks;
    World world(disks, {.seed = 1, .unix_ms_at_start = kStart, .offload_queue_max = 1});
    world.run_to(0);
    world.simulator.run_for(798ms);
    std::move_only_function<void()> other = [] {};
    ASSERT_TRUE(world.simulator.submit(other));
    world.run_to(0, 2);
    EXPECT_EQ(world.votes.size(), 4U);
    EXPECT_EQ(world.metrics.missed(Duty::attest, DutyMissed::key).Value(), 0);
}

TEST(BlockchainActor, the_same_seed_gives_the_same_run) {
    std::set<std::uint64_t> hashes;
    for (int run = 0; run < 2; ++run) {
        World::Disks disks;
        World world(disks);
        world.run_to(4);
        hashes.insert(world.simulator.trace_hash());
    }
    EXPECT_EQ(hashes.size(), 1U);
}

}  // namespace
}  // namespace lepton::blockchain
