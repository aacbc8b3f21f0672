// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Whether this node knows enough of the chain to do duties: voting and proposing without the latest
// blocks would only confuse the others. The single owner of that state. A plain value; belongs to
// one thread.
#pragma once

#include "blockchain/limits.hpp"
#include "types/primitives.hpp"

#include <cstdint>

namespace lepton::blockchain {

class SyncGate {
  public:
    /// With `is_enabled` false the gate observes only: duties are always allowed.
    explicit SyncGate(bool is_enabled) : is_enabled_(is_enabled) {}

    /// A block of `slot` was heard, with a valid proof.
    void saw_block(Slot slot);

    /// Takes the position of the wall clock and of the latest block that was imported. The first
    /// call counts as if a block of that slot had been heard: a node that just started gives its
    /// peers time to be found.
    void update(Slot current_slot, Slot imported_slot);

    /// Returns whether the imported blocks lag behind, with hysteresis.
    bool is_behind() const { return is_behind_; }
    /// Returns whether the whole network stands still.
    bool is_network_stalled() const { return is_network_stalled_; }
    bool allows_duties() const { return !is_enabled_ || !is_behind_ || is_network_stalled_; }

  private:
    bool is_enabled_;
    bool is_behind_ = false;
    bool is_network_stalled_ = false;
    /// The latest slot that the network is known, or was assumed at the start, to have reached.
    Slot network_slot_;
    bool has_started_ = false;
};

}  // namespace lepton::blockchain
