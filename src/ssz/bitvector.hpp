// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Bitvector[Length]: a fixed number of bits. Values; any thread.
#pragma once

#include "ssz/bitlist.hpp"

namespace lepton::ssz {

template <std::uint64_t Length>
class Bitvector {
  public:
    static_assert(Length > 0, "SSZ has no empty bitvector");
    static constexpr std::uint64_t kLength = Length;

    bool operator[](std::size_t index) const { return bits_[index]; }
    void set(std::size_t index, bool value = true) { bits_.set(index, value); }
    /// Its `Length` bits.
    const Bits& bits() const { return bits_; }

    bool operator==(const Bitvector&) const = default;

  private:
    Bits bits_{Length};
};

}  // namespace lepton::ssz
