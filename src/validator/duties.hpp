// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Who has to do what, and which subnets follow from it. Pure; any thread.
#pragma once

#include "types/primitives.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lepton::validator {

/// What this node's validators have to do in one slot.
struct Duties {
    /// The validator that proposes, when it is one of ours.
    std::optional<ValidatorIndex> proposer;
    /// The validators that vote: all of ours that the registry has.
    std::vector<ValidatorIndex> attesters;

    bool operator==(const Duties&) const = default;
};

/// Returns the duties of `slot`. Slot 0 has a block already: nobody proposes in it.
/// Spec: containers/identifiers.py `proposer_for_slot`
/// Input: own: this node's validators, ascending; validator_count: size of the registry
Duties duties_of_slot(Slot slot,
                      std::uint64_t validator_count,
                      std::span<const ValidatorIndex> own);

/// Returns the subnet on which a validator's votes travel. Requires committee_count > 0.
SubnetId subnet_of(ValidatorIndex index, std::uint64_t committee_count);

/// Returns the subnets this node subscribes to, ascending: those of its validators, so that they
/// are in the mesh they publish to; an aggregator adds `aggregate_subnets`, and subnet 0 when it
/// would have none. Requires committee_count > 0; a wanted subnet outside of it is left out.
std::vector<SubnetId> subnets_to_subscribe(std::span<const ValidatorIndex> own,
                                           std::uint64_t committee_count,
                                           bool is_aggregator,
                                           std::span<const SubnetId> aggregate_subnets);

}  // namespace lepton::validator
