// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The chain on disk: one atomic durable write per imported block, everything that is needed to
// resume, and pruning. Writing functions and load_chain belong to the thread that owns the chain;
// the functions of BlockReader may be called from any thread. After a failed write every later
// write fails too: the owner stops the node.
//
// What is kept: the anchor (the latest block that prune was told to anchor at, normally the latest
// finalized one), every imported block above it with its state, and all canonical blocks below it,
// without their states. Nothing else bounds the blocks of a chain that does not finalize: they grow
// linearly. Their states are differences to the parent's state of a few hundred bytes, with one
// whole state per kStateSnapshotSpacing blocks.
#pragma once

#include "storage/backend.hpp"
#include "storage/block_reader.hpp"
#include "storage/state_delta.hpp"
#include "types/state.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::storage {

/// Blocks between two whole states on a branch: bounds the reads that rebuild a state in between.
inline constexpr std::uint64_t kStateSnapshotSpacing = 1024;
/// Most blocks that one call of prune deletes or looks at: bounds the time that it takes.
inline constexpr std::size_t kPruneBlocksMax = 256;
/// States kept in memory to compute the next difference from: the tips of a few branches.
inline constexpr std::size_t kStateCacheSize = 4;
/// The format this program writes, and the newest it reads.
inline constexpr std::uint32_t kFormatVersion = 1;

/// Which network a database belongs to.
struct Identity {
    std::string network_profile;
    /// Unix seconds.
    std::uint64_t genesis_time = 0;
    /// hash_tree_root of the genesis registry.
    Root registry_root;

    bool operator==(const Identity&) const = default;
};

/// What fork choice needs to know of a block. The checkpoints are those of its post-state.
struct TreeNode {
    Root root;
    Slot slot;
    Root parent_root;
    ValidatorIndex proposer_index;
    Root state_root;
    Checkpoint latest_justified;
    Checkpoint latest_finalized;

    static constexpr auto kSszFields = std::tuple(&TreeNode::root,
                                                  &TreeNode::slot,
                                                  &TreeNode::parent_root,
                                                  &TreeNode::proposer_index,
                                                  &TreeNode::state_root,
                                                  &TreeNode::latest_justified,
                                                  &TreeNode::latest_finalized);
    bool operator==(const TreeNode&) const = default;
};

/// A verified block with its post-state, borrowed. `root` is the block's hash_tree_root.
struct ImportedBlock {
    const Root& root;
    const SignedBlock& signed_block;
    const State& post_state;
};

/// Everything that changes together: the block, absent when only checkpoints moved (votes were
/// counted), and the checkpoints after it. `checkpoints.head` names the imported block or one above
/// the anchor that was imported earlier.
struct ImportBatch {
    std::optional<ImportedBlock> block;
    Checkpoints checkpoints;
};

/// What load_chain returns. The blocks and states of the nodes are behind BlockReader.
struct StoredChain {
    /// The oldest block of the tree; its block and state are in the database.
    Checkpoint anchor;
    Checkpoints checkpoints;
    /// The anchor and all its descendants, ascending by slot, so parents come before children.
    std::vector<TreeNode> nodes;
};

/// A state as the database has it.
struct LoadedState {
    /// Slot of the whole state it is rebuilt from.
    Slot base_slot;
    /// Differences between that state and this one.
    std::uint64_t depth = 0;
    SplitState state;
};

class Records;

class Storage final : public BlockReader {
  public:
    /// Returns the storage on `backend`, which is empty or belongs to `identity`. Writes nothing.
    /// Errors: foreign, newer_format, damaged, io
    static Result<std::unique_ptr<Storage>, OpenError> open(std::unique_ptr<Backend> backend,
                                                            const Identity& identity);

    /// Makes `anchor` the oldest block of the tree and all four checkpoints: the first write to an
    /// empty database (genesis, checkpoint sync), or a jump ahead of a stored chain, whose
    /// finalized blocks stay servable. Requires a slot not below that of the present anchor.
    Result<void, IoError> set_anchor(const ImportedBlock& anchor);

    /// Returns the stored tree; nothing when the database is empty.
    /// Errors: the database is damaged: it lacks the head or the justified block, the state of head
    ///         or anchor, or its index is not the head's chain
    Result<std::optional<StoredChain>, IoError> load_chain() const;

    /// Writes `batch` and brings the canonical index in line with the head, all in one durable
    /// write. Importing a stored block again is harmless.
    /// Cost: one difference of two states, one fsync
    Result<void, IoError> commit(const ImportBatch& batch);

    /// Moves the anchor to `anchor`, a canonical block with a state (the latest finalized
    /// checkpoint), and deletes blocks beside the canonical chain and states that nothing above
    /// needs. An anchor below the present one leaves it where it is. Call it after an import
    /// cascade, never within one. Returns true when nothing is left to delete, false when another
    /// call would delete more.
    /// Errors: as commit; and `anchor` is not canonical, or above the justified checkpoint
    Result<bool, IoError> prune(const Checkpoint& anchor);

    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& root) const override;
    Result<std::optional<Bytes>, IoError> state_bytes(const Root& block_root) const override;
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot start,
                                                              std::uint64_t count) const override;
    Result<std::optional<Checkpoints>, IoError> checkpoints() const override;

  private:
    Storage(std::unique_ptr<Backend> backend, const Identity& identity, bool is_new)
        : backend_(std::move(backend)), identity_(identity), is_new_(is_new) {}

    Result<void, IoError> write(WriteBatch batch);
    Result<LoadedState, IoError> add_state(WriteBatch& batch,
                                           const Records& records,
                                           const ImportedBlock& block,
                                           bool is_whole);
    /// Returns the stored state, borrowed until the next call; nullptr when there is none.
    Result<const LoadedState*, IoError> find_state(const Records& records, const Root& root);
    void remember(const Root& root, LoadedState state);

    std::unique_ptr<Backend> backend_;
    Identity identity_;
    /// True until the first write, which also writes the identity.
    bool is_new_;
    /// The error of the first failed write.
    std::optional<IoError> failure_;
    /// Latest last.
    std::deque<std::pair<Root, LoadedState>> cache_;
    /// Below this slot prune has left nothing beside the canonical chain.
    Slot pruned_to_;
};

}  // namespace lepton::storage
