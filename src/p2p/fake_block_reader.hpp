// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A database of blocks for tests: all of its blocks are canonical. One thread.
#pragma once

#include "ssz/ssz.hpp"
#include "storage/block_reader.hpp"
#include "types/ssz.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace lepton::p2p {

class FakeBlockReader final : public storage::BlockReader {
  public:
    void add(const SignedBlock& block) { blocks_.emplace(hash_tree_root(block.block), block); }

    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& root) const override {
        const auto found = blocks_.find(root);
        if (found == blocks_.end()) return std::nullopt;
        return ssz::encode(found->second);
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root& /*block_root*/) const override {
        return std::nullopt;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot start,
                                                              std::uint64_t count) const override {
        std::vector<Checkpoint> found;
        for (const auto& [root, block] : blocks_) {
            const Slot slot = block.block.slot;
            if (slot >= start && slot - start < count) found.push_back({root, slot});
        }
        std::ranges::sort(found, {}, &Checkpoint::slot);
        return found;
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }

  private:
    std::map<Root, SignedBlock> blocks_;
};

}  // namespace lepton::p2p
