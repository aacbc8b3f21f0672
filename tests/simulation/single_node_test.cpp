// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Verifier and blockchain together, without a network: all validators in one process, real
// signatures and proofs, the P2P actor replaced by probes.
#include "actor/simulator.hpp"
#include "actor/system.hpp"
#include "aggregation/bundle/bundle_backend.hpp"
#include "blockchain/blockchain_actor.hpp"
#include "blockchain/open_chain.hpp"
#include "storage/memory/memory_backend.hpp"
#include "types/genesis.hpp"
#include "types/ssz.hpp"
#include "validator/simulated_journal_file.hpp"
#include "validator/test_keys.hpp"
#include "verifier/verifier_actor.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace lepton {
namespace {

using namespace std::chrono_literals;
using blockchain::BlockchainActor;
using network_api::PublishKind;
using network_api::PublishOutcome;
using validator::Role;
using verifier::VerifierActor;

constexpr std::uint64_t kGenesisTime = 1'000'000;
constexpr std::uint64_t kValidators = 4;

NetworkProfile profile() {
    return network_profile("leanspec-test").value();
}

const validator::TestKey& key_of(std::uint64_t index, Role role) {
    return validator::test_key(index * 2 + (role == Role::proposal ? 1 : 0));
}

blockchain::Anchor genesis() {
    Validators validators;
    for (std::uint64_t i = 0; i < kValidators; ++i) {
        validators.push_back({PublicKey{key_of(i, Role::attestation).public_key},
                              PublicKey{key_of(i, Role::proposal).public_key},
                              ValidatorIndex{i}});
    }
    blockchain::Anchor anchor;
    anchor.state = genesis_state(kGenesisTime, std::move(validators));
    anchor.block.block = genesis_block(anchor.state);
    return anchor;
}

struct Disks {
    storage::MemoryDisk chain;
    validator::SimulatedDisk journal;
};

// One process with validators [0, validators) of the four, from its start to its end.
class Node {
  public:
    Node(Disks& disks, actor::Simulator& simulator, std::uint64_t validators)
        : simulator_(simulator),
          storage_(storage::Storage::open(disks.chain.open("chain").value(),
                                          {.network_profile = profile().name,
                                           .genesis_time = kGenesisTime,
                                           .registry_root = {}})
                       .value()),
          system_({.control = simulator, .offload = simulator, .random = random_}) {
        validator::KeyStore keys;
        for (std::uint64_t i = 0; i < validators; ++i) {
            for (const Role role : {Role::attestation, Role::proposal}) {
                const validator::TestKey& key = key_of(i, role);
                keys.add(ValidatorIndex{i},
                         role,
                         validator::test_scheme()
                             .load_secret_key(key.public_key, key.secret_key)
                             .value());
            }
        }
        auto journal = validator::SigningJournal::open(
            disks.journal.open("journal").value(), random_, Slot{0});
        auto room = std::make_shared<blockchain::KeyRoom>(std::move(keys), *std::move(journal));
        auto store = blockchain::resume_chain(*storage_, profile()).value();
        if (!store) store = blockchain::begin_chain(*storage_, genesis()).value();
        const auto registry = store->validators;
        blockchain::BlockchainParts parts{
            .options = {.profile = profile(),
                        .own_validators = room->validators(),
                        .is_aggregator = validators > 0},
            .store = *std::move(store),
            .storage = *storage_,
            .backend = backend_,
            .keys = std::move(room),
            .background = simulator,
            .clock = simulator.clock(),
            .metrics = blockchain_metrics,
            .view = view_,
            .environment_failed = [this](const IoError& error) { system_.fail({74, error.what}); }};
        const auto refs = system_.wire<VerifierActor, BlockchainActor>(
            {{.name = "verifier", .scheduler = simulator},
             {.name = "blockchain", .scheduler = simulator, .restart = actor::Restart::essential}},
            [this, registry](const auto& all) {
                const auto& chain = std::get<1>(all);
                return VerifierActor{{.validators = registry,
                                      .scheme = validator::test_scheme(),
                                      .backend = backend_,
                                      .clock = simulator_.clock(),
                                      .metrics = verifier_metrics,
                                      .jobs_max = 2},
                                     {.new_block = chain,
                                      .new_attestation = chain,
                                      .new_aggregated_attestation = chain,
                                      .own_message_refused = chain,
                                      .gossip_verdict = probe(verdicts),
                                      .report_peer = probe(reports)}};
            },
            [this, parts = std::move(parts)](const auto& all) mutable {
                const auto& check = std::get<0>(all);
                return BlockchainActor{
                    std::move(parts),
                    {.own_block = check,
                     .own_attestation = check,
                     .own_aggregated_attestation = check,
                     .publish_block = publisher<network_api::PublishBlock>(
                         [this](const auto& message) { blocks.push_back(*message.block); }),
                     .publish_attestation = publisher<network_api::PublishAttestation>(
                         [this](const auto& message) { votes.push_back(message.attestation); }),
                     .publish_aggregated_attestation =
                         publisher<network_api::PublishAggregatedAttestation>(
                             [this](const auto& message) {
                                 aggregates.push_back(message.attestation);
                             }),
                     .fetch_block = actor::Recipient<network_api::FetchBlock>::to(
                         [this](network_api::FetchBlock message) {
                             fetches.push_back(message.root);
                             return network_api::FetchOutcome{
                                 message.root, network_api::FetchStatus::gave_up, 1};
                         }),
                     .report_peer = probe(reports)}};
            });
        verifier.emplace(std::get<0>(refs));
        simulator.run_ready();
    }

    std::shared_ptr<const network_api::ChainView> view() const { return view_.get(); }
    std::optional<actor::Exit> exit() const { return system_.exit(); }
    void crash() { system_.kill(); }
    void hear(const SignedBlock& block, const std::string& peer = "peer") {
        Bytes20 id{};
        id[0] = ++last_id_;
        EXPECT_TRUE(verifier->send(network_api::ReceivedBlock{
            block, hash_tree_root(block.block), peer, id, network_api::BlockSource::gossip}));
    }

    std::vector<SignedBlock> blocks;
    std::vector<SignedAttestation> votes;
    std::vector<SignedAggregatedAttestation> aggregates;
    std::vector<Root> fetches;
    std::vector<network_api::GossipVerdictMessage> verdicts;
    std::vector<network_api::ReportPeer> reports;
    Metrics metrics;
    blockchain::BlockchainMetrics blockchain_metrics{metrics};
    verifier::VerifierMetrics verifier_metrics{metrics};
    std::optional<actor::ActorRef<VerifierActor>> verifier;

  private:
    template <class M>
    static actor::Recipient<M> probe(std::vector<M>& list) {
        return actor::Recipient<M>::to([&list](M message) { list.push_back(std::move(message)); });
    }
    template <class M>
    static actor::Recipient<M> publisher(std::function<void(const M&)> record) {
        return actor::Recipient<M>::to([record](M message) {
            record(message);
            PublishOutcome outcome;
            outcome.status = network_api::PublishStatus::published;
            return outcome;
        });
    }

    actor::Simulator& simulator_;
    SeededRandom random_{5};
    std::unique_ptr<storage::Storage> storage_;
    network_api::ChainViewSnapshot view_{std::make_shared<const network_api::ChainView>()};
    aggregation::bundle::BundleBackend backend_{
        validator::test_scheme(),
        {.proof_size_max = profile().proof_size_max,
         .components_max = profile().proof_components_max},
        [this](std::move_only_function<void()> task) { simulator_.submit(task); },
        simulator_.clock()};
    std::uint8_t last_id_ = 0;
    actor::System system_;
};

class SingleNode : public testing::Test {
  protected:
    void run_to(std::uint64_t slot, std::uint64_t phase) {
        const UnixMs end = kGenesisTime * 1000 + (slot * 5 + phase) * 800;
        simulator_.run_for(std::chrono::milliseconds{end - simulator_.clock().unix_ms()});
    }

    actor::Simulator simulator_{{.seed = 3, .unix_ms_at_start = kGenesisTime * 1000 - 500}};
    Disks disks_;
};

TEST_F(SingleNode, all_validators_in_one_process_finalize_within_ten_slots) {
    Node node(disks_, simulator_, kValidators);
    run_to(10, 4);
    EXPECT_EQ(node.blocks.size(), 10U);
    EXPECT_EQ(node.votes.size(), 11U * kValidators);
    EXPECT_EQ(node.aggregates.size(), 11U);
    EXPECT_EQ(node.view()->head.slot, Slot{10});
    EXPECT_GE(node.view()->latest_finalized.slot, Slot{7});
    // Everything it published went through its own verifier first.
    EXPECT_EQ(node.verifier_metrics.blocks_valid.Value(), 10);
    EXPECT_EQ(node.verifier_metrics.votes_valid.Value(), 44);
    EXPECT_EQ(node.verifier_metrics.aggregates_valid.Value(), 11);
    EXPECT_EQ(node.verifier_metrics.own_refused.Value(), 0);
    EXPECT_EQ(node.blockchain_metrics.block_building_failures.Value(), 0);
}

TEST_F(SingleNode, a_crash_and_a_restart_lose_nothing_and_sign_nothing_twice) {
    std::map<std::pair<Slot, ValidatorIndex>, AttestationData> voted;
    Checkpoint head;
    for (int life = 0; life < 6; ++life) {
        Node node(disks_, simulator_, kValidators);
        EXPECT_GE(node.view()->head.slot, head.slot);
        simulator_.run_for(std::chrono::milliseconds{7'900 + 370 * life});
        EXPECT_FALSE(node.exit());
        head = node.view()->head;
        for (const SignedAttestation& vote : node.votes) {
            const auto [at, is_new] =
                voted.emplace(std::pair{vote.data.slot, vote.validator_index}, vote.data);
            EXPECT_EQ(at->second, vote.data);
        }
        node.crash();
        disks_.journal.kill();
        simulator_.run_ready();
    }
    Node node(disks_, simulator_, kValidators);
    simulator_.run_for(20s);
    EXPECT_GT(node.view()->latest_finalized.slot, Slot{8});
}

TEST_F(SingleNode, a_follower_believes_proofs_and_nothing_else) {
    Node builder(disks_, simulator_, kValidators);
    Disks other;
    Node follower(other, simulator_, 0);
    run_to(8, 4);
    for (const SignedBlock& block : builder.blocks) follower.hear(block);
    simulator_.run_for(200ms);
    EXPECT_EQ(follower.view()->head, builder.view()->head);
    EXPECT_EQ(follower.view()->latest_justified, builder.view()->latest_justified);
    EXPECT_TRUE(follower.votes.empty() && follower.blocks.empty());
    for (const auto& verdict : follower.verdicts) {
        EXPECT_EQ(verdict.verdict, GossipVerdict::accept);
    }

    // A block whose proof is that of another one.
    run_to(9, 1);
    SignedBlock forged = builder.blocks.back();
    forged.proof = builder.blocks.front().proof;
    follower.hear(forged, "mallory");
    simulator_.run_for(200ms);
    EXPECT_EQ(follower.verdicts.back().verdict, GossipVerdict::reject);
    EXPECT_EQ(follower.verdicts.back().peer, "mallory");
    EXPECT_EQ(follower.verdicts.back().reason, Rejection::INVALID_BLOCK_PROOF);
    EXPECT_EQ(follower.view()->head.slot, Slot{8});
    follower.hear(builder.blocks.back());
    simulator_.run_for(200ms);
    EXPECT_EQ(follower.view()->head.slot, Slot{9}) << "the forgery did not censor it";
}

}  // namespace
}  // namespace lepton
