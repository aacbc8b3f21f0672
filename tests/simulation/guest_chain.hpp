// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a guest knows of the chain, from gossip it takes on trust, and the blocks and votes it can
// make of it with its own keys. One thread.
#pragma once

#include "aggregation/bundle/bundle_backend.hpp"
#include "crypto/signature_scheme.hpp"
#include "sim_node.hpp"
#include "types/ssz.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace lepton::simulation {

class GuestChain {
  public:
    /// `validator`: whose keys it has. References outlive it.
    GuestChain(const SimWorld& world, const Clock& clock, ValidatorIndex validator);

    /// Keeps a block whose parent is kept; forgets the oldest beyond kBlocksMax.
    void add(const SignedBlock& block);
    /// Keeps the aggregate: the next block may carry it.
    void add(const SignedAggregatedAttestation& aggregate) { aggregate_ = aggregate; }

    /// The block of the highest slot, and its parent (itself, when that is not kept).
    Root tip() const { return tip_; }
    Root parent_of(const Root& root) const;
    Slot slot_of(const Root& root) const;
    /// Null when it is not kept.
    const SignedBlock* find(const Root& root) const;
    bool proposes(Slot slot) const;

    /// Returns a valid block of our validator on a kept one, with or without the last aggregate;
    /// nothing when there can be none.
    std::optional<SignedBlock> make_block(const Root& parent, Slot slot, bool with_votes);
    SignedAttestation sign(const AttestationData& data);

  private:
    static constexpr std::size_t kBlocksMax = 48;
    struct Known {
        SignedBlock block;
        State state;
    };

    Signature sign_with(crypto::Signer& signer, Slot slot, const Root& message);

    const SimWorld& world_;
    ValidatorIndex validator_;
    std::unique_ptr<crypto::Signer> attestation_key_;
    std::unique_ptr<crypto::Signer> proposal_key_;
    /// Does each job at once.
    aggregation::bundle::BundleBackend backend_;
    std::map<Root, Known> blocks_;
    Root tip_;
    std::optional<SignedAggregatedAttestation> aggregate_;
};

}  // namespace lepton::simulation
