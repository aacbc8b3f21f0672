// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Randomness as an injected dependency: the kernel's in production, a seeded generator in tests and
// simulation.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace lepton {

/// A source of random bytes. Each object belongs to one thread.
class Random {
  public:
    virtual ~Random() = default;

    /// Overwrites all of `out` with random bytes.
    virtual void fill(MutableByteView out) = 0;

    /// Returns 64 random bits.
    std::uint64_t next_u64();
    /// Returns a number below `bound`, each equally likely. Requires bound > 0.
    std::uint64_t below(std::uint64_t bound);
    /// Puts the elements of `items` in a random order.
    template <class Items>
    void shuffle(Items& items) {
        for (std::size_t left = items.size(); left > 1; --left) {
            std::swap(items[left - 1], items[static_cast<std::size_t>(below(left))]);
        }
    }
};

/// The kernel's generator: fit for keys. Aborts when the kernel has none.
class SystemRandom final : public Random {
  public:
    void fill(MutableByteView out) override;
};

/// xoshiro256**: the same sequence for the same seed on every machine. Never for keys that matter.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed);
    void fill(MutableByteView out) override;

  private:
    std::uint64_t step();

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace lepton
