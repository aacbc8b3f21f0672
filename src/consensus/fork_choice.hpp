// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Fork choice: LMD-GHOST over the latest votes, from the justified block. What gossip and blocks
// bring enters the store here. Runs on the store's thread; nothing recurses, no walk is longer
// than the tree is deep.
#pragma once

#include "consensus/store.hpp"

#include <optional>
#include <vector>

namespace lepton::consensus {

/// Returns whether the vote obeys time and topology as far as this store knows.
/// Spec: fork_choice.py `validate_attestation`, with the later check of the finalized block
/// Errors: UNKNOWN_SOURCE_BLOCK, UNKNOWN_TARGET_BLOCK, UNKNOWN_HEAD_BLOCK, SOURCE_AFTER_TARGET,
///         HEAD_OLDER_THAN_TARGET, SOURCE_SLOT_MISMATCH, TARGET_SLOT_MISMATCH, HEAD_SLOT_MISMATCH,
///         SOURCE_NOT_ANCESTOR_OF_TARGET, TARGET_NOT_ANCESTOR_OF_HEAD,
///         HEAD_NOT_DESCENDANT_OF_FINALIZED, ATTESTATION_SLOT_BEFORE_HEAD,
///         ATTESTATION_TOO_FAR_IN_FUTURE
Result<void, Rejection> validate_attestation(const Store& store, const AttestationData& data);

/// Keeps the signature of a single vote if this node aggregates. The vote alone never weighs.
/// The caller has verified the signature already: it is not checked here.
/// Spec: fork_choice.py `on_gossip_attestation`
/// Input:  data_root: hash_tree_root of vote.data
/// Errors: those of validate_attestation; VALIDATOR_NOT_IN_STATE
Result<void, Rejection> on_gossip_attestation(Store& store,
                                              const SignedAttestation& vote,
                                              const Root& data_root,
                                              bool is_aggregator);

/// Puts an aggregate and its votes among the new ones: they weigh after the next acceptance.
/// The caller has verified the proof already: it is not checked here.
/// Spec: fork_choice.py `on_gossip_aggregated_attestation`
/// Input:  data_root: hash_tree_root of aggregate.data
/// Errors: those of validate_attestation; EMPTY_AGGREGATION_BITS, VALIDATOR_NOT_IN_STATE
Result<void, Rejection> on_gossip_aggregated_attestation(
    Store& store, const SignedAggregatedAttestation& aggregate, const Root& data_root);

/// Returns whether a block may be imported, by all that is cheap to check: call it before its proof
/// is verified.
/// Spec: fork_choice.py `on_block` and its later bounds on the slot
/// Errors: UNKNOWN_PARENT_BLOCK, BLOCK_SLOT_GAP_TOO_LARGE, BLOCK_TOO_FAR_IN_FUTURE,
///         DUPLICATE_ATTESTATION_DATA, TOO_MANY_ATTESTATION_DATA
Result<void, Rejection> validate_block(const Store& store, const Block& block);

/// Imports a block whose proof the caller has verified: its votes weigh at once, the justified
/// checkpoint advances, the head is chosen anew. Returns its post-state, which the caller keeps.
/// After an error the store is unchanged. Never prunes.
/// Spec: fork_choice.py `on_block`
/// Input:  root: hash_tree_root of `block`, not in the store yet; parent_state: the post-state of
///         block.parent_root (looked at only when the parent is in the store)
/// Errors: those of validate_block and state_transition
/// Cost:   one state transition, one state root, one pass over blocks and votes
Result<State, Rejection> on_block(Store& store,
                                  const Block& block,
                                  const Root& root,
                                  const State& parent_state);

/// Returns the weight of every block by its index in store.blocks: the number of validators whose
/// counted vote is for it or a descendant.
/// Spec: fork_choice.py `compute_block_weights`
/// Cost:   one pass over blocks and votes
std::vector<std::uint64_t> compute_block_weights(const Store& store);

/// Chooses the head and takes over the finalized checkpoint of its state, if that block is known.
/// Spec: fork_choice.py `update_head`
void update_head(Store& store);

/// Lets the new votes and proofs weigh and chooses the head.
/// Spec: fork_choice.py `accept_new_attestations`
void accept_new_attestations(Store& store);

/// Finds the deepest block that two thirds of all validators support with new votes.
/// Spec: fork_choice.py `update_safe_target`
void update_safe_target(Store& store);

/// Drops proofs and signatures whose head does not lie above the finalized block any more. Votes
/// stay. Returns how many proofs and signatures left.
/// Spec: fork_choice.py `prune_stale_attestation_data`
std::size_t prune_stale_attestation_data(Store& store);

/// Drops what finality has decided: stale proofs and signatures, and blocks that do not descend
/// from the finalized one. Returns the roots of the blocks that left, whose states and bodies the
/// caller may drop too. Call it after a cascade of imports, never within one: what is pruned here
/// must not be fetched again by the same cascade.
std::vector<Root> prune(Store& store);

}  // namespace lepton::consensus
