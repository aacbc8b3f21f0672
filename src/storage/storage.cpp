// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The database after each write: the canonical table holds exactly the head and its ancestors, down
// to the first anchor (with a hole where a later anchor was set ahead of the chain). Every block at
// or above the anchor has a node, an index entry and a state; a state's line of parents ends in a
// whole state. Pruning keeps that: it deletes only index entries below the anchor, and of canonical
// ones only those below the whole state that the anchor's state is rebuilt from. A block beside the
// canonical chain but above the anchor stays until the anchor has passed it; its state may lose its
// base earlier, and then counts as absent.
#include "storage/storage.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "storage/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace lepton::storage {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

Result<Records, IoError> read(const Backend& backend) {
    auto view = backend.read();
    if (!view) return std::unexpected(view.error());
    return Records(std::move(*view), backend.name());
}

TreeNode node_of(const ImportedBlock& imported) {
    const Block& block = imported.signed_block.block;
    return {.root = imported.root,
            .slot = block.slot,
            .parent_root = block.parent_root,
            .proposer_index = block.proposer_index,
            .state_root = block.state_root,
            .latest_justified = imported.post_state.latest_justified,
            .latest_finalized = imported.post_state.latest_finalized};
}

std::string describe(const Identity& identity) {
    return fmt::format("profile={} genesis_time={} validators_root={}",
                       log::quoted(identity.network_profile, 64),
                       identity.genesis_time,
                       to_hex(identity.registry_root));
}

/// Appends what makes the canonical table the line of `head`. `fresh` is a node that the same
/// batch writes.
Result<void, IoError> align_canonical(WriteBatch& batch,
                                      const Records& records,
                                      const Checkpoint& head,
                                      const std::optional<TreeNode>& fresh) {
    std::unordered_set<Slot> kept;
    Root root = head.root;
    Slot common;
    while (true) {
        std::optional<TreeNode> node = fresh;
        if (!node || node->root != root) {
            const auto stored = records.node(root);
            if (!stored) return std::unexpected(stored.error());
            if (!*stored) return std::unexpected(records.damaged(Table::nodes, root.bytes));
            node = *stored;
        }
        const auto canonical = records.canonical_root(node->slot);
        if (!canonical) return std::unexpected(canonical.error());
        common = node->slot;
        if (*canonical == root) break;
        put(batch, Table::canonical, slot_key(node->slot), to_bytes(root.bytes));
        kept.insert(node->slot);
        root = node->parent_root;
    }
    const auto above = records.scan(Table::canonical, slot_key(common + 1), kNoLimit);
    if (!above) return std::unexpected(above.error());
    for (const Entry& entry : *above) {
        if (!kept.contains(slot_of_key(entry.key))) {
            erase(batch, Table::canonical, to_bytes(entry.key));
        }
    }
    return {};
}

/// Appends the block and what fork choice needs of it.
void add_block(WriteBatch& batch, const ImportedBlock& imported, const TreeNode& node) {
    put(batch, Table::blocks, to_bytes(node.root.bytes), ssz::encode(imported.signed_block));
    put(batch, Table::nodes, to_bytes(node.root.bytes), ssz::encode(node));
    put(batch, Table::slots, slot_root_key(node.slot, node.root), {});
}

void put_meta(WriteBatch& batch, std::string_view key, Bytes value) {
    put(batch, Table::meta, to_bytes(as_bytes(key)), std::move(value));
}

/// What prune found: the changes, how many entries it looked at, and where it stopped.
struct Sweep {
    WriteBatch deletions;
    std::size_t seen = 0;
    Slot stopped_at;
};

/// Sweeps the index from `begin` to `end`: everything that is not canonical goes, of canonical
/// blocks only the state and the node, and only when `takes_canonical_states`.
Result<void, IoError> sweep_slots(
    Sweep& sweep, const Records& records, Slot begin, Slot end, bool takes_canonical_states) {
    const auto entries = records.scan(Table::slots, slot_key(begin), kPruneBlocksMax - sweep.seen);
    if (!entries) return std::unexpected(entries.error());
    sweep.stopped_at = end;
    for (const Entry& entry : *entries) {
        const Slot slot = slot_of_key(entry.key);
        if (slot >= end) {
            sweep.stopped_at = end;
            return {};
        }
        sweep.stopped_at = slot;
        ++sweep.seen;
        const auto parsed = root_of_key(entry.key);
        if (!parsed) return std::unexpected(records.damaged(Table::slots, entry.key));
        const Bytes root = to_bytes(parsed->bytes);
        const auto canonical = records.canonical_root(slot);
        if (!canonical) return std::unexpected(canonical.error());
        const bool is_canonical = *canonical == *parsed;
        if (is_canonical && !takes_canonical_states) continue;
        if (!is_canonical) erase(sweep.deletions, Table::blocks, root);
        erase(sweep.deletions, Table::states, root);
        erase(sweep.deletions, Table::nodes, root);
        erase(sweep.deletions, Table::slots, to_bytes(entry.key));
    }
    if (sweep.seen < kPruneBlocksMax) sweep.stopped_at = end;
    return {};
}

/// Returns the anchor and its descendants, ascending by slot.
Result<std::vector<TreeNode>, IoError> load_nodes(const Records& records,
                                                  const Checkpoint& anchor) {
    const auto index = records.scan(Table::slots, slot_key(anchor.slot), kNoLimit);
    if (!index) return std::unexpected(index.error());
    std::vector<TreeNode> nodes;
    std::unordered_set<Root> known;
    for (const Entry& entry : *index) {
        const auto root = root_of_key(entry.key);
        if (!root) return std::unexpected(records.damaged(Table::slots, entry.key));
        const auto node = records.node(*root);
        if (!node) return std::unexpected(node.error());
        if (!*node) return std::unexpected(records.damaged(Table::nodes, root->bytes));
        // What does not descend from the anchor waits for prune.
        if (*root != anchor.root && !known.contains((*node)->parent_root)) continue;
        known.insert(*root);
        nodes.push_back(**node);
    }
    return nodes;
}

/// Checks that head and justified block are in the tree, that head and anchor have block and state,
/// and that the canonical table is the head's line.
Result<void, IoError> check_chain(const Records& records, const StoredChain& chain) {
    std::unordered_map<Root, const TreeNode*> known;
    for (const TreeNode& node : chain.nodes) known.emplace(node.root, &node);
    const Root& head = chain.checkpoints.head.root;
    for (const Root& needed : {chain.anchor.root, chain.checkpoints.latest_justified.root, head}) {
        if (!known.contains(needed)) {
            return std::unexpected(records.damaged(Table::nodes, needed.bytes));
        }
    }
    for (const Root& needed : {chain.anchor.root, head}) {
        const auto block = records.find(Table::blocks, needed.bytes);
        if (!block) return std::unexpected(block.error());
        if (!*block) return std::unexpected(records.damaged(Table::blocks, needed.bytes));
        const auto state = records.state(needed);
        if (!state) return std::unexpected(state.error());
        if (!*state) return std::unexpected(records.damaged(Table::states, needed.bytes));
    }
    const TreeNode* node = known.at(head);
    while (true) {
        const auto canonical = records.canonical_root(node->slot);
        if (!canonical) return std::unexpected(canonical.error());
        if (*canonical != node->root) {
            return std::unexpected(records.damaged(Table::canonical, slot_key(node->slot)));
        }
        if (node->root == chain.anchor.root) return {};
        node = known.at(node->parent_root);
    }
}

}  // namespace

Result<std::unique_ptr<Storage>, OpenError> Storage::open(std::unique_ptr<Backend> backend,
                                                          const Identity& identity) {
    using Kind = OpenError::Kind;
    const auto records = read(*backend);
    if (!records) return std::unexpected(OpenError{Kind::io, records.error().what});
    const std::string& name = backend->name();
    const auto found = records->find(Table::meta, as_bytes(kIdentityKey));
    if (!found) return std::unexpected(OpenError{Kind::damaged, found.error().what});
    const bool is_new = !*found;
    if (is_new) {
        for (std::size_t i = 0; i < kTableCount; ++i) {
            const auto first = records->scan(static_cast<Table>(i), {}, 1);
            if (!first || !first->empty()) {
                return std::unexpected(OpenError{
                    Kind::damaged, damage_report(name, "it has data but no meta/identity record")});
            }
        }
    } else {
        const std::size_t version_size = sizeof kFormatVersion;
        const std::uint64_t version =
            ssz::read_little_endian((*found)->first(std::min((*found)->size(), version_size)));
        if (version > kFormatVersion) {
            return std::unexpected(OpenError{
                Kind::newer_format,
                fmt::format("{} was written by a newer lepton (format {}, this one knows up to "
                            "{}): start that version, or choose another data directory",
                            name,
                            version,
                            kFormatVersion)});
        }
        const auto stored = decode_identity(**found);
        if (!stored) {
            return std::unexpected(OpenError{
                Kind::damaged, records->damaged(Table::meta, as_bytes(kIdentityKey)).what});
        }
        if (*stored != identity) {
            return std::unexpected(OpenError{
                Kind::foreign,
                fmt::format("{} belongs to another network ({}), this node is for {}: choose "
                            "another data directory",
                            name,
                            describe(*stored),
                            describe(identity))});
        }
    }
    return std::unique_ptr<Storage>(new Storage(std::move(backend), identity, is_new));
}

Result<void, IoError> Storage::set_anchor(const ImportedBlock& anchor) {
    auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    const auto present = records->find_as<Checkpoint>(Table::meta, as_bytes(kAnchorKey));
    if (!present) return std::unexpected(present.error());
    const TreeNode node = node_of(anchor);
    const Checkpoint point{node.root, node.slot};

    WriteBatch batch;
    if (is_new_) put_meta(batch, kIdentityKey, encode_identity(identity_));
    if (*present) {
        LEPTON_ASSERT((*present)->slot <= node.slot);
        const auto unfinalized =
            records->scan(Table::canonical, slot_key((*present)->slot + 1), kNoLimit);
        if (!unfinalized) return std::unexpected(unfinalized.error());
        for (const Entry& entry : *unfinalized) {
            erase(batch, Table::canonical, to_bytes(entry.key));
        }
    }
    put(batch, Table::canonical, slot_key(node.slot), to_bytes(node.root.bytes));
    add_block(batch, anchor, node);
    auto state = add_state(batch, *records, anchor, true);
    if (!state) return std::unexpected(state.error());
    put_meta(batch, kAnchorKey, ssz::encode(point));
    put_meta(batch, kCheckpointsKey, ssz::encode(Checkpoints{point, point, point, point}));
    records->close();
    if (auto written = write(std::move(batch)); !written) return written;
    is_new_ = false;
    pruned_to_ = Slot{0};
    remember(node.root, std::move(*state));
    return {};
}

Result<std::optional<StoredChain>, IoError> Storage::load_chain() const {
    const auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    if (is_new_) return std::nullopt;
    const auto anchor = records->find_as<Checkpoint>(Table::meta, as_bytes(kAnchorKey));
    if (!anchor) return std::unexpected(anchor.error());
    const auto points = records->find_as<Checkpoints>(Table::meta, as_bytes(kCheckpointsKey));
    if (!points) return std::unexpected(points.error());
    if (!*anchor || !*points) {
        return std::unexpected(records->damaged(Table::meta, as_bytes(kAnchorKey)));
    }
    StoredChain chain{.anchor = **anchor, .checkpoints = **points, .nodes = {}};
    auto nodes = load_nodes(*records, chain.anchor);
    if (!nodes) return std::unexpected(nodes.error());
    chain.nodes = std::move(*nodes);
    if (auto whole = check_chain(*records, chain); !whole) return std::unexpected(whole.error());
    return chain;
}

Result<void, IoError> Storage::commit(const ImportBatch& batch) {
    LEPTON_ASSERT(!is_new_, "an anchor comes first");
    auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    WriteBatch writes;
    std::optional<TreeNode> fresh;
    std::optional<LoadedState> state;
    if (batch.block) {
        const auto stored = records->node(batch.block->root);
        if (!stored) return std::unexpected(stored.error());
        if (!*stored) {
            fresh = node_of(*batch.block);
            add_block(writes, *batch.block, *fresh);
            auto added = add_state(writes, *records, *batch.block, false);
            if (!added) return std::unexpected(added.error());
            state = std::move(*added);
        }
    }
    if (auto aligned = align_canonical(writes, *records, batch.checkpoints.head, fresh); !aligned) {
        return aligned;
    }
    put_meta(writes, kCheckpointsKey, ssz::encode(batch.checkpoints));
    records->close();
    if (auto written = write(std::move(writes)); !written) return written;
    if (state) remember(fresh->root, std::move(*state));
    return {};
}

Result<bool, IoError> Storage::prune(const Checkpoint& anchor) {
    LEPTON_ASSERT(!is_new_, "an anchor comes first");
    auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    const auto present = records->find_as<Checkpoint>(Table::meta, as_bytes(kAnchorKey));
    if (!present) return std::unexpected(present.error());
    if (!*present) return std::unexpected(records->damaged(Table::meta, as_bytes(kAnchorKey)));
    const auto points = records->find_as<Checkpoints>(Table::meta, as_bytes(kCheckpointsKey));
    if (!points) return std::unexpected(points.error());
    if (!*points) {
        return std::unexpected(records->damaged(Table::meta, as_bytes(kCheckpointsKey)));
    }
    const Checkpoint target = anchor.slot > (*present)->slot ? anchor : **present;

    const auto canonical = records->canonical_root(target.slot);
    if (!canonical) return std::unexpected(canonical.error());
    const auto state = records->state_record(target.root);
    if (!state) return std::unexpected(state.error());
    const Slot justified = (*points)->latest_justified.slot;
    if (*canonical != target.root || !*state || target.slot > justified) {
        return std::unexpected(IoError{fmt::format(
            "{}: cannot anchor at block {} of slot {}: it is not on the head's chain, has no "
            "state, or is above the justified slot {}",
            backend_->name(),
            to_hex(target.root),
            target.slot,
            justified)});
    }
    // First what lies below the base of the anchor's state, then what is beside the chain above it.
    Sweep sweep;
    const Slot base = (*state)->base_slot;
    if (auto swept = sweep_slots(sweep, *records, Slot{0}, base, true); !swept) {
        return std::unexpected(swept.error());
    }
    bool is_done = sweep.seen < kPruneBlocksMax;
    if (is_done) {
        const Slot begin = std::max(base, pruned_to_);
        if (auto swept = sweep_slots(sweep, *records, begin, target.slot, false); !swept) {
            return std::unexpected(swept.error());
        }
        is_done = sweep.stopped_at == target.slot;
    }
    if (target != **present) put_meta(sweep.deletions, kAnchorKey, ssz::encode(target));
    records->close();
    if (!sweep.deletions.empty()) {
        if (auto written = write(std::move(sweep.deletions)); !written) {
            return std::unexpected(written.error());
        }
    }
    if (sweep.stopped_at > base) pruned_to_ = std::max(pruned_to_, sweep.stopped_at);
    return is_done;
}

Result<std::optional<Bytes>, IoError> Storage::signed_block_bytes(const Root& root) const {
    const auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    const auto value = records->find(Table::blocks, root.bytes);
    if (!value) return std::unexpected(value.error());
    if (!*value) return std::nullopt;
    return to_bytes(**value);
}

Result<std::optional<Bytes>, IoError> Storage::state_bytes(const Root& block_root) const {
    const auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    const auto state = records->state(block_root);
    if (!state) return std::unexpected(state.error());
    if (!*state) return std::nullopt;
    return join_state((*state)->state);
}

Result<std::vector<Checkpoint>, IoError> Storage::canonical_blocks(Slot start,
                                                                   std::uint64_t count) const {
    const auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    count = std::min(count, kMaxRequestBlocks);
    const auto entries = records->scan(Table::canonical, slot_key(start), count);
    if (!entries) return std::unexpected(entries.error());
    std::vector<Checkpoint> blocks;
    for (const Entry& entry : *entries) {
        const Slot slot = slot_of_key(entry.key);
        if (slot - start >= count) break;
        const auto root = ssz::decode<Root>(entry.value, {});
        if (!root) return std::unexpected(records->damaged(Table::canonical, entry.key));
        blocks.push_back({*root, slot});
    }
    return blocks;
}

Result<std::optional<Checkpoints>, IoError> Storage::checkpoints() const {
    const auto records = read(*backend_);
    if (!records) return std::unexpected(records.error());
    return records->find_as<Checkpoints>(Table::meta, as_bytes(kCheckpointsKey));
}

Result<void, IoError> Storage::write(WriteBatch batch) {
    if (failure_) return std::unexpected(*failure_);
    auto written = backend_->write(batch);
    if (!written) failure_ = written.error();
    return written;
}

Result<LoadedState, IoError> Storage::add_state(WriteBatch& batch,
                                                const Records& records,
                                                const ImportedBlock& block,
                                                bool is_whole) {
    const Block& header = block.signed_block.block;
    Bytes whole = ssz::encode(block.post_state);
    auto split = split_state(whole);
    LEPTON_ASSERT(split.has_value(), "the SSZ form of a state has its lists where they belong");
    LoadedState added{.base_slot = header.slot, .depth = 0, .state = std::move(*split)};
    Bytes payload;
    if (!is_whole) {
        const auto parent = find_state(records, header.parent_root);
        if (!parent) return std::unexpected(parent.error());
        if (*parent != nullptr && (*parent)->depth + 1 < kStateSnapshotSpacing) {
            payload = make_delta((*parent)->state, added.state);
            added.base_slot = (*parent)->base_slot;
            added.depth = (*parent)->depth + 1;
        }
    }
    const bool is_delta = added.depth > 0;
    Bytes record = ssz::encode(StateRecord{.is_whole = is_delta ? std::uint8_t{0} : std::uint8_t{1},
                                           .slot = header.slot,
                                           .base_slot = added.base_slot,
                                           .depth = added.depth,
                                           .parent_root = header.parent_root});
    append(record, is_delta ? payload : whole);
    put(batch, Table::states, to_bytes(block.root.bytes), std::move(record));
    return added;
}

Result<const LoadedState*, IoError> Storage::find_state(const Records& records, const Root& root) {
    for (const auto& [cached_root, state] : cache_) {
        if (cached_root == root) return &state;
    }
    auto stored = records.state(root);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return nullptr;
    remember(root, std::move(**stored));
    return &cache_.back().second;
}

void Storage::remember(const Root& root, LoadedState state) {
    cache_.emplace_back(root, std::move(state));
    if (cache_.size() > kStateCacheSize) cache_.pop_front();
}

}  // namespace lepton::storage
