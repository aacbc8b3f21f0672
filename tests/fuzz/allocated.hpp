// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How much memory was asked for: shows that a size which a peer claims is not allocated. One
// thread.
#pragma once

#include <cstddef>

namespace lepton::fuzz {

/// Counts the bytes that this thread allocates from here on, freed ones too.
class Allocated {
  public:
    Allocated();
    std::size_t bytes() const;

  private:
    std::size_t before_;
};

}  // namespace lepton::fuzz
