// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How far the making of keys is, for a person who waits: one line that is written over itself on a
// terminal, a line every few seconds elsewhere. Belongs to one thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace lepton::node {

class KeyProgress {
  public:
    /// Work begins, or is first looked at, now. `clock` outlives this.
    KeyProgress(const Clock& clock,
                bool is_terminal,
                std::uint64_t keys,
                std::uint64_t slots_per_key)
        : clock_(clock), is_terminal_(is_terminal), keys_(keys), slots_per_key_(slots_per_key) {}

    /// Returns what to write now: a line, or nothing because the last one is fresh, or because the
    /// work is young and may be over before anybody wonders.
    /// Input: slots_done: of the key after the `keys_done` that are whole
    std::string update(std::uint64_t keys_done, std::uint64_t slots_done);

    /// Returns what to write at the end, when `keys_done` are whole; nothing after short work.
    std::string finish(std::uint64_t keys_done) const;

  private:
    static constexpr Duration kQuiet = std::chrono::seconds(1);

    double seconds() const;

    const Clock& clock_;
    bool is_terminal_;
    std::uint64_t keys_;
    std::uint64_t slots_per_key_;
    Time start_ = clock_.now();
    Time next_at_ = start_ + kQuiet;
    std::optional<double> share_at_start_;
};

}  // namespace lepton::node
