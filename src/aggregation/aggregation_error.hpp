// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Why a proof is refused or could not be made. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace lepton::aggregation {

enum class AggregationError : std::uint8_t {
    // The bytes are a proof of something else than this backend knows.
    foreign_proof,  ///< another proof system
    bad_version,    ///< another version of this format
    wrong_scheme,   ///< signatures of another scheme
    // The bytes are not the proof that they claim to be.
    wrong_kind,                ///< single-message where multi-message is due, or the reverse
    malformed,                 ///< sizes do not add up, trailing bytes, a part without signatures
    too_large,                 ///< more bytes or components than the network allows
    key_count_mismatch,        ///< a component has another number of signers than the claim
    message_mismatch,          ///< a component is about another message than the claim
    slot_mismatch,             ///< a component is about another slot than the claim
    component_count_mismatch,  ///< another number of components than claims
    invalid_signature,         ///< a signature does not verify
    // The request makes no sense.
    nothing_to_prove,     ///< no claims, or a claim without keys
    unknown_component,    ///< split: no component has this number or message
    ambiguous_component,  ///< split: several components have this message
    // The work was not done.
    deadline,     ///< the time for it was over
    cancelled,    ///< the caller asked to stop
    dropped,      ///< the executor gave the job up
    unsupported,  ///< the backend has no such operation
};

/// Returns the enumerator's name.
std::string_view to_string(AggregationError error);

/// What an error says about the proof.
enum class Fault : std::uint8_t {
    proof,    ///< it is wrong, and whoever made or forwarded it could know
    foreign,  ///< unknown to this node; nothing is said about its truth
    request,  ///< nothing: the request was wrong, or the work was not done
};

/// Returns what `error` says about the proof that was to be checked.
Fault fault_of(AggregationError error);

}  // namespace lepton::aggregation
