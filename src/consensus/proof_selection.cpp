// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/proof_selection.hpp"

#include "consensus/vote_pools.hpp"
#include "types/ssz.hpp"

#include <algorithm>

namespace lepton::consensus {
namespace {

/// Returns the proof of `candidates` that adds most to `covered`, nullptr when none adds anything.
const SingleMessageAggregate* most_additional(
    std::span<const SingleMessageAggregate* const> candidates, const ssz::Bits& covered) {
    const SingleMessageAggregate* best = nullptr;
    std::size_t best_count = 0;
    for (const SingleMessageAggregate* candidate : candidates) {
        const std::size_t count = count_beyond(candidate->participants, covered);
        if (count == 0 || count < best_count) continue;
        if (count > best_count || ssz::encode(*candidate) > ssz::encode(*best)) {
            best = candidate;
            best_count = count;
        }
    }
    return best;
}

}  // namespace

Coverage select_proofs_for_coverage(std::span<const SingleMessageAggregate> priority,
                                    std::span<const SingleMessageAggregate> fallback,
                                    const ssz::Bits& covered,
                                    const CoverageLimits& limits) {
    Coverage coverage;
    ssz::Bits seen = covered;
    for (const auto pool : {priority, fallback}) {
        std::vector<const SingleMessageAggregate*> candidates;
        for (const SingleMessageAggregate& proof : pool) candidates.push_back(&proof);
        while (coverage.proofs.size() < limits.proofs_max) {
            const SingleMessageAggregate* best = most_additional(candidates, seen);
            if (best == nullptr) break;
            std::erase(candidates, best);
            ssz::Bits together = coverage.participants;
            together.merge(best->participants);
            if (!limits.fits(together.count())) continue;
            coverage.participants = std::move(together);
            coverage.proofs.push_back(best);
            seen.merge(best->participants);
        }
    }
    return coverage;
}

}  // namespace lepton::consensus
