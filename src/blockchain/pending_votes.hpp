// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Verified votes and aggregates that name a block this node does not have yet, or that came before
// this node's clock: kept for a short time and tried again. A plain value; belongs to one thread.
#pragma once

#include "blockchain/limits.hpp"
#include "network_api/messages.hpp"

#include <cstddef>
#include <list>
#include <variant>
#include <vector>

namespace lepton::blockchain {

class PendingVotes {
  public:
    using Vote = std::variant<network_api::NewAttestation, network_api::NewAggregatedAttestation>;

    /// Keeps `vote` until `block` is imported. When there is no room the oldest leaves; returns how
    /// many left.
    std::size_t park(Vote vote, const Root& block);
    /// Keeps `vote` until take_early: it is of a slot that this node's clock has not reached.
    std::size_t park_early(Vote vote) { return park(std::move(vote), Root{}); }

    /// Removes and returns what waits for `block`, oldest first.
    std::vector<Vote> take(const Root& block);
    std::vector<Vote> take_early() { return take(Root{}); }

    /// Removes what is more than kPendingVoteAgeMax slots old; returns how many left.
    std::size_t expire(Slot current_slot);

    std::size_t size() const { return votes_.size(); }

  private:
    struct Entry {
        Vote vote;
        Root block;
    };
    using Entries = std::list<Entry>;

    Entries::iterator remove(Entries::iterator at);

    /// Oldest first.
    Entries votes_;
    std::size_t aggregates_ = 0;
};

}  // namespace lepton::blockchain
