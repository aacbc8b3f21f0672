// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Spec: containers/checkpoint.py. A value; any thread.
#pragma once

#include "types/primitives.hpp"

#include <tuple>

namespace lepton {

/// A block as a point of the chain: its root and its slot.
struct Checkpoint {
    Root root;
    Slot slot;

    static constexpr auto kSszFields = std::tuple(&Checkpoint::root, &Checkpoint::slot);
    auto operator<=>(const Checkpoint&) const = default;
};

}  // namespace lepton
