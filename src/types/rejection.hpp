// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every reason for which the protocol refuses a block, vote or message, with what follows from it:
// one table, from the spec's name to the gossip verdict, the sender's penalty and whether the same
// bytes may be fine later. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lepton {

/// Names as in the spec (errors.py) and its later additions; lepton's own come last.
enum class Rejection : std::uint8_t {
    BLOCK_SLOT_NOT_IN_FUTURE,
    BLOCK_OLDER_THAN_LATEST_HEADER,
    BLOCK_SLOT_MISMATCH,
    PARENT_ROOT_MISMATCH,
    STATE_ROOT_MISMATCH,
    UNKNOWN_PARENT_BLOCK,
    PROPOSER_INDEX_OUT_OF_RANGE,
    EMPTY_VALIDATOR_REGISTRY,
    WRONG_PROPOSER,
    TOO_MANY_ATTESTATION_DATA,
    DUPLICATE_ATTESTATION_DATA,
    EMPTY_AGGREGATION_BITS,
    UNKNOWN_SOURCE_BLOCK,
    UNKNOWN_TARGET_BLOCK,
    UNKNOWN_HEAD_BLOCK,
    SOURCE_AFTER_TARGET,
    HEAD_OLDER_THAN_TARGET,
    SOURCE_SLOT_MISMATCH,
    TARGET_SLOT_MISMATCH,
    HEAD_SLOT_MISMATCH,
    SOURCE_NOT_ANCESTOR_OF_TARGET,
    TARGET_NOT_ANCESTOR_OF_HEAD,
    ATTESTATION_TOO_FAR_IN_FUTURE,
    ATTESTATION_SLOT_BEFORE_HEAD,
    VALIDATOR_NOT_IN_STATE,
    VALIDATOR_INDEX_OUT_OF_RANGE,
    JUSTIFIED_SLOT_OUT_OF_RANGE,
    INVALID_SIGNATURE,
    INVALID_BLOCK_PROOF,
    ANCHOR_STATE_ROOT_MISMATCH,
    DECODE_ERROR,
    BLOCK_SLOT_GAP_TOO_LARGE,
    BLOCK_TOO_FAR_IN_FUTURE,
    HEAD_NOT_DESCENDANT_OF_FINALIZED,
    ZERO_HASH_JUSTIFICATION_ROOT,
    JUSTIFICATION_VOTES_LENGTH_MISMATCH,
    /// lepton: a block at or below the finalized slot.
    BLOCK_NOT_AFTER_FINALIZED,
    /// lepton: a vote too old to matter any more.
    ATTESTATION_TOO_OLD,
    /// lepton: a proof made by another proof system, or by a version that this node does not know.
    FOREIGN_PROOF,
};

/// What gossipsub does with the message.
enum class GossipVerdict : std::uint8_t {
    /// Forward it.
    accept,
    /// Do not forward; the sender may be honest.
    ignore,
    /// Do not forward; the bytes are provably wrong and the sender pays.
    reject,
};

struct RejectionRow {
    Rejection reason;
    /// The spec's string.
    std::string_view name;
    GossipVerdict verdict;
    /// Points taken from the peer that sent it; 0 when its bytes may have been honest.
    int penalty;
    /// True when the same message may be valid later (unknown block, early clock).
    bool is_retryable;
};

/// Returns the row of `reason`.
const RejectionRow& rejection_row(Rejection reason);
/// Returns all rows, in the order of the enumerators.
std::span<const RejectionRow> rejection_rows();
inline std::string_view to_string(Rejection reason) {
    return rejection_row(reason).name;
}

}  // namespace lepton
