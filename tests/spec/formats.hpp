// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The handlers, one per format, each in a file of its own. A new format is a new file and a line in
// vectors.cpp.
#pragma once

#include "spec/vectors.hpp"
#include "types/rejection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lepton::spec {

/// One test case. Handlers may throw BadVector.
struct Vector {
    std::string_view id;
    const json::object& body;
    const Exemptions& exempt;
    /// What a handler could not compare though the vector gives it, and why; printed when the
    /// vector passes.
    std::string& note;
};

Verdict run_fork_choice(const Vector& vector);
Verdict run_gossipsub_handler(const Vector& vector);
Verdict run_justifiability(const Vector& vector);
Verdict run_networking_codec(const Vector& vector);
Verdict run_slot_clock(const Vector& vector);
Verdict run_ssz(const Vector& vector);
Verdict run_state_transition(const Vector& vector);

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

/// Compares an outcome with the reason for which the vector expects a refusal; without a reason it
/// must be a success. Names are compared exactly.
Verdict expect_outcome(const Result<void, Rejection>& outcome, const json::value* expected_reason);

}  // namespace lepton::spec
