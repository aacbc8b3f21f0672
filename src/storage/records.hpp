// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The database as typed records: keys, and one view read with every checksum verified.
//
// Tables (numbers in keys are big-endian, so that keys sort by slot):
//   meta       "identity" → Identity, "anchor" → Checkpoint, "checkpoints" → Checkpoints
//   blocks     root → SSZ of the signed block
//   nodes      root → SSZ of the TreeNode; blocks of the tree, and a few below the anchor
//   slots      slot, root → nothing; one per node
//   canonical  slot → root; the head's chain
//   states     root → StateRecord and its payload; one per node
// Every value is sealed (record.hpp). The form of the identity record is fixed for ever, so that
// any program can tell what it looks at.
#pragma once

#include "storage/record.hpp"
#include "storage/storage.hpp"
#include "types/ssz.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lepton::storage {

inline constexpr std::string_view kIdentityKey = "identity";
inline constexpr std::string_view kAnchorKey = "anchor";
inline constexpr std::string_view kCheckpointsKey = "checkpoints";

Bytes slot_key(Slot slot);
Bytes slot_root_key(Slot slot, const Root& root);
/// Returns the slot at the start of a key that slot_key or slot_root_key made.
Slot slot_of_key(ByteView key);
/// Returns the root in a key that slot_root_key made; nothing when it has another length.
std::optional<Root> root_of_key(ByteView key);

/// The head of a state record. The payload is the SSZ form of the state when it is whole, else the
/// difference to the state of `parent_root`.
struct StateRecord {
    std::uint8_t is_whole = 0;
    Slot slot;
    /// Slot of the whole state at the end of the line of parents.
    Slot base_slot;
    /// Differences between that state and this one.
    std::uint64_t depth = 0;
    Root parent_root;

    static constexpr auto kSszFields = std::tuple(&StateRecord::is_whole,
                                                  &StateRecord::slot,
                                                  &StateRecord::base_slot,
                                                  &StateRecord::depth,
                                                  &StateRecord::parent_root);
};

/// Appends the write of a sealed value.
void put(WriteBatch& batch, Table table, Bytes key, Bytes value);
/// Appends the deletion of a key.
void erase(WriteBatch& batch, Table table, Bytes key);

/// Format version, genesis time, registry root, profile name.
Bytes encode_identity(const Identity& identity);
/// Returns what encode_identity was given; nothing when `bytes` are too short.
std::optional<Identity> decode_identity(ByteView bytes);

/// One view of the database, read record by record. Belongs to one thread.
class Records {
  public:
    /// `name` is what messages call the database; it outlives the object.
    Records(std::unique_ptr<ReadView> view, const std::string& name)
        : view_(std::move(view)), name_(name) {}

    /// Gives the view back; nothing may be read after. For a writer: a backend may let it wait for
    /// open views.
    void close() { view_.reset(); }

    /// Returns the value of `key`, borrowed from the view.
    /// Errors: cannot be read, damaged
    Result<std::optional<ByteView>, IoError> find(Table table, ByteView key) const;

    /// Returns the value of `key` as a fixed-size SSZ type.
    template <class T>
    Result<std::optional<T>, IoError> find_as(Table table, ByteView key) const {
        const auto value = find(table, key);
        if (!value) return std::unexpected(value.error());
        if (!*value) return std::nullopt;
        auto decoded = ssz::decode<T>(**value, {});
        if (!decoded) return std::unexpected(damaged(table, key));
        return *decoded;
    }

    /// Returns the first `limit` keys not below `from` with their values, all verified.
    Result<std::vector<Entry>, IoError> scan(Table table, ByteView from, std::size_t limit) const;

    Result<std::optional<TreeNode>, IoError> node(const Root& root) const;
    Result<std::optional<Root>, IoError> canonical_root(Slot slot) const;
    Result<std::optional<StateRecord>, IoError> state_record(const Root& root) const;
    /// Returns the state after block `root`, rebuilt; nothing when a record of it is missing.
    Result<std::optional<LoadedState>, IoError> state(const Root& root) const;

    IoError damaged(Table table, ByteView key) const;

  private:
    std::unique_ptr<ReadView> view_;
    const std::string& name_;
};

/// Returns the first sentence of a report of damage with what the operator can do.
std::string damage_report(const std::string& name, std::string_view what);

}  // namespace lepton::storage
