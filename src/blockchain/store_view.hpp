// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What of a fork-choice store is written down and shown to others. Pure functions; the thread that
// owns the store.
#pragma once

#include "consensus/store.hpp"
#include "network_api/chain_view.hpp"
#include "storage/storage.hpp"

#include <memory>
#include <vector>

namespace lepton::blockchain {

/// Returns the points of `store` that a restart begins from.
storage::Checkpoints checkpoints_of(const consensus::Store& store);

/// Returns ChainView::nodes of `store`.
/// Cost: the weights of all blocks
std::shared_ptr<const std::vector<network_api::ChainNode>> chain_nodes_of(
    const consensus::Store& store);

/// Returns the view of `store` that nobody has ticked yet: what a node shows that just started.
network_api::ChainView view_of(const consensus::Store& store);

}  // namespace lepton::blockchain
