// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Which missing blocks were asked for and when to ask again. Every root in the table has an ask
// that will be answered, or a time at which it is asked for (again): none is forgotten, none is
// asked for twice at once. A root leaves when nothing waits for it any more. A plain value; belongs
// to one thread.
#pragma once

#include "base/clock.hpp"
#include "blockchain/limits.hpp"
#include "network_api/messages.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <vector>

namespace lepton::blockchain {

class BlockRequests {
  public:
    explicit BlockRequests(Duration slot_duration) : slot_duration_(slot_duration) {}

    /// Makes the table hold exactly `missing`: the roots that blocks wait for. New ones are due at
    /// once, those that left are forgotten.
    void set_missing(std::span<const Root> missing);

    /// Adds one root, due at once, if it is not in the table.
    void want(const Root& root) { requests_[root].is_wanted = true; }
    /// Forgets `root`: it was imported or rejected. An open ask is not repeated.
    void forget(const Root& root);

    /// Returns the roots to ask for now and counts them as asked.
    std::vector<Root> take_due(Time now);

    /// The ask for `root` was answered. Also after `delivered` the root is asked for again after a
    /// slot if it still is in the table then: the block may have been refused on its way.
    void answered(const Root& root, network_api::FetchStatus status, Time now);

    /// Roots in the table, those included that only wait for the end of their ask.
    std::size_t size() const { return requests_.size(); }
    std::size_t open() const { return open_; }

  private:
    struct Request {
        bool is_open = false;
        bool is_wanted = false;
        /// When to ask next; epoch: at once.
        Time due{};
        unsigned failures = 0;
    };

    Duration slot_duration_;
    std::map<Root, Request> requests_;
    std::size_t open_ = 0;
};

}  // namespace lepton::blockchain
