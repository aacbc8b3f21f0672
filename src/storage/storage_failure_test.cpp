// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What happens when the disk fails, loses a byte or holds something else. On the simulated disk,
// where every record can be reached.
#include "storage/memory/memory_backend.hpp"
#include "storage/records.hpp"
#include "storage/storage.hpp"
#include "storage/test_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

namespace lepton::storage {
namespace {

Result<std::unique_ptr<Storage>, OpenError> open_on(MemoryDisk& disk) {
    auto backend = disk.open("memory");
    if (!backend) return std::unexpected(backend.error());
    return Storage::open(std::move(*backend), test_identity());
}

/// A life of a database with side branch, reorg and pruning, as steps of one write each.
struct Scenario {
    TestBlock genesis = test_genesis();
    TestBlock a1 = test_child(genesis, Slot{1});
    TestBlock a2 = test_child(a1, Slot{2});
    TestBlock b2 = test_child(a1, Slot{2}, 1);
    TestBlock b3 = test_child(b2, Slot{3});
    TestBlock b5 = test_child(b3, Slot{5});

    std::vector<std::function<bool(Storage&)>> steps() const {
        const auto import = [](const TestBlock& block, const Checkpoint& justified) {
            return [&block, justified](Storage& storage) {
                return storage.commit(import_as_head(block, justified)).has_value();
            };
        };
        const auto prune = [](const Checkpoint& anchor) {
            return [anchor](Storage& storage) { return storage.prune(anchor).has_value(); };
        };
        return {
            [this](Storage& storage) { return storage.set_anchor(genesis.imported()).has_value(); },
            import(a1, genesis.point()),
            import(a2, genesis.point()),
            import(b2, genesis.point()),
            import(b3, b2.point()),
            prune(b2.point()),
            import(b5, b3.point()),
            prune(b3.point())};
    }

    std::vector<const TestBlock*> blocks() const { return {&genesis, &a1, &a2, &b2, &b3, &b5}; }
};

/// Everything a reader can get, as text: to compare two databases.
std::vector<std::string> contents(const Storage& storage, const Scenario& scenario) {
    std::vector<std::string> found;
    const auto describe = [&](const auto& result, const auto& to_text) {
        if (!result) return std::string("error");
        return to_text(*result);
    };
    const auto bytes_text = [](const std::optional<Bytes>& bytes) {
        return bytes ? to_hex(*bytes) : std::string("absent");
    };
    for (const TestBlock* block : scenario.blocks()) {
        found.push_back(describe(storage.signed_block_bytes(block->root), bytes_text));
        found.push_back(describe(storage.state_bytes(block->root), bytes_text));
    }
    for (std::uint64_t slot = 0; slot < 6; ++slot) {
        found.push_back(describe(storage.canonical_blocks(Slot{slot}, 1), [](const auto& blocks) {
            return blocks.empty() ? std::string("absent") : to_hex(blocks[0].root);
        }));
    }
    found.push_back(describe(storage.checkpoints(), [](const auto& points) {
        return points ? to_hex(ssz::encode(*points)) : std::string("absent");
    }));
    found.push_back(describe(storage.load_chain(), [](const auto& chain) {
        if (!chain) return std::string("absent");
        std::string text =
            to_hex(ssz::encode(chain->anchor)) + to_hex(ssz::encode(chain->checkpoints));
        for (const TreeNode& node : chain->nodes) text += to_hex(ssz::encode(node));
        return text;
    }));
    return found;
}

TEST(StorageFailure, a_write_in_which_the_power_goes_is_kept_or_lost_as_a_whole) {
    const Scenario scenario;
    const auto steps = scenario.steps();
    for (std::size_t last = 0; last < steps.size(); ++last) {
        for (const bool is_kept : {false, true}) {
            MemoryDisk disk;
            auto storage = open_on(disk).value();
            for (std::size_t i = 0; i < last; ++i) ASSERT_TRUE(steps[i](*storage)) << i;
            MemoryDisk before = disk.clone();
            int times = 0;
            disk.cut_power_at(1, is_kept, [&times] { ++times; });
            EXPECT_FALSE(steps[last](*storage));
            EXPECT_EQ(times, 1);
            storage.reset();
            disk.cut_power_at(0, false, {});

            const auto expected = open_on(before).value();
            if (is_kept) {
                ASSERT_TRUE(steps[last](*expected));
            }
            EXPECT_EQ(contents(*open_on(disk).value(), scenario), contents(*expected, scenario));
        }
    }
}

TEST(StorageFailure, a_failed_write_changes_nothing_and_ends_all_writing) {
    const Scenario scenario;
    const auto steps = scenario.steps();
    for (std::size_t failing = 0; failing < steps.size(); ++failing) {
        MemoryDisk disk;
        disk.fail_at(failing + 1);
        auto storage = open_on(disk).value();
        for (std::size_t i = 0; i < failing; ++i) ASSERT_TRUE(steps[i](*storage)) << i;
        const auto before = contents(*storage, scenario);
        EXPECT_FALSE(steps[failing](*storage));
        EXPECT_EQ(contents(*storage, scenario), before);
        // The disk works again, but what was lost is not known: the node has to start anew.
        disk.fail_at(0);
        if (failing > 0) {
            EXPECT_FALSE(steps[1](*storage));
        }
        MemoryDisk after_crash = disk.clone();
        auto reopened = open_on(after_crash).value();
        EXPECT_EQ(contents(*reopened, scenario), before);
        for (std::size_t i = failing; i < steps.size(); ++i) {
            EXPECT_TRUE(steps[i](*reopened)) << i;
        }
    }
}

TEST(StorageFailure, a_crash_between_any_two_writes_leaves_a_chain_that_goes_on) {
    const Scenario scenario;
    const auto steps = scenario.steps();
    MemoryDisk whole;
    auto storage = open_on(whole).value();
    for (const auto& step : steps) ASSERT_TRUE(step(*storage));
    const auto expected = contents(*storage, scenario);
    for (std::size_t crash = 0; crash <= steps.size(); ++crash) {
        MemoryDisk disk;
        auto first = open_on(disk).value();
        for (std::size_t i = 0; i < crash; ++i) ASSERT_TRUE(steps[i](*first));
        MemoryDisk left = disk.clone();
        auto second = open_on(left).value();
        for (std::size_t i = crash; i < steps.size(); ++i) ASSERT_TRUE(steps[i](*second)) << i;
        EXPECT_EQ(contents(*second, scenario), expected) << crash;
    }
}

/// Opens a damaged copy and checks that whatever it gives is what was stored.
void expect_detected_or_harmless(MemoryDisk& damaged,
                                 const std::vector<std::string>& original,
                                 const Scenario& scenario,
                                 const std::string& where) {
    auto storage = open_on(damaged);
    if (!storage) {
        EXPECT_EQ(storage.error().kind, OpenError::Kind::damaged) << where;
        return;
    }
    const auto found = contents(**storage, scenario);
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(found[i] == original[i] || found[i] == "error" || found[i] == "absent")
            << where << " item " << i;
    }
    // A changed record is always noticed where it matters; nothing turns into something else.
    EXPECT_NE(found.back(), "absent") << where;
}

TEST(StorageFailure, no_changed_byte_is_ever_served) {
    const Scenario scenario;
    MemoryDisk disk;
    {
        auto storage = open_on(disk).value();
        for (const auto& step : scenario.steps()) ASSERT_TRUE(step(*storage));
    }
    auto reader = open_on(disk).value();
    const auto original = contents(*reader, scenario);
    std::size_t flips = 0;
    for (std::size_t i = 0; i < kTableCount; ++i) {
        const auto table = static_cast<Table>(i);
        const std::map<Bytes, Bytes> records = disk.records(table);
        for (const auto& [key, value] : records) {
            const std::string name = std::string(to_string(table)) + "/" + to_hex(key);
            for (std::size_t at = 0; at < value.size(); ++at, ++flips) {
                MemoryDisk damaged = disk.clone();
                damaged.records(table).at(key)[at] ^= 0x10;
                expect_detected_or_harmless(damaged, original, scenario, name);
            }
            for (std::size_t at = 0; at < key.size(); ++at, ++flips) {
                MemoryDisk damaged = disk.clone();
                auto node = damaged.records(table).extract(key);
                node.key()[at] ^= 0x10;
                damaged.records(table).insert(std::move(node));
                expect_detected_or_harmless(damaged, original, scenario, name + " key");
            }
        }
    }
    EXPECT_GT(flips, 3000U);
}

TEST(StorageFailure, a_value_under_another_key_is_not_taken_for_data) {
    const Scenario scenario;
    MemoryDisk disk;
    {
        auto storage = open_on(disk).value();
        for (const auto& step : scenario.steps()) ASSERT_TRUE(step(*storage));
    }
    auto& blocks = disk.records(Table::blocks);
    std::swap(blocks.at(to_bytes(scenario.b5.root.bytes)),
              blocks.at(to_bytes(scenario.b3.root.bytes)));
    auto storage = open_on(disk).value();
    EXPECT_FALSE(storage->signed_block_bytes(scenario.b5.root));
    EXPECT_FALSE(storage->signed_block_bytes(scenario.b3.root));
    EXPECT_TRUE(storage->signed_block_bytes(scenario.genesis.root));
}

TEST(StorageFailure, damage_is_reported_with_the_record_and_what_to_do) {
    const Scenario scenario;
    MemoryDisk disk;
    {
        auto storage = open_on(disk).value();
        for (const auto& step : scenario.steps()) ASSERT_TRUE(step(*storage));
    }
    disk.records(Table::blocks).at(to_bytes(scenario.b5.root.bytes))[0] ^= 1;
    auto storage = open_on(disk).value();
    const auto read = storage->signed_block_bytes(scenario.b5.root);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what,
              "memory is damaged: bad record blocks/" + to_hex(scenario.b5.root) +
                  "; move it away and start again, the node then syncs from its peers or a "
                  "checkpoint");
}

TEST(StorageFailure, a_newer_format_is_refused_by_number) {
    MemoryDisk disk;
    ASSERT_TRUE(open_on(disk).value()->set_anchor(test_genesis().imported()));
    Bytes identity = encode_identity(test_identity());
    identity[0] = kFormatVersion + 1;
    const Bytes key = to_bytes(as_bytes(kIdentityKey));
    disk.records(Table::meta)[key] = seal(Table::meta, key, identity);
    const auto opened = open_on(disk);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, OpenError::Kind::newer_format);
    EXPECT_NE(opened.error().what.find("format 2, this one knows up to 1"), std::string::npos)
        << opened.error().what;
}

TEST(StorageFailure, data_without_an_identity_is_refused) {
    MemoryDisk disk;
    ASSERT_TRUE(open_on(disk).value()->set_anchor(test_genesis().imported()));
    disk.records(Table::meta).erase(to_bytes(as_bytes(kIdentityKey)));
    const auto opened = open_on(disk);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, OpenError::Kind::damaged);
}

TEST(StorageFailure, a_chain_without_finality_grows_linearly) {
    MemoryDisk disk;
    auto storage = open_on(disk).value();
    TestBlock block = test_genesis();
    ASSERT_TRUE(storage->set_anchor(block.imported()));
    const Checkpoint justified = block.point();
    const auto bytes_of_states = [&] {
        std::size_t size = 0;
        for (const auto& [key, value] : disk.records(Table::states)) size += value.size();
        return size;
    };
    std::vector<std::size_t> sizes;
    for (std::uint64_t i = 1; i <= 3 * kStateSnapshotSpacing; ++i) {
        block = test_child(block, Slot{i});
        ASSERT_TRUE(storage->commit(import_as_head(block, justified)));
        if (i % kStateSnapshotSpacing == kStateSnapshotSpacing - 1)
            sizes.push_back(bytes_of_states());
    }
    // A whole state at the end has about 100 kB; 3072 of them would take 150 MB.
    const std::size_t whole = ssz::encode(block.state).size();
    EXPECT_GT(whole, 90'000U);
    EXPECT_LT(sizes[2], 3 * kStateSnapshotSpacing * 700 + 3 * whole);
    EXPECT_LT(sizes[2] - sizes[1], (sizes[1] - sizes[0]) * 3 / 2);
}

}  // namespace
}  // namespace lepton::storage
