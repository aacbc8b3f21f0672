// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/vectors.hpp"

#include "base/assert.hpp"
#include "spec/formats.hpp"

#include <algorithm>
#include <fstream>
#include <set>

namespace lepton::spec {
namespace {

namespace fs = std::filesystem;
using Handler = Verdict (*)(const Vector&);

const std::map<std::string_view, Handler>& handlers() {
    static const std::map<std::string_view, Handler> table{
        {"api_endpoint_test", run_api_endpoint},
        {"fork_choice_test", run_fork_choice},
        {"gossipsub_handler_test", run_gossipsub_handler},
        {"justifiability_test", run_justifiability},
        {"networking_codec_test", run_networking_codec},
        {"poseidon_permutation_test", run_poseidon_permutation},
        {"reaggregation_test", run_reaggregation},
        {"slot_clock_test", run_slot_clock},
        {"ssz_test", run_ssz},
        {"state_transition_test", run_state_transition},
        {"sync_test", run_sync},
        {"verify_multi_message_proofs_test", run_verify_multi_message_proofs},
        {"verify_signatures_test", run_verify_signatures},
        {"verify_single_message_proofs_test", run_verify_single_message_proofs},
    };
    return table;
}

std::string format_name(std::string_view format) {
    constexpr std::string_view kEnding = "_test";
    if (format.ends_with(kEnding)) format.remove_suffix(kEnding.size());
    return std::string(format);
}

Outcome passed() {
    return {Outcome::Status::passed, {}};
}
Outcome failed(std::string reason) {
    return {Outcome::Status::failed, std::move(reason)};
}
Outcome skipped(std::string reason) {
    return {Outcome::Status::skipped, std::move(reason)};
}
Outcome outcome_of(const Verdict& verdict) {
    return verdict ? passed() : failed(verdict.error());
}

/// Walks a folder and collects results.
class FolderRun {
  public:
    FolderRun(fs::path folder, const Skips& skips)
        : folder_(std::move(folder)), skips_(skips), keys_(find_key_sets(folder_)) {}

    std::vector<VectorResult> run() {
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
            if (!entry.is_directory()) files.push_back(entry.path());
        }
        std::ranges::sort(files);
        for (const fs::path& file : files) run_file(file);
        return std::move(results_);
    }

  private:
    void run_file(const fs::path& file) {
        const std::string name = file.filename().string();
        if (name == "README.md") return;
        if (file.extension() == ".json") {
            run_json(file);
        } else if (name == "secret_key.ssz") {
            add("xmss", file, run_xmss_key(file.parent_path()));
        } else if (fs::exists(file.parent_path() / "secret_key.ssz")) {
            return;  // belongs to the key, which names every file of its folder
        } else if (name == "prod_signatures.txt") {
            add("xmss", file, run_xmss_signatures(file));
        } else if (name == "test_scheme_keys.txt") {
            add("xmss", file, run_xmss_keys(file));
        } else {
            add("unknown", file, name, skipped("no handler for this kind of file"));
        }
    }

    void run_json(const fs::path& file) {
        const auto content = read_json(file);
        if (!content) {
            add("unreadable", file, "", failed(content.error()));
        } else if (is_validator_keys(*content)) {
            add("xmss", file, run_validator_keys(file, *content));
        } else {
            for (const auto& member : *content) run_case(file, member.key(), member.value());
        }
    }

    void run_case(const fs::path& file, std::string_view id, const json::value& value) {
        std::string format = "unreadable";
        Outcome outcome;
        try {
            const json::object& body = as_object(value);
            format = as_string(at(as_object(at(body, "_info")), "fixtureFormat"));
            const auto skip = skips_.vectors.find(id);
            outcome = skip != skips_.vectors.end()
                          ? skipped(skip->second)
                          : run_vector(format, id, body, exemptions(id), keys_);
        } catch (const BadVector& error) {
            outcome = failed(error.what());
        }
        if (outcome.status == Outcome::Status::passed) {
            for (const auto& [member, reason] : exemptions(id)) {
                outcome.reason += fmt::format("{} not compared: {}. ", member, reason);
            }
        }
        add(format, file, id, std::move(outcome));
    }

    const Exemptions& exemptions(std::string_view id) const {
        static const Exemptions kNone;
        const auto at = skips_.members.find(id);
        return at == skips_.members.end() ? kNone : at->second;
    }

    void add(std::string_view format, const fs::path& file, std::string_view id, Outcome outcome) {
        results_.push_back(
            {format_name(format), relative(file), std::string(id), std::move(outcome)});
    }

    void add(std::string_view format,
             const fs::path& file,
             const std::vector<NamedVerdict>& verdicts) {
        for (const auto& [id, verdict] : verdicts) add(format, file, id, outcome_of(verdict));
    }

    std::string relative(const fs::path& file) const {
        return fs::relative(file, folder_).string();
    }

    fs::path folder_;
    const Skips& skips_;
    KeySets keys_;
    std::vector<VectorResult> results_;
};

}  // namespace

Outcome run_vector(std::string_view format,
                   std::string_view id,
                   const json::object& vector,
                   const Exemptions& exempt,
                   const KeySets& keys) {
    const auto handler = handlers().find(format);
    if (handler == handlers().end()) return skipped("no handler for this format");
    try {
        // Whatever the handler makes of them: unknown ones are never overlooked.
        profile_of(vector);
        proof_setting_of(vector);
        std::string note;
        Outcome outcome = outcome_of(handler->second(Vector{id, vector, exempt, keys, note}));
        if (outcome.status == Outcome::Status::passed) outcome.reason = std::move(note);
        return outcome;
    } catch (const BadVector& error) {
        return failed(fmt::format("malformed vector: {}", error.what()));
    } catch (const CannotJudge& error) {
        return skipped(error.what());
    }
}

std::vector<VectorResult> run_folder(const fs::path& folder, const Skips& skips) {
    return FolderRun(folder, skips).run();
}

std::vector<VectorResult> stale_skips(const Skips& skips,
                                      const std::vector<VectorResult>& results) {
    std::set<std::string_view> stale;
    for (const auto& [id, reason] : skips.vectors) stale.insert(id);
    for (const auto& [id, members] : skips.members) stale.insert(id);
    for (const VectorResult& result : results) stale.erase(result.id);
    std::vector<VectorResult> failures;
    for (const std::string_view id : stale) {
        failures.push_back(
            {"skips", "the list of skips", std::string(id), failed("no vector has this id")});
    }
    return failures;
}

Result<Skips, std::string> read_skips(const fs::path& file) {
    Skips skips;
    std::ifstream stream(file);
    if (!stream) return std::unexpected(fmt::format("{} cannot be read", file.string()));
    for (std::string line; std::getline(stream, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        const std::size_t mark = line.find(" # ");
        if (mark == std::string::npos) {
            return std::unexpected(fmt::format("no reason in the line '{}'", line));
        }
        const std::string reason = line.substr(mark + 3);
        const std::string what = line.substr(0, mark);
        const std::size_t space = what.find(' ');
        if (space == std::string::npos) {
            skips.vectors[what] = reason;
        } else {
            skips.members[what.substr(0, space)][what.substr(space + 1)] = reason;
        }
    }
    return skips;
}

NetworkProfile profile_of(const json::object& vector) {
    auto profile = network_profile(fmt::format("leanspec-{}", as_string(at(vector, "leanEnv"))));
    if (!profile) throw BadVector(fmt::format("leanEnv: {}", profile.error().what));
    return *std::move(profile);
}

const crypto::SignatureScheme& scheme_of(const json::object& vector) {
    const auto* scheme = crypto::find_signature_scheme(profile_of(vector).signature_scheme);
    LEPTON_ASSERT(scheme != nullptr, "profiles name schemes that exist");
    return *scheme;
}

ProofSetting proof_setting_of(const json::object& vector) {
    const std::uint64_t number = as_u64(at(vector, "proofSetting"));
    if (number > static_cast<std::uint64_t>(ProofSetting::invalid)) {
        throw BadVector(fmt::format("unknown proofSetting {}", number));
    }
    const auto setting = static_cast<ProofSetting>(number);
    if (setting != ProofSetting::placeholder &&
        (setting == ProofSetting::invalid) != expects_proof_failure(vector)) {
        throw BadVector(fmt::format("proofSetting {} contradicts the rejection reason", number));
    }
    return setting;
}

void vector_members(const Vector& vector, std::initializer_list<std::string_view> names) {
    std::vector<std::string_view> known{"network", "leanEnv", "proofSetting", "_info"};
    known.insert(known.end(), names);
    allow_only(vector.body, known);
}

bool expects_proof_failure(const json::object& vector) {
    const json::value* reason = find(vector, "rejectionReason");
    return reason != nullptr && (as_string(*reason) == to_string(Rejection::INVALID_SIGNATURE) ||
                                 as_string(*reason) == to_string(Rejection::INVALID_BLOCK_PROOF));
}

Verdict expect_outcome(const Result<void, Rejection>& outcome, const json::value* expected_reason) {
    const std::string expected(expected_reason == nullptr ? "success"
                                                          : as_string(*expected_reason));
    const std::string actual(outcome ? "success" : to_string(outcome.error()));
    return expect_equal("outcome", actual, expected);
}

}  // namespace lepton::spec
