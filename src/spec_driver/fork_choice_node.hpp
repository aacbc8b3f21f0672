// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The node that a fork-choice vector drives: a store with its states, and the generator's stand-in
// for the proof system. One thread.
#pragma once

#include "consensus/fork_choice.hpp"
#include "consensus/slot.hpp"
#include "spec_driver/proofs.hpp"

#include <map>
#include <string>
#include <string_view>

namespace lepton::spec_driver {

/// Aggregate proofs in these vectors are placeholders. They carry no cryptography, so an aggregate
/// is told from another by its participants alone. Functions that throw BadVector do so when a
/// bound of limits.hpp is passed, and leave the node as it was.
class ForkChoiceNode {
  public:
    /// `proofs` outlives the node.
    /// Errors: those of consensus::create_store
    static Result<ForkChoiceNode, Rejection> create(const State& anchor_state,
                                                    const Block& anchor_block,
                                                    const Proofs& proofs);

    /// Moves time forward interval by interval, aggregating at each phase 2 as the generator does.
    /// Throws BadVector.
    void tick(Interval target, bool has_proposal);

    /// Makes proofs of the votes that have come, as aggregators do: the new proofs are then these.
    void aggregate();

    /// Imports a block without its proof. A known block is a success. Throws BadVector.
    Result<void, Rejection> on_block(const Block& block);
    /// Checks the signature, which is real in every vector, and takes the vote. The signature's
    /// size tells the scheme: requests of a simulator do not.
    Result<void, Rejection> on_attestation(const SignedAttestation& vote, bool is_aggregator);
    /// Checks the proof and takes the aggregate.
    Result<void, Rejection> on_aggregated_attestation(const SignedAggregatedAttestation& aggregate);

    const consensus::Store& store() const { return store_; }
    consensus::Store& store() { return store_; }

  private:
    ForkChoiceNode(consensus::Store store, const Proofs& proofs)
        : store_(std::move(store)), proofs_(&proofs) {}

    void keep(const Root& root, State state);

    consensus::Store store_;
    std::map<Root, State> states_;
    std::size_t state_bytes_ = 0;
    const Proofs* proofs_;
};

}  // namespace lepton::spec_driver
