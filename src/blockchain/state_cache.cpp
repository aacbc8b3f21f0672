// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/state_cache.hpp"

#include "base/assert.hpp"
#include "types/ssz.hpp"

namespace lepton::blockchain {

StateCache::StateCache(const storage::BlockReader& reader,
                       const NetworkProfile& profile,
                       std::shared_ptr<const Validators> validators)
    : reader_(reader),
      decode_context_(decode_context(profile)),
      validators_(std::move(validators)) {
    LEPTON_ASSERT(validators_ != nullptr);
}

Result<std::shared_ptr<const State>, IoError> StateCache::get(const Root& block_root) {
    if (const auto at = index_.find(block_root); at != index_.end()) {
        entries_.splice(entries_.begin(), entries_, at->second);
        return at->second->second;
    }
    const auto bytes = reader_.state_bytes(block_root);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) {
        return std::unexpected(
            IoError{"the database lacks the state of block " + to_hex(block_root)});
    }
    auto state = ssz::decode<State>(**bytes, decode_context_);
    if (!state) {
        return std::unexpected(
            IoError{"the database has a damaged state of block " + to_hex(block_root)});
    }
    // One registry in memory, not one per state.
    state->validators = validators_;
    put(block_root, std::make_shared<const State>(*std::move(state)));
    return entries_.front().second;
}

void StateCache::put(const Root& block_root, std::shared_ptr<const State> state) {
    LEPTON_ASSERT(state != nullptr);
    if (const auto at = index_.find(block_root); at != index_.end()) {
        entries_.splice(entries_.begin(), entries_, at->second);
        at->second->second = std::move(state);
        return;
    }
    entries_.emplace_front(block_root, std::move(state));
    index_.emplace(block_root, entries_.begin());
    if (entries_.size() <= kStatesCached) return;
    index_.erase(entries_.back().first);
    entries_.pop_back();
}

}  // namespace lepton::blockchain
