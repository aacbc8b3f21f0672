// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The only way from a message to a signature of one of this node's validators: the slot is claimed
// in the signing journal first. Belongs to one thread.
#pragma once

#include "types/keys.hpp"
#include "validator/key_store.hpp"
#include "validator/signing_journal.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::validator {

enum class SignFailureKind : std::uint8_t {
    /// This node has no such key.
    unknown_key,
    /// The slot is outside the slots that the key can ever sign.
    outside_key_lifetime,
    /// The slot is outside the part of the key that is prepared: try again when it is.
    outside_key_window,
    /// The journal does not allow it. Never try another message for the slot.
    refused_by_journal,
    /// The journal cannot be written: stop the node.
    io_error,
    /// The scheme failed although the key fits: the key file or the memory is damaged.
    signing_failed,
};
std::string_view to_string(SignFailureKind kind);

struct SignFailure {
    SignFailureKind kind = SignFailureKind::unknown_key;
    /// One line for the log.
    std::string what;
};

/// The wish of a duty: `message` is the hash_tree_root of the vote's data or of the block.
struct SignRequest {
    ValidatorIndex validator_index;
    Role role = Role::attestation;
    Slot slot;
    Root message;
};

class JournaledSigner {
  public:
    /// Both must outlive the signer.
    JournaledSigner(KeyStore& keys, SigningJournal& journal) : keys_(keys), journal_(journal) {}

    /// Returns the signature of each request, in order. Requires different validators or roles.
    /// A key that cannot sign the slot is found out before its slot is claimed.
    /// Errors: each failure kind, per request; io_error comes for all that needed a claim
    /// Cost:   one fdatasync for all, then about a thousand hashes per signature
    std::vector<Result<Signature, SignFailure>> sign_all(std::span<const SignRequest> requests);

    /// Returns the signature of one request.
    Result<Signature, SignFailure> sign(ValidatorIndex validator_index,
                                        Role role,
                                        Slot slot,
                                        const Root& message);

  private:
    KeyStore& keys_;
    SigningJournal& journal_;
};

}  // namespace lepton::validator
