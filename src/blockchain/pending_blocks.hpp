// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Verified blocks that wait for their parent, in memory only and bounded whatever peers send. When
// it is full, what is closest to the known chain stays, because that is what can be imported next:
// so a long way back to the chain is walked to its end, and the far end is fetched again later.
// Nothing recurses. A plain value; belongs to one thread.
#pragma once

#include "base/clock.hpp"
#include "blockchain/limits.hpp"
#include "network_api/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lepton::blockchain {

class PendingBlocks {
  public:
    enum class Parked : std::uint8_t {
        parked,
        /// It waits already.
        duplicate,
        /// Its proposer has kPendingPerProposalMax blocks of this slot here.
        too_many_of_proposal,
        /// Everything that waits is closer to the known chain.
        no_room,
    };
    /// What became of a block, and how many others had to leave for it.
    struct ParkResult {
        Parked outcome = Parked::parked;
        std::size_t evicted = 0;

        bool operator==(const ParkResult&) const = default;
    };

    /// Keeps `block` until its parent is known. `now` is monotonic time.
    ParkResult park(network_api::NewBlock block, Time now);

    bool contains(const Root& root) const { return entries_.contains(root); }
    /// Returns whether a block waits for `parent`.
    bool has_children(const Root& parent) const { return children_.contains(parent); }
    /// Removes and returns one block that waits for `parent`, nothing when none does.
    std::optional<network_api::NewBlock> take_child(const Root& parent);

    /// Returns the first ancestor of `parent` (itself included) that is not here: what has to be
    /// fetched before a child of `parent` can be imported.
    Root missing_ancestor(const Root& parent) const;
    /// Returns every root that blocks here wait for and that is not here itself.
    std::vector<Root> missing_roots() const;

    /// Removes everything that descends from `root`; returns how many blocks left.
    std::size_t discard_descendants(const Root& root);
    /// Removes what was parked before `before`; returns how many blocks left.
    std::size_t expire(Time before);
    /// Removes the blocks at or below the finalized slot, which nothing can import any more;
    /// returns how many left.
    std::size_t discard_up_to(Slot finalized_slot);

    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Entry {
        network_api::NewBlock block;
        Time parked_at;
        std::size_t bytes;
    };
    using Entries = std::unordered_map<Root, Entry>;

    network_api::NewBlock remove(Entries::iterator at);

    Entries entries_;
    std::unordered_map<Root, std::set<Root>> children_;
    std::map<std::pair<Slot, ValidatorIndex>, std::size_t> per_proposal_;
    /// By distance from the known chain: the slot. The last one leaves first.
    std::set<std::pair<Slot, Root>> by_slot_;
    std::size_t bytes_ = 0;
};

std::string_view to_string(PendingBlocks::Parked parked);

}  // namespace lepton::blockchain
