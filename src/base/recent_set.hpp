// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A bounded memory of keys that were seen: one more than fits forgets the oldest. Belongs to one
// thread.
#pragma once

#include "base/assert.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <unordered_set>

namespace lepton {

template <class Key, class Hash = std::hash<Key>>
class RecentSet {
  public:
    /// Requires capacity > 0.
    explicit RecentSet(std::size_t capacity) : capacity_(capacity) { LEPTON_ASSERT(capacity > 0); }

    /// Remembers `key`. Returns false, and changes nothing, when it is remembered already.
    bool insert(const Key& key) {
        if (!keys_.insert(key).second) return false;
        order_.push_back(key);
        if (order_.size() > capacity_) {
            keys_.erase(order_.front());
            order_.pop_front();
        }
        return true;
    }

    bool contains(const Key& key) const { return keys_.contains(key); }
    std::size_t size() const { return order_.size(); }

  private:
    std::size_t capacity_;
    std::unordered_set<Key, Hash> keys_;
    /// Oldest first.
    std::deque<Key> order_;
};

}  // namespace lepton
