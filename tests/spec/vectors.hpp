// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Runs conformance vectors. A vector is one test case of a file; every one gets a result by name.
// Handlers are found by the format that the vector names, so the same ones can serve vectors from
// elsewhere. One thread.
#pragma once

#include "base/result.hpp"
#include "spec/json.hpp"
#include "spec/key_sets.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::spec {

/// Success, or what differs from the vector's expectation.
using Verdict = Result<void, std::string>;

/// Members of a vector's expectations that are not compared, with the reason.
using Exemptions = std::map<std::string, std::string, std::less<>>;

/// What is not to be judged because it contradicts a later rule that lepton follows.
struct Skips {
    /// Whole vectors by id, with the reason.
    std::map<std::string, std::string, std::less<>> vectors;
    /// Single members by the id of their vector.
    std::map<std::string, Exemptions, std::less<>> members;
};

/// Reads lines "id # reason" and "id member # reason"; an id has no space. Lines that begin with #
/// and blank ones are comments.
Result<Skips, std::string> read_skips(const std::filesystem::path& file);

/// What became of a vector.
struct Outcome {
    enum class Status { passed, failed, skipped };

    Status status = Status::failed;
    /// Why it failed or was skipped, or what was not compared.
    std::string reason;
};

struct VectorResult {
    /// Without the ending "_test".
    std::string format;
    /// Relative to the folder that was given.
    std::string file;
    std::string id;
    Outcome outcome;
};

/// Runs one vector of `format` ("state_transition_test"). It is skipped when there is no handler,
/// when its proofs are placeholders or of a kind that no backend here knows, and when `keys` lacks
/// the key set that it needs.
Outcome run_vector(std::string_view format,
                   std::string_view id,
                   const json::object& vector,
                   const Exemptions& exempt,
                   const KeySets& keys);

/// Opens every file below `folder` and runs what is in it, in the order of the names. README.md
/// files are documentation. A file that cannot be read is a failure.
std::vector<VectorResult> run_folder(const std::filesystem::path& folder, const Skips& skips);

/// Returns a failure for each vector that `skips` names and that is not among `results`, which are
/// those of a whole release: an entry that outlives its vector must go.
std::vector<VectorResult> stale_skips(const Skips& skips, const std::vector<VectorResult>& results);

}  // namespace lepton::spec
