// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Threads for long computations of command-line tools (key generation). Nodes do not use this:
// their work runs on the actor kit's pools.
#pragma once

#include <cstddef>
#include <functional>

namespace lepton {

/// Runs body(0) … body(count - 1) on `threads` threads (0: one per processor) and returns when all
/// are done. Each index runs once; the order is undefined. `body` does not throw.
void parallel_for(std::size_t threads,
                  std::size_t count,
                  const std::function<void(std::size_t)>& body);

}  // namespace lepton
