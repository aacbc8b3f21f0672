// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The beacon state and the registry. Spec: containers/state.py. Values; any thread.
#pragma once

#include "types/block.hpp"

#include <memory>
#include <tuple>

namespace lepton {

struct GenesisConfig {
    /// Unix seconds.
    std::uint64_t genesis_time = 0;

    static constexpr auto kSszFields = std::tuple(&GenesisConfig::genesis_time);
    bool operator==(const GenesisConfig&) const = default;
};

struct Validator {
    PublicKey attestation_public_key;
    PublicKey proposal_public_key;
    ValidatorIndex index;

    static constexpr auto kSszFields = std::tuple(
        &Validator::attestation_public_key, &Validator::proposal_public_key, &Validator::index);
    bool operator==(const Validator&) const = default;
};

/// The registry. Element i has index i; the decoder rejects anything else.
using Validators = ssz::List<Validator, kValidatorRegistryLimit>;
using HistoricalBlockHashes = ssz::List<Root, kHistoricalRootsLimit>;
/// Bit i stands for slot finalized + 1 + i.
using JustifiedSlots = ssz::Bitlist<kHistoricalRootsLimit>;
using JustificationsRoots = ssz::List<Root, kHistoricalRootsLimit>;
/// Votes per root of JustificationsRoots, in that order, one bit per validator.
using JustificationsValidators = ssz::Bitlist<kJustificationsValidatorsLimit>;

struct State {
    GenesisConfig config;
    Slot slot;
    BlockHeader latest_block_header;
    Checkpoint latest_justified;
    Checkpoint latest_finalized;
    HistoricalBlockHashes historical_block_hashes;
    JustifiedSlots justified_slots;
    /// Shared, because the registry is fixed at genesis and states are many. Never null.
    std::shared_ptr<const Validators> validators = std::make_shared<const Validators>();
    JustificationsRoots justifications_roots;
    JustificationsValidators justifications_validators;

    static constexpr auto kSszFields = std::tuple(&State::config,
                                                  &State::slot,
                                                  &State::latest_block_header,
                                                  &State::latest_justified,
                                                  &State::latest_finalized,
                                                  &State::historical_block_hashes,
                                                  &State::justified_slots,
                                                  &State::validators,
                                                  &State::justifications_roots,
                                                  &State::justifications_validators);
    /// Compares the registries by value.
    bool operator==(const State& other) const;
};

}  // namespace lepton
