// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The durable record that makes sure no key ever signs two messages for one slot. A slot is claimed
// here, and the claim is on disk, before a signature exists. Belongs to the thread that signs.
//
// What it guarantees, for as long as this one file is used with these keys: over crashes, power
// cuts, clock steps and restarts, all messages that one key signs for one slot are the same. What
// it cannot know: signatures made with another journal, on a second machine or after an older copy
// of this file was restored. Against the latter, a key without a record of the last two slots signs
// from the `safe_slot` of open() on only.
#pragma once

#include "base/random.hpp"
#include "types/primitives.hpp"
#include "validator/journal_file.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lepton::validator {

/// Which of a validator's two keys. The values are stored on disk.
enum class Role : std::uint8_t { attestation = 1, proposal = 2 };
std::string_view to_string(Role role);

/// SHA-256 of a public key. Records go by key, not by validator index: an index means another key
/// after the next genesis, a key stays the same.
using KeyId = Root;

/// The wish to sign `message` for `slot`.
struct Claim {
    KeyId key;
    Role role = Role::attestation;
    Slot slot;
    Root message;
};

enum class ClaimVerdict : std::uint8_t {
    /// Durable: sign.
    granted,
    /// The key has signed, or was about to sign, another message for this slot.
    other_message,
    /// The key has been used for a later slot; what it signed for this one is not on record.
    slot_passed,
    /// Below the first slot that is safe for a key without a recent record.
    before_safe_slot,
    /// The key is on record for the other role.
    other_role,
    /// The journal has no room for one more key.
    journal_full,
};
std::string_view to_string(ClaimVerdict verdict);

/// The latest claim of a key.
struct JournalRecord {
    Role role = Role::attestation;
    Slot slot;
    Root message;
    /// Claims of this key so far.
    std::uint64_t generation = 0;

    bool operator==(const JournalRecord&) const = default;
};

/// Keys one journal can hold: the two keys of every validator of a full registry, twice.
inline constexpr std::size_t kJournalKeysMax = 16384;
/// Keys the file has room for at first, and by how many it grows.
inline constexpr std::size_t kJournalKeysPerExtent = 16;

class SigningJournal {
  public:
    /// Opens the journal in `file`, or starts one there when the file is empty.
    /// Input:  safe_slot: the first slot for which no other process can have signed with these
    ///         keys, as far as the clock tells: the slot after the present one, or 0 before genesis
    /// Errors: the file is not a journal, was cut, is damaged, or cannot be read or written; the
    ///         text says what to do
    /// Cost:   reads the file once: 16 KiB per key
    static Result<SigningJournal, IoError> open(std::unique_ptr<JournalFile> file,
                                                Random& random,
                                                Slot safe_slot);

    /// Returns a verdict for each of `claims`, in order. Every claim that is granted is durable
    /// when this returns. Requires different keys. A refusal changes nothing.
    /// Errors: the claims could not be made durable; every later call fails too, and the caller
    ///         stops the node
    /// Cost:   one fdatasync for all of them, two more when a key is new, none when nothing is new
    Result<std::vector<ClaimVerdict>, IoError> claim(std::span<const Claim> claims);

    /// Returns the latest claim of `key`, nothing when it has none.
    std::optional<JournalRecord> record(const KeyId& key) const;

    /// Returns the random name this journal got when it was made: tells a replaced file.
    const Bytes32& id() const { return id_; }

  private:
    struct Entry {
        /// Which group of cells of the file holds the key.
        std::size_t group = 0;
        JournalRecord record;
    };

    SigningJournal(std::unique_ptr<JournalFile> file, Slot safe_slot)
        : file_(std::move(file)), safe_slot_(safe_slot) {}

    Result<void, IoError> create(Random& random);
    Result<void, IoError> load(std::uint64_t size);
    Result<void, IoError> load_group(std::size_t group);
    Result<bool, IoError> read_header(std::uint64_t size);
    Result<bool, IoError> is_unused(std::uint64_t size) const;
    Result<void, IoError> write_header();
    Result<void, IoError> add_groups();
    Result<void, IoError> write_record(std::size_t group,
                                       const KeyId& key,
                                       const JournalRecord& record);
    ClaimVerdict judge(const Claim& claim) const;
    IoError damaged(std::string_view what) const;

    std::unique_ptr<JournalFile> file_;
    Slot safe_slot_;
    Bytes32 id_{};
    std::unordered_map<KeyId, Entry> entries_;
    /// Groups in the file, and those of them, the first ones, that hold a key.
    std::size_t group_count_ = 0;
    std::size_t used_group_count_ = 0;
    std::optional<IoError> failure_;
};

}  // namespace lepton::validator
