// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How a row is decided:
// - `reject` only if the bytes are wrong for every node, whatever it has seen: then the sender
//   pays. The penalty stays small because other clients forward gossip before they judge it, so an
//   honest peer can hand on a bad message. A peer starts with 100 points.
// - `ignore` if the reason lies in what this node knows or in its clock. Retryable when more
//   blocks or more time can change the answer.
#include "types/rejection.hpp"

#include "base/assert.hpp"

#include <array>

namespace lepton {
namespace {

/// A message that breaks a rule of the protocol.
constexpr int kRuleBroken = 10;
/// A message that no correct software makes or passes on by accident: wrong bytes, forged
/// signature.
constexpr int kForged = 20;

constexpr RejectionRow invalid(Rejection reason, std::string_view name, int penalty = kRuleBroken) {
    return {reason, name, GossipVerdict::reject, penalty, false};
}
constexpr RejectionRow not_yet(Rejection reason, std::string_view name) {
    return {reason, name, GossipVerdict::ignore, 0, true};
}
constexpr RejectionRow of_no_use(Rejection reason, std::string_view name) {
    return {reason, name, GossipVerdict::ignore, 0, false};
}

using enum Rejection;
constexpr std::array kRows{
    invalid(BLOCK_SLOT_NOT_IN_FUTURE, "BLOCK_SLOT_NOT_IN_FUTURE"),
    invalid(BLOCK_OLDER_THAN_LATEST_HEADER, "BLOCK_OLDER_THAN_LATEST_HEADER"),
    invalid(BLOCK_SLOT_MISMATCH, "BLOCK_SLOT_MISMATCH"),
    invalid(PARENT_ROOT_MISMATCH, "PARENT_ROOT_MISMATCH"),
    invalid(STATE_ROOT_MISMATCH, "STATE_ROOT_MISMATCH"),
    not_yet(UNKNOWN_PARENT_BLOCK, "UNKNOWN_PARENT_BLOCK"),
    invalid(PROPOSER_INDEX_OUT_OF_RANGE, "PROPOSER_INDEX_OUT_OF_RANGE"),
    // A fault of this node's own genesis, not of the block.
    of_no_use(EMPTY_VALIDATOR_REGISTRY, "EMPTY_VALIDATOR_REGISTRY"),
    invalid(WRONG_PROPOSER, "WRONG_PROPOSER"),
    invalid(TOO_MANY_ATTESTATION_DATA, "TOO_MANY_ATTESTATION_DATA"),
    invalid(DUPLICATE_ATTESTATION_DATA, "DUPLICATE_ATTESTATION_DATA"),
    invalid(EMPTY_AGGREGATION_BITS, "EMPTY_AGGREGATION_BITS"),
    not_yet(UNKNOWN_SOURCE_BLOCK, "UNKNOWN_SOURCE_BLOCK"),
    not_yet(UNKNOWN_TARGET_BLOCK, "UNKNOWN_TARGET_BLOCK"),
    not_yet(UNKNOWN_HEAD_BLOCK, "UNKNOWN_HEAD_BLOCK"),
    invalid(SOURCE_AFTER_TARGET, "SOURCE_AFTER_TARGET"),
    invalid(HEAD_OLDER_THAN_TARGET, "HEAD_OLDER_THAN_TARGET"),
    invalid(SOURCE_SLOT_MISMATCH, "SOURCE_SLOT_MISMATCH"),
    invalid(TARGET_SLOT_MISMATCH, "TARGET_SLOT_MISMATCH"),
    invalid(HEAD_SLOT_MISMATCH, "HEAD_SLOT_MISMATCH"),
    invalid(SOURCE_NOT_ANCESTOR_OF_TARGET, "SOURCE_NOT_ANCESTOR_OF_TARGET"),
    invalid(TARGET_NOT_ANCESTOR_OF_HEAD, "TARGET_NOT_ANCESTOR_OF_HEAD"),
    not_yet(ATTESTATION_TOO_FAR_IN_FUTURE, "ATTESTATION_TOO_FAR_IN_FUTURE"),
    invalid(ATTESTATION_SLOT_BEFORE_HEAD, "ATTESTATION_SLOT_BEFORE_HEAD"),
    invalid(VALIDATOR_NOT_IN_STATE, "VALIDATOR_NOT_IN_STATE"),
    invalid(VALIDATOR_INDEX_OUT_OF_RANGE, "VALIDATOR_INDEX_OUT_OF_RANGE"),
    invalid(JUSTIFIED_SLOT_OUT_OF_RANGE, "JUSTIFIED_SLOT_OUT_OF_RANGE"),
    invalid(INVALID_SIGNATURE, "INVALID_SIGNATURE", kForged),
    invalid(INVALID_BLOCK_PROOF, "INVALID_BLOCK_PROOF", kForged),
    // Said of a pair of files or of a checkpoint server, never of gossip.
    of_no_use(ANCHOR_STATE_ROOT_MISMATCH, "ANCHOR_STATE_ROOT_MISMATCH"),
    invalid(DECODE_ERROR, "DECODE_ERROR", kForged),
    invalid(BLOCK_SLOT_GAP_TOO_LARGE, "BLOCK_SLOT_GAP_TOO_LARGE"),
    not_yet(BLOCK_TOO_FAR_IN_FUTURE, "BLOCK_TOO_FAR_IN_FUTURE"),
    // Compared with what this node holds for final: another node's view may differ.
    of_no_use(HEAD_NOT_DESCENDANT_OF_FINALIZED, "HEAD_NOT_DESCENDANT_OF_FINALIZED"),
    // Said of the parent's state, which this node computed or accepted itself.
    of_no_use(ZERO_HASH_JUSTIFICATION_ROOT, "ZERO_HASH_JUSTIFICATION_ROOT"),
    of_no_use(JUSTIFICATION_VOTES_LENGTH_MISMATCH, "JUSTIFICATION_VOTES_LENGTH_MISMATCH"),
    of_no_use(BLOCK_NOT_AFTER_FINALIZED, "BLOCK_NOT_AFTER_FINALIZED"),
    of_no_use(ATTESTATION_TOO_OLD, "ATTESTATION_TOO_OLD"),
    of_no_use(FOREIGN_PROOF, "FOREIGN_PROOF"),
};

constexpr bool rows_follow_the_enumerators() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows.at(i).reason) != i) return false;
    }
    return kRows.size() == static_cast<std::size_t>(FOREIGN_PROOF) + 1;
}
static_assert(rows_follow_the_enumerators());

}  // namespace

const RejectionRow& rejection_row(Rejection reason) {
    const auto index = static_cast<std::size_t>(reason);
    LEPTON_ASSERT(index < kRows.size());
    return kRows.at(index);
}

std::span<const RejectionRow> rejection_rows() {
    return kRows;
}

}  // namespace lepton
