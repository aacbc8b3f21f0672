// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Which proofs of one vote to merge. Pure; any thread.
#pragma once

#include "ssz/bitlist.hpp"
#include "types/attestation.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace lepton::consensus {

struct CoverageLimits {
    /// Most proofs to pick.
    std::size_t proofs_max = 0;
    /// Says whether one proof may cover so many validators. Called with growing numbers.
    std::function<bool(std::size_t participants)> fits;
};

struct Coverage {
    /// Borrowed from the pools that were passed.
    std::vector<const SingleMessageAggregate*> proofs;
    /// The validators that they cover together.
    ssz::Bits participants;
};

/// Picks proofs that cover many validators: each time the one that adds most to what is covered,
/// those of `priority` before those of `fallback`; of equals the one with the largest SSZ form.
/// Validators in `covered` count as covered from the start.
/// Spec: aggregation.py `select_proofs_for_coverage`
/// Cost:   proofs squared
Coverage select_proofs_for_coverage(std::span<const SingleMessageAggregate> priority,
                                    std::span<const SingleMessageAggregate> fallback,
                                    const ssz::Bits& covered,
                                    const CoverageLimits& limits);

}  // namespace lepton::consensus
