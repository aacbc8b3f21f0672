// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The secret keys of this node's validators and their journal, in one place that one job at a time
// may enter. A key can sign only the slots that are prepared; preparing more takes up to minutes,
// so it is done ahead of time, beside signing.
//
// Threads: sign() and install() never at the same time as each other; build() may run beside
// sign(). The blockchain actor sees to that.
#pragma once

#include "blockchain/effects.hpp"
#include "crypto/signature_scheme.hpp"
#include "validator/key_store.hpp"
#include "validator/signer.hpp"
#include "validator/signing_journal.hpp"

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

namespace lepton::blockchain {

class KeyRoom {
  public:
    KeyRoom(validator::KeyStore keys, validator::SigningJournal journal);
    KeyRoom(const KeyRoom&) = delete;
    KeyRoom& operator=(const KeyRoom&) = delete;

    /// Returns this node's validators, ascending.
    const std::vector<ValidatorIndex>& validators() const { return keys_.indices(); }

    /// Returns a signature for each request, each claimed in the journal before.
    SignResults sign(const std::vector<validator::SignRequest>& requests);

    /// A key and a slot that it is to be prepared for.
    struct Preparation {
        const crypto::Signer* key = nullptr;
        Slot slot;
    };
    /// Returns what to prepare next at `current_slot`: a key that cannot sign now, those for votes
    /// first, since every slot asks for them; or else the next part of one that is in the second
    /// half of what is prepared; nothing when all are ready.
    std::optional<Preparation> next_preparation(Slot current_slot) const;

    /// Returns how many keys cannot sign at `current_slot` and could after a preparation.
    std::size_t not_ready(Slot current_slot) const;

    using Window = Result<std::unique_ptr<crypto::PreparedWindow>, crypto::SignatureError>;
    /// Returns the window of the key that holds the slot. A stop request ends the work within
    /// milliseconds, with an error.
    /// Cost: up to minutes
    static Window build(const Preparation& preparation, const std::stop_token& stop);

    /// Takes over a window of `key`; with an error, the key is not tried again.
    void install(const crypto::Signer& key, Window window);

  private:
    /// Whether the key is of use at `slot`, once it is prepared.
    bool is_wanted(const crypto::Signer& key, Slot slot) const;

    validator::KeyStore keys_;
    validator::SigningJournal journal_;
    validator::JournaledSigner signer_{keys_, journal_};
    std::vector<crypto::Signer*> all_;
    /// Keys whose window could not be built.
    std::set<const crypto::Signer*> broken_;
};

}  // namespace lepton::blockchain
