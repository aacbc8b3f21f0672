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
#include <optional>

namespace lepton::blockchain {

class SyncGate {
  public:
    /// With `is_enabled` false the gate observes only: duties are always allowed.
    explicit SyncGate(bool is_enabled) : is_enabled_(is_enabled) {}

    /// Takes the position of the wall clock and of the latest block that was imported.
    ///
    /// A node that is behind waits only while it comes closer: when its lag has not become smaller
    /// for kCatchUpSlotsMax slots, duties are allowed again. Either the whole network stands still,
    /// and waiting for it to go on would make sure that it never does, or what is heard leads
    /// nowhere: a proposer that builds on blocks which nobody can get must not silence the others.
    /// On the first call, and after a pause, those slots are counted from now: peers take time to
    /// be found.
    void update(Slot current_slot, Slot imported_slot);

    /// Returns whether the imported blocks lag behind, with hysteresis.
    bool is_behind() const { return is_behind_; }
    bool allows_duties() const { return !is_enabled_ || !is_catching_up_; }

  private:
    bool is_enabled_;
    bool is_behind_ = false;
    bool is_catching_up_ = false;
    std::optional<Slot> updated_;
    /// The smallest lag since this node fell behind, and the slot from which the wait for a smaller
    /// one is counted.
    std::uint64_t smallest_lag_ = 0;
    Slot closer_since_;
};

}  // namespace lepton::blockchain
