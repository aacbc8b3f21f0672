// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Proof by type that signatures were checked: only the verifier can make a Verified<T>, and the
// blockchain accepts nothing else. Values that move between threads; any thread.
#pragma once

#include "types/attestation.hpp"
#include "types/block.hpp"

#include <utility>

namespace lepton::verifier {
class Verifier;
}

namespace lepton::network_api {

/// Defined by tests that must do without the verifier, by nothing else.
struct VerifiedForTests;

/// A message whose signatures or proof are valid for the registry, with the root that was computed
/// from it once: the block root of a SignedBlock, the root of the AttestationData of a vote or
/// aggregate.
template <class T>
class Verified {
  public:
    const T& operator*() const { return message_; }
    const T* operator->() const { return &message_; }
    const Root& root() const { return root_; }
    /// Gives the message away.
    T take() && { return std::move(message_); }

  private:
    friend class verifier::Verifier;
    friend struct VerifiedForTests;
    Verified(T message, const Root& root) : message_(std::move(message)), root_(root) {}

    T message_;
    Root root_;
};

using VerifiedBlock = Verified<SignedBlock>;
using VerifiedAttestation = Verified<SignedAttestation>;
using VerifiedAggregatedAttestation = Verified<SignedAggregatedAttestation>;

}  // namespace lepton::network_api
