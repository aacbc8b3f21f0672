// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The latest immutable value of something that one thread makes and others read. Safe from any
// thread; a reader keeps what it got for as long as it likes.
#pragma once

#include "base/assert.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace lepton {

template <class T>
class Snapshot {
  public:
    explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {
        LEPTON_ASSERT(current_ != nullptr);
    }

    /// Returns the latest value; never null.
    std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }

    /// Replaces the value. `next` is not null.
    void set(std::shared_ptr<const T> next) {
        LEPTON_ASSERT(next != nullptr);
        const std::lock_guard lock(mutex_);
        current_.swap(next);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> current_;
};

}  // namespace lepton
