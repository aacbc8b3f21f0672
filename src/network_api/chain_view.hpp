// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the rest of the node may know of the chain: an immutable value that the blockchain actor
// publishes after each change. Status answers, cheap gossip checks and HTTP read it without asking
// the actor. Any thread.
#pragma once

#include "base/clock.hpp"
#include "base/snapshot.hpp"
#include "types/checkpoint.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace lepton::network_api {

/// One block of the fork-choice tree.
struct ChainNode {
    Root root;
    Slot slot;
    Root parent_root;
    ValidatorIndex proposer_index;
    /// Validators whose counted vote is for this block or a descendant.
    std::uint64_t weight = 0;
};

struct ChainView {
    /// The store's time and the slot of the wall clock, at the last tick.
    Interval time;
    Slot current_slot;
    /// Wall time of the last tick that was processed, Unix milliseconds; 0 before the first.
    /// Liveness derives from it.
    UnixMs last_tick_unix_ms = 0;
    Checkpoint head;
    Checkpoint latest_justified;
    Checkpoint latest_finalized;
    Checkpoint safe_target;
    std::uint64_t validator_count = 0;
    bool is_aggregator = false;
    /// True while this node does no duties because it lacks the latest blocks.
    bool is_syncing = false;
    /// Every block at or above the finalized slot, sorted by root. Never null.
    std::shared_ptr<const std::vector<ChainNode>> nodes =
        std::make_shared<const std::vector<ChainNode>>();

    /// Returns the node of `root`, nullptr when it is not in the tree. Cost: a binary search.
    const ChainNode* find(const Root& root) const {
        const auto at = std::ranges::lower_bound(*nodes, root, {}, &ChainNode::root);
        return at != nodes->end() && at->root == root ? &*at : nullptr;
    }
};

using ChainViewSnapshot = Snapshot<ChainView>;

}  // namespace lepton::network_api
