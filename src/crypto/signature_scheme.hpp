// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How the rest of lepton sees the signature scheme of validators. Networks replace the scheme, so
// no key or signature size is a constant outside crypto/xmss: ask the scheme object. A scheme has
// no state and may be used from any thread; a Signer belongs to one thread (see there).
#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace lepton::crypto {

/// The schemes compiled into lepton. The values are part of the bundle proof format.
enum class SchemeId : std::uint8_t {
    leansig_prod = 1,  ///< generalized XMSS, lifetime 2^32 slots, 46 chains: the network's scheme
    leansig_test = 2,  ///< the same construction, lifetime 2^8 slots, 4 chains: spec vectors
};

/// Why a key, a signature or an action is refused.
enum class SignatureError {
    // verification and decoding of public keys and signatures
    public_key_size,           ///< not exactly public_key_size() bytes
    public_key_not_canonical,  ///< a field element of the key is not below the prime
    signature_size,            ///< not exactly signature_size() bytes
    signature_offset,          ///< an offset is not the one canonical value
    signature_not_canonical,   ///< a field element of the signature is not below the prime
    slot_beyond_lifetime,      ///< slot not below lifetime_slots()
    codeword_aborted,          ///< the message hash has an element without a codeword digit
    codeword_sum,              ///< the digits of the codeword do not add up to the target
    root_mismatch,             ///< the signature leads to another root than the public key's
    not_checked,               ///< verdict of a job that was never looked at
    // loading of secret keys
    secret_key_size,           ///< shorter than the fixed part, or not the size its range demands
    secret_key_offset,         ///< an offset is not the one canonical value
    secret_key_range,          ///< activation range not made of whole bottom trees in the lifetime
    secret_key_window,         ///< prepared window not inside the activation range
    secret_key_tree_shape,     ///< depth, lowest layer or start of a layer does not fit the range
    secret_key_not_canonical,  ///< a field element of the file is not below the prime
    secret_key_parameter,      ///< parameter differs from the public key's
    secret_key_root,           ///< root of the top tree differs from the public key's
    secret_key_bottom_root,    ///< root of a bottom tree differs from the top tree's node
    secret_key_leaf,           ///< PRF key does not give the stored leaf
    secret_key_node,           ///< a stored inner node is not the hash of its children
    // signing and generation
    slot_not_active,       ///< slot outside the activation range
    slot_not_prepared,     ///< slot outside the prepared window: call prepare(slot)
    window_at_end,         ///< the window already ends where the activation range ends
    attempts_exhausted,    ///< no encodable randomness found (probability about 10^-48)
    signature_self_check,  ///< the fresh signature does not verify: key file or memory damaged
    activation_range,      ///< requested range is empty or leaves the lifetime
};

/// Returns the enumerator's name.
std::string_view to_string(SignatureError error);

/// Slots [begin, end).
struct SlotRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    bool contains(std::uint64_t slot) const { return begin <= slot && slot < end; }
    std::uint64_t size() const { return end - begin; }
    bool operator==(const SlotRange&) const = default;
};

/// Runs body(0) … body(count - 1), in any order and on any threads, and returns when all are done.
/// The caller of a long computation brings its own threads this way; crypto starts none.
using ParallelFor =
    std::function<void(std::size_t count, const std::function<void(std::size_t)>& body)>;

/// The ParallelFor of a caller without threads: runs everything in order, inline.
void run_in_order(std::size_t count, const std::function<void(std::size_t)>& body);

/// Told how much of a long computation is done. Called from the thread that started it.
using Progress = std::function<void(std::uint64_t slots_done, std::uint64_t slots_total)>;

/// One signature to verify. The views must stay valid during the call.
struct VerifyJob {
    ByteView public_key;
    std::uint64_t slot = 0;
    Bytes32 message{};
    ByteView signature;
};

/// Value: the signature is valid. Error: why not.
using VerifyVerdict = Result<void, SignatureError>;

/// A fresh key pair. The secret key is wiped on destruction.
struct KeyPair {
    Bytes public_key;
    Bytes secret_key_ssz;

    KeyPair() = default;
    KeyPair(KeyPair&&) = default;
    KeyPair& operator=(KeyPair&& other) noexcept {
        std::swap(public_key, other.public_key);
        std::swap(secret_key_ssz, other.secret_key_ssz);
        return *this;
    }
    KeyPair(const KeyPair&) = delete;
    KeyPair& operator=(const KeyPair&) = delete;
    ~KeyPair();
};

/// What a Signer must hold to sign a range of slots; made by Signer::build_window.
class PreparedWindow {
  public:
    virtual ~PreparedWindow() = default;
    virtual SlotRange slots() const = 0;
};

/// One loaded secret key. Every slot of a key may be used for one message only; the caller keeps
/// the durable record of that (signing is deterministic, so the same message again is harmless).
/// Belongs to one thread, except that build_window and check_thoroughly may run on another thread
/// while this one signs. Secrets are wiped on destruction.
class Signer {
  public:
    virtual ~Signer() = default;

    virtual const Bytes& public_key() const = 0;
    /// Returns the slots the key can ever sign.
    virtual SlotRange activation() const = 0;
    /// Returns the slots that can be signed now.
    virtual SlotRange prepared() const = 0;

    /// Returns the signature of `message` at `slot`, always the same bytes for the same input. It
    /// was verified before it is handed out.
    /// Errors: slot_not_active, slot_not_prepared, attempts_exhausted, signature_self_check
    /// Cost:   about 900 message hashes on average, 4 200 at the 99th percentile (prod)
    virtual Result<Bytes, SignatureError> sign(std::uint64_t slot,
                                               const Bytes32& message) const = 0;

    /// Returns a window of two adjacent bottom trees that holds `slot`, reusing trees of the
    /// present window: build_window(prepared().end) is the next window, to be built in the
    /// background well before its first slot. Does not change the signer. Errors: slot_not_active,
    /// secret_key_bottom_root (the PRF key does not fit the stored tree) Cost:   up to two bottom
    /// trees: minutes of one core for prod without vector kernels
    virtual Result<std::unique_ptr<PreparedWindow>, SignatureError> build_window(
        std::uint64_t slot, const ParallelFor& parallel_for) const = 0;

    /// Replaces the present window by one that build_window of this signer made.
    virtual void install(std::unique_ptr<PreparedWindow> window) = 0;

    /// Builds and installs a window that holds `slot`; does nothing when the present one does.
    /// Errors and cost: as build_window
    Result<void, SignatureError> prepare(std::uint64_t slot, const ParallelFor& parallel_for);

    /// Moves the window forward by one bottom tree.
    /// Errors: window_at_end; cost: one bottom tree
    Result<void, SignatureError> advance(const ParallelFor& parallel_for);

    /// Rebuilds every stored leaf and node from the PRF key and the leaves.
    /// Errors: secret_key_leaf, secret_key_node
    /// Cost:   as two bottom trees
    virtual Result<void, SignatureError> check_thoroughly(
        const ParallelFor& parallel_for) const = 0;

    /// Returns the secret key file with the present window. The caller wipes it.
    virtual Bytes serialize() const = 0;
};

/// A signature scheme of validators.
class SignatureScheme {
  public:
    virtual ~SignatureScheme() = default;

    virtual SchemeId id() const = 0;
    /// Returns the name used in options, logs and profiles: "leansig-prod" or "leansig-test".
    virtual std::string_view name() const = 0;
    virtual std::size_t public_key_size() const = 0;
    virtual std::size_t signature_size() const = 0;
    /// Returns the number of slots a key can have: slots are below it.
    virtual std::uint64_t lifetime_slots() const = 0;
    /// Returns the size of the largest secret key file; a reader refuses larger ones unread.
    virtual std::size_t secret_key_size_max() const = 0;

    /// Checks the form of a public key.
    /// Errors: public_key_size, public_key_not_canonical
    virtual Result<void, SignatureError> check_public_key(ByteView public_key) const = 0;

    /// Checks the form of a signature, no cryptography.
    /// Errors: signature_size, signature_offset, signature_not_canonical
    virtual Result<void, SignatureError> check_signature(ByteView signature) const = 0;

    /// Writes the verdict of every job. Requires jobs.size() == verdicts.size().
    /// Errors: per job: those of check_public_key and check_signature, slot_beyond_lifetime,
    ///         codeword_aborted, codeword_sum, root_mismatch
    /// Cost:   122 width-16 and 58 width-24 permutations per job (prod)
    virtual void verify_batch(std::span<const VerifyJob> jobs,
                              std::span<VerifyVerdict> verdicts) const = 0;

    /// Returns the verdict of one job: verify_batch of a single one.
    VerifyVerdict verify(const VerifyJob& job) const;

    /// Returns the SSZ hash tree root of a public key. Requires public_key_size() bytes.
    virtual Bytes32 public_key_root(ByteView public_key) const = 0;

    /// Returns the SSZ hash tree root of a signature container. Requires signature_size() bytes.
    virtual Bytes32 signature_root(ByteView signature) const = 0;

    /// Returns the signer of a secret key file after checking all that is cheap to check: form,
    /// ranges, parameter and root against `public_key`, roots of the bottom trees against the top
    /// tree, and the first and last leaf of the window against the PRF key. The file's bytes are
    /// wiped.
    /// Errors: those of check_public_key, secret_key_*
    virtual Result<std::unique_ptr<Signer>, SignatureError> load_secret_key(
        ByteView public_key, Bytes secret_key_ssz) const = 0;

    /// Returns a fresh key pair that can sign [activation_slot, activation_slot + slot_count),
    /// widened to whole bottom trees, at least two. The prepared window is the first two.
    /// Errors: activation_range
    /// Cost:   about 370 permutations per slot (prod); `progress` hears every few thousand slots
    virtual Result<KeyPair, SignatureError> generate(Random& random,
                                                     std::uint64_t activation_slot,
                                                     std::uint64_t slot_count,
                                                     const ParallelFor& parallel_for,
                                                     const Progress& progress) const = 0;
};

/// Returns the scheme object of `id`; lives as long as the process.
const SignatureScheme& signature_scheme(SchemeId id);

/// Returns the scheme called `name`, null when there is none.
const SignatureScheme* find_signature_scheme(std::string_view name);

}  // namespace lepton::crypto
