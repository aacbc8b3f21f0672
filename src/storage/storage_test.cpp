// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What every backend must do. Each test opens the database anew where it checks that something
// lasts.
#include "storage/storage.hpp"

#include "base/parallel.hpp"
#include "base/test_directory.hpp"
#include "storage/lmdb/lmdb_backend.hpp"
#include "storage/memory/memory_backend.hpp"
#include "storage/test_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace lepton::storage {
namespace {

struct OnMemory {
    MemoryDisk disk;
    Result<std::unique_ptr<Backend>, OpenError> open() { return disk.open("memory"); }
};

struct OnLmdb {
    test::TestDirectory directory{test::memory_directory()};
    Result<std::unique_ptr<Backend>, OpenError> open() { return open_lmdb(directory.path()); }
};

template <class Place>
class StorageTest : public ::testing::Test {
  protected:
    /// Closes the storage, if open, and opens it again.
    void reopen() {
        storage_.reset();
        auto backend = place_.open();
        ASSERT_TRUE(backend) << backend.error().what;
        auto opened = Storage::open(std::move(*backend), test_identity());
        ASSERT_TRUE(opened) << opened.error().what;
        storage_ = std::move(*opened);
    }

    void SetUp() override {
        reopen();
        genesis_ = test_genesis();
    }

    void start() { ASSERT_TRUE(storage_->set_anchor(genesis_.imported())); }

    /// Imports a child of `parent` as the new head.
    TestBlock extend(const TestBlock& parent, std::uint64_t slot, std::uint64_t variant = 0) {
        TestBlock child = test_child(parent, Slot{slot}, variant);
        EXPECT_TRUE(storage_->commit(import_as_head(child, justified_)));
        return child;
    }

    /// Imports a child of `parent`; the head stays at `head`.
    TestBlock add_beside(const TestBlock& parent,
                         std::uint64_t slot,
                         std::uint64_t variant,
                         const TestBlock& head) {
        TestBlock child = test_child(parent, Slot{slot}, variant);
        EXPECT_TRUE(storage_->commit(
            {.block = child.imported(), .checkpoints = points_at(head, justified_)}));
        return child;
    }

    bool has_block(const TestBlock& block) {
        const auto bytes = storage_->signed_block_bytes(block.root).value();
        if (bytes) {
            EXPECT_EQ(*bytes, ssz::encode(block.block));
        }
        return bytes.has_value();
    }

    bool has_state(const TestBlock& block) {
        const auto bytes = storage_->state_bytes(block.root).value();
        if (bytes) {
            EXPECT_EQ(*bytes, ssz::encode(block.state));
        }
        return bytes.has_value();
    }

    std::vector<Checkpoint> canonical() {
        return storage_->canonical_blocks(Slot{0}, 1024).value();
    }

    /// Finalizes and justifies `anchor`, then prunes until nothing is left to do.
    void prune_all(const Checkpoint& anchor) {
        if (anchor.slot > justified_.slot) justified_ = anchor;
        Checkpoints points = storage_->checkpoints().value().value();
        points.latest_justified = justified_;
        points.latest_finalized = justified_;
        ASSERT_TRUE(storage_->commit({.block = std::nullopt, .checkpoints = points}));
        while (true) {
            const auto done = storage_->prune(anchor);
            ASSERT_TRUE(done) << done.error().what;
            if (*done) return;
        }
    }

    Place place_;
    std::unique_ptr<Storage> storage_;
    TestBlock genesis_;
    /// The justified checkpoint that imports name; the genesis block at first.
    Checkpoint justified_ = test_genesis().point();
};

using Places = ::testing::Types<OnMemory, OnLmdb>;
TYPED_TEST_SUITE(StorageTest, Places);

TYPED_TEST(StorageTest, an_empty_database_has_nothing) {
    EXPECT_EQ(this->storage_->load_chain().value(), std::nullopt);
    EXPECT_EQ(this->storage_->checkpoints().value(), std::nullopt);
    EXPECT_FALSE(this->has_block(this->genesis_));
    EXPECT_FALSE(this->has_state(this->genesis_));
    EXPECT_TRUE(this->canonical().empty());
}

TYPED_TEST(StorageTest, the_anchor_is_servable_and_survives) {
    this->start();
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(this->has_block(this->genesis_));
        EXPECT_TRUE(this->has_state(this->genesis_));
        const Checkpoint point = this->genesis_.point();
        EXPECT_EQ(this->canonical(), std::vector{point});
        const auto chain = this->storage_->load_chain().value();
        ASSERT_TRUE(chain);
        EXPECT_EQ(chain->anchor, point);
        EXPECT_EQ(chain->checkpoints, (Checkpoints{point, point, point, point}));
        ASSERT_EQ(chain->nodes.size(), 1U);
        EXPECT_EQ(chain->nodes[0].root, this->genesis_.root);
        this->reopen();
    }
}

TYPED_TEST(StorageTest, an_imported_block_comes_back_with_everything) {
    this->start();
    const TestBlock block = this->extend(this->genesis_, 3);
    this->reopen();
    EXPECT_TRUE(this->has_block(block));
    EXPECT_TRUE(this->has_state(block));
    EXPECT_EQ(this->canonical(), (std::vector{this->genesis_.point(), block.point()}));
    const auto chain = this->storage_->load_chain().value();
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->checkpoints, points_at(block, this->justified_));
    ASSERT_EQ(chain->nodes.size(), 2U);
    EXPECT_EQ(chain->nodes[1],
              (TreeNode{.root = block.root,
                        .slot = Slot{3},
                        .parent_root = this->genesis_.root,
                        .proposer_index = ValidatorIndex{3},
                        .state_root = block.block.block.state_root,
                        .latest_justified = block.state.latest_justified,
                        .latest_finalized = block.state.latest_finalized}));
}

TYPED_TEST(StorageTest, every_state_of_a_long_branch_is_rebuilt) {
    this->start();
    std::vector<TestBlock> line{this->genesis_};
    for (std::uint64_t i = 1; i <= kStateSnapshotSpacing + 30; ++i) {
        // Now and then as after a restart, with nothing in memory.
        if (i % 300 == 0) this->reopen();
        line.push_back(this->extend(line.back(), i));
    }
    this->reopen();
    for (std::size_t i = 0; i < line.size(); i += i < 1000 ? 97 : 1) {
        ASSERT_TRUE(this->has_state(line[i])) << i;
    }
    EXPECT_EQ(this->storage_->load_chain().value()->nodes.size(), line.size());
}

TYPED_TEST(StorageTest, a_reorg_rewrites_the_canonical_index) {
    this->start();
    const TestBlock a1 = this->extend(this->genesis_, 1);
    const TestBlock a2 = this->extend(a1, 2);
    const TestBlock a4 = this->extend(a2, 4);
    const TestBlock b3 = this->add_beside(a1, 3, 1, a4);
    EXPECT_EQ(this->canonical(),
              (std::vector{this->genesis_.point(), a1.point(), a2.point(), a4.point()}));
    const TestBlock b5 = this->extend(b3, 5, 1);
    EXPECT_EQ(this->canonical(),
              (std::vector{this->genesis_.point(), a1.point(), b3.point(), b5.point()}));
    // Back to the shorter branch, by votes alone.
    ASSERT_TRUE(this->storage_->commit(
        {.block = std::nullopt, .checkpoints = points_at(a2, this->justified_)}));
    this->reopen();
    EXPECT_EQ(this->canonical(), (std::vector{this->genesis_.point(), a1.point(), a2.point()}));
    EXPECT_EQ(this->storage_->checkpoints().value()->head, a2.point());
    EXPECT_EQ(this->storage_->load_chain().value()->nodes.size(), 6U);
}

TYPED_TEST(StorageTest, siblings_in_one_slot_are_both_kept) {
    this->start();
    const TestBlock a = this->extend(this->genesis_, 1);
    const TestBlock b = this->extend(this->genesis_, 1, 1);
    EXPECT_EQ(this->canonical(), (std::vector{this->genesis_.point(), b.point()}));
    EXPECT_TRUE(this->has_state(a));
    EXPECT_TRUE(this->has_state(b));
}

TYPED_TEST(StorageTest, importing_a_block_again_changes_nothing) {
    this->start();
    const TestBlock a = this->extend(this->genesis_, 1);
    const TestBlock b = this->extend(a, 2);
    ASSERT_TRUE(this->storage_->commit(
        {.block = a.imported(), .checkpoints = points_at(b, this->justified_)}));
    EXPECT_EQ(this->storage_->load_chain().value()->nodes.size(), 3U);
    EXPECT_TRUE(this->has_state(a));
    EXPECT_TRUE(this->has_state(b));
}

TYPED_TEST(StorageTest, canonical_blocks_are_bounded_by_slot_and_count) {
    this->start();
    TestBlock block = this->genesis_;
    for (const std::uint64_t slot : std::vector<std::uint64_t>{1, 2, 7, 9})
        block = this->extend(block, slot);
    const auto slots = [&](std::uint64_t start, std::uint64_t count) {
        std::vector<std::uint64_t> found;
        const auto blocks = this->storage_->canonical_blocks(Slot{start}, count).value();
        for (const Checkpoint& point : blocks) {
            found.push_back(point.slot.value);
        }
        return found;
    };
    using Slots = std::vector<std::uint64_t>;
    EXPECT_EQ(slots(1, 2), (Slots{1, 2}));
    EXPECT_EQ(slots(2, 6), (Slots{2, 7}));
    EXPECT_EQ(slots(3, 4), Slots{});
    EXPECT_EQ(slots(0, 0), Slots{});
    EXPECT_EQ(slots(2, ~std::uint64_t{0}), (Slots{2, 7, 9}));
    EXPECT_EQ(slots(~std::uint64_t{0}, ~std::uint64_t{0}), Slots{});
}

TYPED_TEST(StorageTest, pruning_keeps_the_chain_and_everything_above_the_anchor) {
    this->start();
    const TestBlock a1 = this->extend(this->genesis_, 1);
    const TestBlock a2 = this->extend(a1, 2);
    const TestBlock a3 = this->extend(a2, 3);
    const TestBlock a5 = this->extend(a3, 5);
    const TestBlock b2 = this->add_beside(a1, 2, 1, a5);
    const TestBlock b4 = this->add_beside(b2, 4, 1, a5);
    const TestBlock c4 = this->add_beside(a3, 4, 2, a5);
    this->prune_all(a3.point());
    for (int round = 0; round < 2; ++round) {
        for (const TestBlock* block :
             std::vector<const TestBlock*>{&this->genesis_, &a1, &a2, &a3, &a5, &c4}) {
            EXPECT_TRUE(this->has_block(*block));
        }
        for (const TestBlock* block : {&a3, &a5, &c4}) EXPECT_TRUE(this->has_state(*block));
        EXPECT_FALSE(this->has_block(b2));
        EXPECT_FALSE(this->has_state(b2));
        const auto chain = this->storage_->load_chain().value();
        EXPECT_EQ(chain->anchor, a3.point());
        std::vector<Root> roots;
        for (const TreeNode& node : chain->nodes) roots.push_back(node.root);
        EXPECT_EQ(roots, (std::vector{a3.root, c4.root, a5.root}));
        this->reopen();
    }
    // A block beside the chain goes when the anchor has passed it.
    const TestBlock a6 = this->extend(a5, 6);
    this->prune_all(a5.point());
    EXPECT_FALSE(this->has_block(b4));
    EXPECT_FALSE(this->has_block(c4));
    EXPECT_TRUE(this->has_state(a6));
}

TYPED_TEST(StorageTest, the_anchor_never_moves_back) {
    this->start();
    const TestBlock a1 = this->extend(this->genesis_, 1);
    const TestBlock a2 = this->extend(a1, 2);
    this->prune_all(a2.point());
    this->prune_all(a1.point());
    this->reopen();
    EXPECT_EQ(this->storage_->load_chain().value()->anchor, a2.point());
}

TYPED_TEST(StorageTest, an_anchor_beside_the_chain_or_above_the_justified_block_is_refused) {
    this->start();
    const TestBlock a1 = this->extend(this->genesis_, 1);
    const TestBlock b1 = this->add_beside(this->genesis_, 1, 1, a1);
    EXPECT_FALSE(this->storage_->prune(b1.point()));
    EXPECT_FALSE(this->storage_->prune({Root{}, Slot{1}}));
    // Nor may it pass the justified checkpoint, where fork choice starts.
    EXPECT_FALSE(this->storage_->prune(a1.point()));
    EXPECT_EQ(this->storage_->load_chain().value()->anchor, this->genesis_.point());
}

TYPED_TEST(StorageTest, states_below_a_whole_state_are_deleted_step_by_step) {
    this->start();
    std::vector<TestBlock> line{this->genesis_};
    for (std::uint64_t i = 1; i <= kStateSnapshotSpacing + 10; ++i) {
        line.push_back(this->extend(line.back(), i));
    }
    const TestBlock& below = line[kStateSnapshotSpacing - 1];
    const TestBlock& whole = line[kStateSnapshotSpacing];
    // The anchor's own base is the first state: nothing to delete.
    this->prune_all(below.point());
    EXPECT_TRUE(this->has_state(this->genesis_));
    EXPECT_TRUE(this->has_state(below));
    this->justified_ = whole.point();
    ASSERT_TRUE(this->storage_->commit(
        {.block = std::nullopt, .checkpoints = points_at(line.back(), whole.point())}));
    std::size_t calls = 1;
    while (!this->storage_->prune(whole.point()).value()) ++calls;
    EXPECT_GE(calls, kStateSnapshotSpacing / kPruneBlocksMax);
    this->reopen();
    EXPECT_FALSE(this->has_state(this->genesis_));
    EXPECT_FALSE(this->has_state(below));
    EXPECT_TRUE(this->has_block(this->genesis_));
    EXPECT_TRUE(this->has_block(below));
    EXPECT_TRUE(this->has_state(whole));
    EXPECT_TRUE(this->has_state(line.back()));
    EXPECT_EQ(this->storage_->load_chain().value()->nodes.size(), 11U);
    EXPECT_EQ(this->canonical().size(), 1024U);
}

TYPED_TEST(StorageTest, an_anchor_ahead_of_the_chain_keeps_finalized_blocks_servable) {
    this->start();
    const TestBlock a1 = this->extend(this->genesis_, 1);
    const TestBlock a2 = this->extend(a1, 2);
    const TestBlock a3 = this->extend(a2, 3);
    this->prune_all(a1.point());
    const TestBlock far = test_child(test_child(this->genesis_, Slot{90}), Slot{100});
    ASSERT_TRUE(this->storage_->set_anchor(far.imported()));
    EXPECT_EQ(this->canonical(), (std::vector{this->genesis_.point(), a1.point(), far.point()}));
    this->justified_ = far.point();
    const TestBlock next = this->extend(far, 101);
    const TestBlock last = this->extend(next, 102);
    this->prune_all(next.point());
    this->reopen();
    EXPECT_EQ(this->storage_->load_chain().value()->anchor, next.point());
    EXPECT_TRUE(this->has_state(last));
    EXPECT_TRUE(this->has_block(a1));
    EXPECT_FALSE(this->has_block(a3));
    EXPECT_FALSE(this->has_state(a1));
}

TYPED_TEST(StorageTest, a_second_open_is_refused_while_the_first_lives) {
    const auto second = this->place_.open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, OpenError::Kind::in_use);
    this->storage_.reset();
    EXPECT_TRUE(this->place_.open());
}

TYPED_TEST(StorageTest, a_database_of_another_network_is_refused) {
    this->start();
    this->storage_.reset();
    Identity other_time = test_identity();
    ++other_time.genesis_time;
    Identity other_registry = test_identity();
    other_registry.registry_root.bytes[31] = 1;
    Identity other_profile = test_identity();
    other_profile.network_profile = "leanspec-prod";
    for (const Identity& identity : {other_time, other_registry, other_profile}) {
        const auto opened = Storage::open(this->place_.open().value(), identity);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, OpenError::Kind::foreign);
        EXPECT_NE(opened.error().what.find("choose another data directory"), std::string::npos);
    }
    this->reopen();
    EXPECT_TRUE(this->has_block(this->genesis_));
}

TYPED_TEST(StorageTest, readers_on_other_threads_see_whole_commits) {
    this->start();
    // Two branches that take turns in being the head.
    std::vector<TestBlock> a{this->genesis_};
    std::vector<TestBlock> b{this->genesis_};
    for (std::uint64_t i = 1; i <= 60; ++i) {
        a.push_back(test_child(a.back(), Slot{2 * i}));
        b.push_back(test_child(b.back(), Slot{2 * i + 1}, 1));
    }
    std::atomic<bool> is_done = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> answers = 0;
    const auto write = [&] {
        for (std::size_t i = 1; i < a.size(); ++i) {
            for (const TestBlock* block : std::vector<const TestBlock*>{&a[i], &b[i]}) {
                if (!this->storage_->commit(import_as_head(*block, this->justified_))) ++wrong;
            }
        }
        // A fast disk must not end the test before it began.
        while (answers <= 10) {
        }
        is_done = true;
    };
    const auto read = [&] {
        const BlockReader& reader = *this->storage_;
        while (!is_done) {
            // The head's chain never mixes the branches: even slots or odd ones, without holes.
            const auto chain = reader.canonical_blocks(Slot{1}, 1024);
            const std::size_t size = chain ? chain->size() : 0;
            for (std::size_t i = 0; i < size; ++i) {
                const auto& line = chain->front().slot.value % 2 == 0 ? a : b;
                if (chain->at(i) != line[i + 1].point()) ++wrong;
            }
            if (size > 0) {
                const TestBlock& block = chain->front().slot.value % 2 == 0 ? a[size] : b[size];
                const auto state = reader.state_bytes(block.root);
                if (!state || *state != ssz::encode(block.state)) ++wrong;
            }
            if (!chain || !reader.checkpoints()) ++wrong;
            ++answers;
        }
    };
    parallel_for(3, 3, [&](std::size_t i) { i == 0 ? write() : read(); });
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lepton::storage
