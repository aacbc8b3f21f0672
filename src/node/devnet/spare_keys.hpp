// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Makes the keys of the next devnet while this one runs, on what its nodes leave of the processors.
// Belongs to one thread.
#pragma once

#include "node/devnet/key_cache.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

namespace lepton::node {

class SpareKeys {
  public:
    /// Begins to fill `cache` until it has `wanted` keys.
    SpareKeys(KeyCache cache, std::size_t wanted);
    /// Stops within some tens of milliseconds; a key that is not whole by then is lost.
    ~SpareKeys() = default;
    SpareKeys(const SpareKeys&) = delete;
    SpareKeys& operator=(const SpareKeys&) = delete;

    /// Whether all are there, or something failed.
    bool is_done() const { return is_done_; }
    /// Keys made so far, of `keys_to_make()`, and slots of the next.
    std::uint64_t keys_made() const { return keys_made_; }
    std::uint64_t slots_made() const { return slots_made_; }
    std::uint64_t keys_to_make() const { return keys_to_make_; }
    std::uint64_t slots_per_key() const { return cache_.activation().size(); }

    /// Returns what failed, if something did. Requires is_done().
    const std::optional<IoError>& failure() const { return failure_; }

  private:
    void work(const std::stop_token& stop);

    KeyCache cache_;
    std::uint64_t keys_to_make_;
    std::atomic<std::uint64_t> keys_made_{0};
    std::atomic<std::uint64_t> slots_made_{0};
    std::optional<IoError> failure_;
    std::atomic<bool> is_done_{false};
    std::jthread thread_;
};

}  // namespace lepton::node
