// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/duties.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <set>

namespace lepton::validator {

Duties duties_of_slot(Slot slot,
                      std::uint64_t validator_count,
                      std::span<const ValidatorIndex> own) {
    Duties duties;
    if (validator_count == 0) return duties;
    const ValidatorIndex proposer{slot.value % validator_count};
    for (const ValidatorIndex index : own) {
        if (index.value >= validator_count) continue;
        if (index == proposer && slot.value != 0) duties.proposer = index;
        duties.attesters.push_back(index);
    }
    return duties;
}

SubnetId subnet_of(ValidatorIndex index, std::uint64_t committee_count) {
    LEPTON_ASSERT(committee_count > 0);
    return SubnetId{index.value % committee_count};
}

std::vector<SubnetId> subnets_to_subscribe(std::span<const ValidatorIndex> own,
                                           std::uint64_t committee_count,
                                           bool is_aggregator,
                                           std::span<const SubnetId> aggregate_subnets) {
    LEPTON_ASSERT(committee_count > 0);
    std::set<SubnetId> subnets;
    for (const ValidatorIndex index : own) subnets.insert(subnet_of(index, committee_count));
    if (is_aggregator) {
        for (const SubnetId subnet : aggregate_subnets) {
            if (subnet.value < committee_count) subnets.insert(subnet);
        }
        if (subnets.empty()) subnets.insert(SubnetId{0});
    }
    return {subnets.begin(), subnets.end()};
}

}  // namespace lepton::validator
