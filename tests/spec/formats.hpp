// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The handlers, one per format, each in a file of its own. A new format is a new file and a line in
// vectors.cpp.
#pragma once

#include "crypto/signature_scheme.hpp"
#include "spec/vectors.hpp"
#include "types/network_profile.hpp"
#include "types/rejection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lepton::spec {

/// One test case. Handlers may throw BadVector and CannotJudge.
struct Vector {
    std::string_view id;
    const json::object& body;
    const Exemptions& exempt;
    const KeySets& keys;
    /// What a handler could not compare though the vector gives it, and why; printed when the
    /// vector passes.
    std::string& note;
};

/// This program has not what is needed to judge the vector. The text says what is missing.
struct CannotJudge : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Verdict run_api_endpoint(const Vector& vector);
Verdict run_fork_choice(const Vector& vector);
Verdict run_gossipsub_handler(const Vector& vector);
Verdict run_justifiability(const Vector& vector);
Verdict run_networking_codec(const Vector& vector);
Verdict run_poseidon_permutation(const Vector& vector);
Verdict run_reaggregation(const Vector& vector);
Verdict run_slot_clock(const Vector& vector);
Verdict run_ssz(const Vector& vector);
Verdict run_state_transition(const Vector& vector);
Verdict run_sync(const Vector& vector);
Verdict run_verify_multi_message_proofs(const Vector& vector);
Verdict run_verify_signatures(const Vector& vector);
Verdict run_verify_single_message_proofs(const Vector& vector);

/// What became of one part of a file that is no JSON vector.
struct NamedVerdict {
    std::string id;
    Verdict verdict;
};

/// Runs a folder with secret_key.ssz, public_key.ssz and signatures.txt: every signature of the
/// file must verify, and signing again must give the same bytes.
std::vector<NamedVerdict> run_xmss_key(const std::filesystem::path& folder);
/// Runs a file of signatures with their expected verdicts.
std::vector<NamedVerdict> run_xmss_signatures(const std::filesystem::path& file);
/// Runs a file of key pairs: each must load, sign and verify.
std::vector<NamedVerdict> run_xmss_keys(const std::filesystem::path& file);
/// The same for the two key pairs of a validator in a file of leanSpec, which lies in a folder
/// "test_scheme" or "prod_scheme".
std::vector<NamedVerdict> run_validator_keys(const std::filesystem::path& file,
                                             const json::object& content);

// ---- what all formats share

/// How the aggregate proofs of a vector came about.
enum class ProofSetting : std::uint8_t {
    placeholder = 0,  ///< by no prover: they are not to be verified
    valid = 1,        ///< by the real prover
    invalid = 2,      ///< by the real prover, for something else than the vector claims
};

/// Throws BadVector for an unknown setting, and for one that contradicts the expected rejection.
ProofSetting proof_setting_of(const json::object& vector);
/// Returns the network profile whose signature scheme "leanEnv" names. Throws BadVector for an
/// unknown one.
NetworkProfile profile_of(const json::object& vector);
const crypto::SignatureScheme& scheme_of(const json::object& vector);
/// Throws BadVector when the vector has a member beside those of every vector and `names`: what a
/// handler does not read must not be there. A format that can be refused names "rejectionReason".
void vector_members(const Vector& vector, std::initializer_list<std::string_view> names);
/// Returns a registry of the first `count` validators of the vector's key set. Throws CannotJudge
/// when the set is not at hand, BadVector when it has fewer.
Validators validators_of(const Vector& vector, std::uint64_t count);

// ---- comparing

inline std::string show(const Root& root) {
    return to_hex(root);
}
inline std::string show(const Checkpoint& checkpoint) {
    return fmt::format("{} at slot {}", to_hex(checkpoint.root), checkpoint.slot);
}
template <class T>
std::string show(const T& value) {
    return fmt::format("{}", value);
}
template <class T>
std::string show(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const T& value : values) texts.push_back(show(value));
    return fmt::format("[{}]", fmt::join(texts, ", "));
}

/// Returns success when the two are equal, else a text with both.
template <class T>
Verdict expect_equal(std::string_view what, const T& actual, const T& expected) {
    if (actual == expected) return {};
    return std::unexpected(
        fmt::format("{}: got {}, expected {}", what, show(actual), show(expected)));
}

/// Returns whether the vector expects to be refused because of its proof.
bool expects_proof_failure(const json::object& vector);
/// Compares an outcome with the reason for which the vector expects a refusal; without a reason it
/// must be a success. Names are compared exactly.
Verdict expect_outcome(const Result<void, Rejection>& outcome, const json::value* expected_reason);

}  // namespace lepton::spec
