// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Votes and their aggregates. Spec: containers/attestation.py, containers/aggregation.py. Values;
// any thread.
#pragma once

#include "ssz/bitlist.hpp"
#include "ssz/list.hpp"
#include "types/checkpoint.hpp"
#include "types/constants.hpp"
#include "types/keys.hpp"

#include <tuple>

namespace lepton {

/// Which validators of the registry take part: bit i stands for validator i.
using AggregationBits = ssz::Bitlist<kValidatorRegistryLimit>;
/// The opaque bytes of an aggregate or block proof.
using ProofBytes = ssz::ByteList<kProofSizeMax>;

/// What a validator votes for.
struct AttestationData {
    Slot slot;
    Checkpoint head;
    Checkpoint target;
    Checkpoint source;

    static constexpr auto kSszFields = std::tuple(&AttestationData::slot,
                                                  &AttestationData::head,
                                                  &AttestationData::target,
                                                  &AttestationData::source);
    auto operator<=>(const AttestationData&) const = default;
};

struct Attestation {
    ValidatorIndex validator_index;
    AttestationData data;

    static constexpr auto kSszFields =
        std::tuple(&Attestation::validator_index, &Attestation::data);
    bool operator==(const Attestation&) const = default;
};

/// One validator's vote as it travels on attestation_<subnet>.
struct SignedAttestation {
    ValidatorIndex validator_index;
    AttestationData data;
    Signature signature;

    static constexpr auto kSszFields = std::tuple(&SignedAttestation::validator_index,
                                                  &SignedAttestation::data,
                                                  &SignedAttestation::signature);
    bool operator==(const SignedAttestation&) const = default;
};

/// The votes of several validators for the same data, as a block carries them: the proof is the
/// block's.
struct AggregatedAttestation {
    AggregationBits aggregation_bits;
    AttestationData data;

    static constexpr auto kSszFields =
        std::tuple(&AggregatedAttestation::aggregation_bits, &AggregatedAttestation::data);
    bool operator==(const AggregatedAttestation&) const = default;
};

/// Proof that each participant signed one and the same message ("type-1").
struct SingleMessageAggregate {
    AggregationBits participants;
    ProofBytes proof;

    static constexpr auto kSszFields =
        std::tuple(&SingleMessageAggregate::participants, &SingleMessageAggregate::proof);
    bool operator==(const SingleMessageAggregate&) const = default;
};

/// Proof that bundles several single-message proofs ("type-2"). Which messages and participants it
/// covers is known from the block that carries it.
struct MultiMessageAggregate {
    ProofBytes proof;

    static constexpr auto kSszFields = std::tuple(&MultiMessageAggregate::proof);
    bool operator==(const MultiMessageAggregate&) const = default;
};

/// An aggregate as it travels on the aggregation topic.
struct SignedAggregatedAttestation {
    AttestationData data;
    SingleMessageAggregate proof;

    static constexpr auto kSszFields =
        std::tuple(&SignedAggregatedAttestation::data, &SignedAggregatedAttestation::proof);
    bool operator==(const SignedAggregatedAttestation&) const = default;
};

}  // namespace lepton
