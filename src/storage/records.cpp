// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "storage/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace lepton::storage {
namespace {

constexpr std::size_t kSlotSize = 8;

/// Cuts the head off a state record.
std::optional<std::pair<StateRecord, ByteView>> split_record(ByteView value) {
    const std::size_t size = ssz::Codec<StateRecord>::fixed_size({});
    if (value.size() < size) return std::nullopt;
    const auto head = ssz::decode<StateRecord>(value.first(size), {});
    if (!head) return std::nullopt;
    return std::pair{*head, value.subspan(size)};
}

}  // namespace

Bytes slot_key(Slot slot) {
    Bytes key;
    for (std::size_t i = kSlotSize; i > 0; --i) {
        key.push_back(static_cast<std::uint8_t>(slot.value >> (8 * (i - 1))));
    }
    return key;
}

Bytes slot_root_key(Slot slot, const Root& root) {
    Bytes key = slot_key(slot);
    append(key, root.bytes);
    return key;
}

Slot slot_of_key(ByteView key) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : key.first(std::min(key.size(), kSlotSize))) {
        value = value << 8 | byte;
    }
    return Slot{value};
}

std::optional<Root> root_of_key(ByteView key) {
    Root root;
    if (key.size() != kSlotSize + root.bytes.size()) return std::nullopt;
    std::ranges::copy(key.subspan(kSlotSize), root.bytes.begin());
    return root;
}

void put(WriteBatch& batch, Table table, Bytes key, Bytes value) {
    Bytes record = seal(table, key, std::move(value));
    batch.push_back({table, std::move(key), std::move(record)});
}

void erase(WriteBatch& batch, Table table, Bytes key) {
    batch.push_back({table, std::move(key), std::nullopt});
}

Bytes encode_identity(const Identity& identity) {
    Bytes out = ssz::encode(kFormatVersion);
    append(out, ssz::encode(identity.genesis_time));
    append(out, identity.registry_root.bytes);
    append(out, as_bytes(identity.network_profile));
    return out;
}

std::optional<Identity> decode_identity(ByteView bytes) {
    Identity identity;
    const std::size_t time_at = sizeof kFormatVersion;
    const std::size_t root_at = time_at + sizeof identity.genesis_time;
    const std::size_t name_at = root_at + identity.registry_root.bytes.size();
    if (bytes.size() < name_at) return std::nullopt;
    identity.genesis_time = ssz::read_little_endian(bytes.subspan(time_at, root_at - time_at));
    std::ranges::copy(bytes.subspan(root_at, name_at - root_at),
                      identity.registry_root.bytes.begin());
    identity.network_profile = as_text(bytes.subspan(name_at));
    return identity;
}

std::string damage_report(const std::string& name, std::string_view what) {
    return fmt::format(
        "{} is damaged: {}; move it away and start again, the node then syncs from its peers or a "
        "checkpoint",
        name,
        what);
}

IoError Records::damaged(Table table, ByteView key) const {
    const bool is_text = table == Table::meta;
    const std::string key_text = is_text ? std::string(as_text(key)) : "0x" + to_hex(key);
    return IoError{
        damage_report(name_, fmt::format("bad record {}/{}", to_string(table), key_text))};
}

Result<std::optional<ByteView>, IoError> Records::find(Table table, ByteView key) const {
    const auto record = view_->get(table, key);
    if (!record) return std::unexpected(record.error());
    if (!*record) return std::nullopt;
    const auto value = unseal(table, key, **record);
    if (!value) return std::unexpected(damaged(table, key));
    return value;
}

Result<std::vector<Entry>, IoError> Records::scan(Table table,
                                                  ByteView from,
                                                  std::size_t limit) const {
    auto entries = view_->scan(table, from, limit);
    if (!entries) return entries;
    for (Entry& entry : *entries) {
        const auto value = unseal(table, entry.key, entry.value);
        if (!value) return std::unexpected(damaged(table, entry.key));
        entry.value = *value;
    }
    return entries;
}

Result<std::optional<TreeNode>, IoError> Records::node(const Root& root) const {
    return find_as<TreeNode>(Table::nodes, root.bytes);
}

Result<std::optional<Root>, IoError> Records::canonical_root(Slot slot) const {
    return find_as<Root>(Table::canonical, slot_key(slot));
}

Result<std::optional<StateRecord>, IoError> Records::state_record(const Root& root) const {
    const auto value = find(Table::states, root.bytes);
    if (!value) return std::unexpected(value.error());
    if (!*value) return std::nullopt;
    const auto parts = split_record(**value);
    if (!parts) return std::unexpected(damaged(Table::states, root.bytes));
    return parts->first;
}

Result<std::optional<LoadedState>, IoError> Records::state(const Root& root) const {
    std::vector<std::pair<Root, ByteView>> deltas;
    std::optional<LoadedState> loaded;
    Root current = root;
    while (!loaded) {
        const auto value = find(Table::states, current.bytes);
        if (!value) return std::unexpected(value.error());
        if (!*value) return std::nullopt;
        const auto parts = split_record(**value);
        if (!parts || deltas.size() > kStateSnapshotSpacing) {
            return std::unexpected(damaged(Table::states, current.bytes));
        }
        const auto& [head, payload] = *parts;
        if (head.is_whole == 0) {
            deltas.emplace_back(current, payload);
            current = head.parent_root;
            continue;
        }
        auto whole = split_state(payload);
        if (!whole) return std::unexpected(damaged(Table::states, current.bytes));
        loaded = LoadedState{head.slot, deltas.size(), std::move(*whole)};
    }
    for (const auto& [block_root, delta] : std::views::reverse(deltas)) {
        if (!apply_delta(loaded->state, delta)) {
            return std::unexpected(damaged(Table::states, block_root.bytes));
        }
    }
    return loaded;
}

}  // namespace lepton::storage
