// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One node with three validators around the slots where what its keys have prepared changes: 65,536
// is the middle of the first window, 131,072 its end. Its chain is young there: all the slots
// before it are empty.
#include "base/log.hpp"
#include "sim_node.hpp"
#include "window_scheme.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace lepton::simulation {
namespace {

constexpr std::uint64_t kGenesisTime = 1'700'000'000;
constexpr std::uint64_t kValidators = 3;
constexpr std::uint64_t kTree = WindowScheme::kTreeSlots;
/// A node whose chain is behind the clock waits so long for others before it does duties, and its
/// first slot is not safe.
constexpr std::uint64_t kWarmUp = 12;

class KeyWindow : public testing::Test {
  protected:
    struct Build {
        Bytes key;
        crypto::SlotRange window;
        std::uint64_t at = 0;
    };

    void SetUp() override {
        log::set_level(log::Level::off);
        auto registry = std::make_shared<Validators>();
        for (std::size_t i = 0; i < kValidators; ++i) {
            const ValidatorKeys& keys = keys_of(i);
            registry->push_back({PublicKey(keys.attestation_public_key),
                                 PublicKey(keys.proposal_public_key),
                                 ValidatorIndex{i}});
        }
        genesis_.validators = std::move(registry);
    }

    /// Makes the world, and the node in it, a second before slot `slot` begins.
    void start_at(std::uint64_t slot) {
        simulator_.emplace(actor::SimulatorOptions{
            .seed = 1, .unix_ms_at_start = kGenesisTime * 1000 + slot * 4000 - 1000});
        network_.emplace(simulator_->random());
        world_.emplace(SimWorld{*simulator_, *network_, genesis_, scheme_});
        node_.emplace(0,
                      *world_,
                      std::vector<libp2p::Multiaddr>{},
                      std::vector{ValidatorIndex{0}, ValidatorIndex{1}, ValidatorIndex{2}});
        ASSERT_TRUE(node_->start());
    }

    std::uint64_t clock_slot() const {
        return (simulator_->clock().unix_ms() - kGenesisTime * 1000) / 4000;
    }

    /// Runs until `slot` is over.
    void run_through(std::uint64_t slot) {
        const UnixMs end = kGenesisTime * 1000 + (slot + 1) * 4000 - 100;
        simulator_->run_for(std::chrono::milliseconds(end - simulator_->clock().unix_ms()));
        ASSERT_FALSE(node_->exit());
    }

    /// Every validator has voted once in each slot of [first, last], one has made its block, each
    /// in that slot.
    void expect_each_duty_once(std::uint64_t first, std::uint64_t last) const {
        for (std::uint64_t slot = first; slot <= last; ++slot) {
            for (std::size_t i = 0; i < kValidators; ++i) {
                const auto at = [&](const Bytes& key) {
                    const auto found = signed_.find({key, slot});
                    return found == signed_.end() ? std::vector<std::uint64_t>{} : found->second;
                };
                EXPECT_EQ(at(keys_of(i).attestation_public_key), std::vector{slot})
                    << "vote of validator " << i << " for slot " << slot;
                EXPECT_EQ(
                    at(keys_of(i).proposal_public_key),
                    slot % kValidators == i ? std::vector{slot} : std::vector<std::uint64_t>{})
                    << "block of validator " << i << " for slot " << slot;
            }
        }
    }

    /// No slot was signed after it was over, or twice.
    void expect_nothing_late_and_nothing_twice() const {
        for (const auto& [use, slots] : signed_) {
            EXPECT_EQ(slots, std::vector{use.second}) << "slot " << use.second;
        }
    }

    /// Every key has built `window` once, in the slots [first, last].
    void expect_each_key_built(crypto::SlotRange window, std::uint64_t first, std::uint64_t last) {
        std::set<Bytes> keys;
        std::erase_if(builds_, [&](const Build& build) {
            if (build.window != window) return false;
            EXPECT_GE(build.at, first);
            EXPECT_LE(build.at, last);
            EXPECT_TRUE(keys.insert(build.key).second) << "built twice";
            return true;
        });
        EXPECT_EQ(keys.size(), 2 * kValidators);
    }

    SimGenesis genesis_{.profile = network_profile("leanspec-test").value(),
                        .genesis_time = kGenesisTime,
                        .validators = {}};
    /// By key and slot: in which slots it was signed.
    std::map<std::pair<Bytes, std::uint64_t>, std::vector<std::uint64_t>> signed_;
    std::map<std::pair<Bytes, std::uint64_t>, Bytes32> messages_;
    std::vector<Build> builds_;
    WindowScheme scheme_{
        {.signs =
             [this](ByteView key, std::uint64_t slot, const Bytes32& message) {
                 const std::pair use{to_bytes(key), slot};
                 signed_[use].push_back(clock_slot());
                 EXPECT_EQ(messages_.try_emplace(use, message).first->second, message)
                     << "slot " << slot << " was used for two messages";
             },
         .builds =
             [this](ByteView key, const crypto::SlotRange& window) {
                 builds_.push_back({to_bytes(key), window, clock_slot()});
             }}};
    std::optional<actor::Simulator> simulator_;
    std::optional<libp2p::SimNetwork> network_;
    std::optional<SimWorld> world_;
    std::optional<SimNode> node_;
};

TEST_F(KeyWindow, from_its_middle_on_the_next_part_is_made_ready) {
    start_at(kTree - 1 - kWarmUp);
    run_through(kTree - 1);
    EXPECT_TRUE(builds_.empty()) << "both trees are ahead";
    run_through(kTree + 3);
    expect_each_duty_once(kTree - 1, kTree + 1);
    expect_nothing_late_and_nothing_twice();
    expect_each_key_built({kTree, 3 * kTree}, kTree, kTree + 2);
    EXPECT_TRUE(builds_.empty());
}

TEST_F(KeyWindow, its_end_is_passed_without_a_duty_lost_late_or_done_twice) {
    start_at(2 * kTree - 1 - kWarmUp);
    run_through(2 * kTree + 3);
    expect_each_duty_once(2 * kTree - 1, 2 * kTree + 1);
    expect_nothing_late_and_nothing_twice();
    // A node that starts in the second half begins with it at once: its keys' files are as before.
    const std::uint64_t start = 2 * kTree - 1 - kWarmUp;
    expect_each_key_built({kTree, 3 * kTree}, start - 1, start + 1);
    // The middle of the window that it has now.
    expect_each_key_built({2 * kTree, 4 * kTree}, 2 * kTree, 2 * kTree + 2);
    EXPECT_TRUE(builds_.empty());
}

TEST_F(KeyWindow, power_cuts_at_its_end_lose_duties_at_most) {
    start_at(2 * kTree - 1 - kWarmUp);
    for (std::uint64_t slot = 2 * kTree - 1; slot <= 2 * kTree + 1; ++slot) {
        run_through(slot);
        simulator_->run_for(std::chrono::milliseconds(1500));
        node_->crash(CrashKind::power);
        ASSERT_TRUE(node_->start());
    }
    run_through(2 * kTree + 4);
    // The same message again is the same signature, so what counts is the slot.
    for (const auto& [use, slots] : signed_) {
        EXPECT_TRUE(std::ranges::all_of(slots, [&](std::uint64_t at) { return at == use.second; }))
            << "slot " << use.second << " was signed late";
    }
    expect_each_duty_once(2 * kTree + 4, 2 * kTree + 4);
}

TEST_F(KeyWindow, a_node_that_starts_far_ahead_goes_straight_to_the_window_it_needs) {
    const std::uint64_t start = 3 * kTree + 100;
    start_at(start);
    run_through(start + kWarmUp + 2);
    expect_each_duty_once(start + kWarmUp, start + kWarmUp + 2);
    expect_nothing_late_and_nothing_twice();
    // The last two trees of the key, and no other on the way.
    expect_each_key_built({2 * kTree, 4 * kTree}, start - 1, start + 1);
    EXPECT_TRUE(builds_.empty());
}

}  // namespace
}  // namespace lepton::simulation
