// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Post-states by block: the latest ones in memory, the others from the database. Belongs to the
// blockchain actor; the states themselves are immutable and may be read anywhere.
#pragma once

#include "base/result.hpp"
#include "blockchain/limits.hpp"
#include "ssz/codec.hpp"
#include "storage/block_reader.hpp"
#include "types/network_profile.hpp"
#include "types/state.hpp"

#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

namespace lepton::blockchain {

class StateCache {
  public:
    /// Input: reader: outlives the cache; validators: the registry, which all states share
    StateCache(const storage::BlockReader& reader,
               const NetworkProfile& profile,
               std::shared_ptr<const Validators> validators);

    /// Returns the state after `block_root`; from the database when it was not used lately.
    /// Errors: the database cannot be read, does not have it, or has something else
    Result<std::shared_ptr<const State>, IoError> get(const Root& block_root);

    /// Keeps a state; the one not used for longest leaves when there are too many.
    void put(const Root& block_root, std::shared_ptr<const State> state);

    std::size_t size() const { return entries_.size(); }

  private:
    using Entries = std::list<std::pair<Root, std::shared_ptr<const State>>>;

    const storage::BlockReader& reader_;
    ssz::DecodeContext decode_context_;
    std::shared_ptr<const Validators> validators_;
    /// Used last first.
    Entries entries_;
    std::unordered_map<Root, Entries::iterator> index_;
};

}  // namespace lepton::blockchain
