// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Erasing secrets in a way the compiler may not remove. Any thread.
#pragma once

#include <cstring>
#include <ranges>
#include <span>
#include <type_traits>

namespace lepton::crypto {

/// Overwrites every byte of the contiguous range `secret` with zero.
template <std::ranges::contiguous_range Range>
    requires std::is_trivially_copyable_v<std::ranges::range_value_t<Range>>
void wipe(Range&& secret) {
    const auto bytes = std::as_writable_bytes(std::span{secret});
    if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

/// Owner of a range that is wiped when the scope ends: `WipeGuard guard{buffer};`.
template <class Range>
class WipeGuard {
  public:
    explicit WipeGuard(Range& secret) : secret_(secret) {}
    ~WipeGuard() { wipe(secret_); }
    WipeGuard(const WipeGuard&) = delete;
    WipeGuard& operator=(const WipeGuard&) = delete;

  private:
    Range& secret_;
};

}  // namespace lepton::crypto
