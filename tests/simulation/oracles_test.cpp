// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every oracle must be able to fail: here bugs are planted, and each must be found.
#include "oracles.hpp"

#include "base/log.hpp"
#include "fault_run.hpp"
#include "seed_workers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace lepton::simulation {
namespace {

using std::chrono::seconds;

testing::AssertionResult has(const std::vector<std::string>& lines, std::string_view what) {
    if (std::ranges::any_of(lines, [&](const auto& line) { return line.contains(what); })) {
        return testing::AssertionSuccess();
    }
    auto result = testing::AssertionFailure() << "no line has '" << what << "':";
    for (const std::string& line : lines) result << "\n  " << line;
    return result;
}

class Planted : public testing::Test {
  protected:
    void SetUp() override { log::set_level(log::Level::off); }

    static actor::CellSnapshot snapshot_of(SimNode& node, std::string_view actor) {
        for (actor::CellSnapshot& found : node.actors()) {
            if (found.name == actor) return std::move(found);
        }
        ADD_FAILURE() << "no actor " << actor;
        return {};
    }
};

TEST_F(Planted, a_disk_that_loses_synced_writes_is_found) {
    SimNetworkOfNodes network({.seed = 1});
    network.run_to_slot(5);
    SimNode& node = network.node(1);
    storage::MemoryDisk old = node.chain_disk().clone();
    network.run_to_slot(10);
    node.crash(CrashKind::power);
    node.chain_disk() = std::move(old);
    network.restart(node);
    EXPECT_TRUE(has(network.violations(), "node_1: lost the finalized block"));
    EXPECT_TRUE(has(network.violations(), "node_1: finalized slot went back"));
}

// A machine that begins anew with its old keys and a clock half a minute late, which makes the
// guard of a fresh journal useless.
TEST_F(Planted, a_key_that_signs_two_messages_is_found) {
    SimNetworkOfNodes network({.seed = 2, .nodes = 1, .validators_per_node = 3});
    network.run_to_slot(8);
    SimNode& node = network.node(0);
    node.crash(CrashKind::process);
    node.chain_disk() = {};
    node.journal_disk() = {};
    node.machine().set_clock(0, -seconds{30});
    network.restart(node);
    network.run_to_slot(14);
    EXPECT_TRUE(has(network.violations(), "used for two messages"));
}

TEST_F(Planted, a_second_message_seen_on_the_network_is_found) {
    Violations violations;
    KeyUses uses(violations);
    const Bytes key(52, 1);
    uses.watch(key);
    uses.note(key, 7, Bytes32{1}, "its signer");
    uses.note(key, 7, Bytes32{1}, "the network");
    uses.note(key, 8, Bytes32{2}, "the network");
    uses.note(Bytes(52, 2), 7, Bytes32{1}, "the network");
    uses.note(Bytes(52, 2), 7, Bytes32{2}, "the network");
    EXPECT_TRUE(violations.lines().empty());
    uses.note(key, 7, Bytes32{3}, "the network");
    EXPECT_EQ(violations.lines().size(), 1U);
}

TEST_F(Planted, every_valid_signature_that_is_verified_is_noted) {
    int valid = 0;
    const MemoScheme scheme([](auto&&...) {}, [&](auto&&...) { ++valid; });
    const ValidatorKeys& keys = keys_of(0);
    const auto signer =
        scheme.load_secret_key(keys.attestation_public_key, keys.attestation_secret_key).value();
    const Bytes signature = signer->sign(3, Bytes32{9}).value();
    crypto::VerifyJob job{.public_key = keys.attestation_public_key,
                          .slot = 3,
                          .message = Bytes32{9},
                          .signature = signature};
    for (int i = 1; i <= 2; ++i) {
        EXPECT_TRUE(scheme.verify(job));
        EXPECT_EQ(valid, i);
    }
    job.message = Bytes32{8};
    EXPECT_FALSE(scheme.verify(job));
    EXPECT_EQ(valid, 2);
}

TEST_F(Planted, conflicting_finality_is_found) {
    Violations violations;
    FinalityOracle oracle;
    const Checkpoint one{.root = Root{Bytes32{1}}, .slot = Slot{5}};
    const Checkpoint other{.root = Root{Bytes32{2}}, .slot = Slot{5}};
    oracle.judge(0, "node_0", one, violations);
    oracle.judge(1, "node_1", one, violations);
    EXPECT_TRUE(violations.lines().empty());
    oracle.judge(2, "node_2", other, violations);
    EXPECT_TRUE(has(violations.lines(), "conflicting finality at slot 5"));
}

TEST_F(Planted, a_message_that_is_dropped_and_not_counted_is_found) {
    SimNetworkOfNodes network({.seed = 3});
    network.run_to_slot(4);
    actor::CellSnapshot actor = snapshot_of(network.node(0), "p2p");
    const Time now = network.node(0).machine().now();
    Violations violations;
    check_actor("node_0", actor, now, violations);
    EXPECT_TRUE(violations.lines().empty());

    const auto used =
        std::ranges::find_if(actor.classes, [](const auto& queue) { return queue.handled > 0; });
    ASSERT_NE(used, actor.classes.end());
    --used->handled;
    check_actor("node_0", actor, now, violations);
    EXPECT_TRUE(has(violations.lines(), "lost count of"));
}

TEST_F(Planted, a_queue_beyond_its_bound_is_found) {
    SimNetworkOfNodes network({.seed = 3});
    network.run_to_slot(4);
    actor::CellSnapshot actor = snapshot_of(network.node(0), "verifier");
    actor.classes.front().high_water = actor.classes.front().spec.capacity + 1;
    Violations violations;
    check_actor("node_0", actor, network.node(0).machine().now(), violations);
    EXPECT_TRUE(has(violations.lines(), "room is for"));
}

TEST_F(Planted, an_ask_that_never_ends_is_found) {
    SimNetworkOfNodes network({.seed = 3});
    network.run_to_slot(4);
    actor::CellSnapshot actor = snapshot_of(network.node(0), "p2p");
    const Time now = network.node(0).machine().now();
    Violations forgotten;
    ++actor.asks_opened;
    check_actor("node_0", actor, now, forgotten);
    EXPECT_TRUE(has(forgotten.lines(), "lost count of its asks"));

    Violations overdue;
    actor.asks_pending = actor.asks_opened - actor.asks_completed - actor.asks_forgotten;
    actor.oldest_ask_due = now - seconds{1};
    check_actor("node_0", actor, now, overdue);
    EXPECT_TRUE(has(overdue.lines(), "beyond its time limit"));
}

TEST_F(Planted, a_node_that_ends_without_a_reason_is_found) {
    const FaultRunResult result =
        run_with_faults({.seed = 4, .slots = 14, .with_faults = false, .plant = [](auto& network) {
                             network.node(3).chain_disk().fail_at(3);
                         }});
    EXPECT_TRUE(has(result.violations, "node_3 ended: code 74"));
}

TEST_F(Planted, a_network_that_does_not_recover_is_found) {
    const FaultRunResult result =
        run_with_faults({.seed = 4, .slots = 14, .with_faults = false, .plant = [](auto& network) {
                             network.simulator().after(seconds{12}, [&network] {
                                 network.node(1).machine().set_stalled({"blockchain"});
                             });
                         }});
    EXPECT_TRUE(has(result.violations, "not every node finalizes"));
}

TEST_F(Planted, a_worker_that_dies_is_one_failed_seed) {
    SeedsOptions options{.first_seed = 1, .seeds = 5, .jobs = 2, .run = {.slots = 12}};
    options.run.plant = [](SimNetworkOfNodes& network) {
        if (network.seed() == 2) std::abort();
    };
    std::map<std::uint64_t, std::string> failures;
    run_seeds(options,
              [&](const SeedOutcome& outcome) { failures[outcome.seed] = outcome.failure; });
    const std::map<std::uint64_t, std::string> expected{
        {1, ""}, {2, "ended by signal 6"}, {3, ""}, {4, ""}, {5, ""}};
    EXPECT_EQ(failures, expected);
}

}  // namespace
}  // namespace lepton::simulation
