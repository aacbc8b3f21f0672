// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the signature scheme is to be as fast as. One thread.
#pragma once

#include "rows.hpp"

#include <optional>

namespace lepton::bench {

struct Target {
    std::string name;
    std::optional<double> measured;  ///< nothing when this run could not find out
    double limit = 0;

    bool is_met() const { return measured.has_value() && *measured <= limit; }
};

/// Returns the targets of one kernel. `avx2`: its table when it was measured too, else null.
std::vector<Target> targets_of(const KernelTable& table,
                               const KernelTable* avx2,
                               CycleSource source);

}  // namespace lepton::bench
