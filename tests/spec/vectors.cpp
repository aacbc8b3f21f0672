// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/vectors.hpp"

#include "spec/formats.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace lepton::spec {
namespace {

namespace fs = std::filesystem;
using Handler = Verdict (*)(const Vector&);

const std::map<std::string_view, Handler>& handlers() {
    static const std::map<std::string_view, Handler> table{
        {"fork_choice_test", run_fork_choice},
        {"gossipsub_handler_test", run_gossipsub_handler},
        {"justifiability_test", run_justifiability},
        {"networking_codec_test", run_networking_codec},
        {"slot_clock_test", run_slot_clock},
        {"ssz_test", run_ssz},
        {"state_transition_test", run_state_transition},
    };
    return table;
}

std::string format_name(std::string_view format) {
    constexpr std::string_view kEnding = "_test";
    if (format.ends_with(kEnding)) format.remove_suffix(kEnding.size());
    return std::string(format);
}

VectorResult result_of(std::string_view format,
                       const std::string& file,
                       std::string_view id,
                       const Verdict& verdict) {
    return {format_name(format),
            file,
            std::string(id),
            verdict ? VectorResult::Status::passed : VectorResult::Status::failed,
            verdict ? std::string() : verdict.error()};
}

/// Walks a folder and collects results.
class FolderRun {
  public:
    FolderRun(fs::path folder, const Skips& skips) : folder_(std::move(folder)), skips_(skips) {}

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
            results_.push_back({"unknown",
                                relative(file),
                                name,
                                VectorResult::Status::skipped,
                                "no handler for this kind of file"});
        }
    }

    void run_json(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        boost::system::error_code error;
        const json::value root = json::parse(text, error);
        if (!stream || error || !root.is_object()) {
            results_.push_back(result_of("unreadable",
                                         relative(file),
                                         "",
                                         std::unexpected(std::string("not a JSON object"))));
            return;
        }
        for (const auto& member : root.get_object()) run_case(file, member.key(), member.value());
    }

    void run_case(const fs::path& file, std::string_view id, const json::value& value) {
        std::string format = "unreadable";
        std::string note;
        Verdict verdict;
        try {
            const json::object& body = as_object(value);
            format = as_string(at(as_object(at(body, "_info")), "fixtureFormat"));
            if (const auto skip = skips_.vectors.find(id); skip != skips_.vectors.end()) {
                add_skipped(format, file, id, skip->second);
                return;
            }
            const auto outcome = run_vector(format, id, body, exemptions(id), note);
            if (!outcome) {
                add_skipped(format, file, id, "no handler for this format");
                return;
            }
            verdict = *outcome;
        } catch (const BadVector& error) {
            verdict = std::unexpected(std::string(error.what()));
        }
        VectorResult result = result_of(format, relative(file), id, verdict);
        if (verdict) result.reason = note;
        for (const auto& [member, reason] : exemptions(id)) {
            if (verdict) result.reason += fmt::format("{} not compared: {}. ", member, reason);
        }
        results_.push_back(std::move(result));
    }

    const Exemptions& exemptions(std::string_view id) const {
        static const Exemptions kNone;
        const auto at = skips_.members.find(id);
        return at == skips_.members.end() ? kNone : at->second;
    }

    void add_skipped(std::string_view format,
                     const fs::path& file,
                     std::string_view id,
                     std::string reason) {
        results_.push_back({format_name(format),
                            relative(file),
                            std::string(id),
                            VectorResult::Status::skipped,
                            std::move(reason)});
    }

    void add(std::string_view format,
             const fs::path& file,
             const std::vector<NamedVerdict>& verdicts) {
        for (const auto& [id, verdict] : verdicts) {
            results_.push_back(result_of(format, relative(file), id, verdict));
        }
    }

    std::string relative(const fs::path& file) const {
        return fs::relative(file, folder_).string();
    }

    fs::path folder_;
    const Skips& skips_;
    std::vector<VectorResult> results_;
};

}  // namespace

std::optional<Verdict> run_vector(std::string_view format,
                                  std::string_view id,
                                  const json::object& vector,
                                  const Exemptions& exempt,
                                  std::string& note) {
    const auto handler = handlers().find(format);
    if (handler == handlers().end()) return std::nullopt;
    try {
        return handler->second(Vector{id, vector, exempt, note});
    } catch (const BadVector& error) {
        return std::unexpected(fmt::format("malformed vector: {}", error.what()));
    }
}

std::vector<VectorResult> run_folder(const fs::path& folder, const Skips& skips) {
    return FolderRun(folder, skips).run();
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

Verdict expect_outcome(const Result<void, Rejection>& outcome, const json::value* expected_reason) {
    const std::string expected(expected_reason == nullptr ? "success"
                                                          : as_string(*expected_reason));
    const std::string actual(outcome ? "success" : to_string(outcome.error()));
    return expect_equal("outcome", actual, expected);
}

}  // namespace lepton::spec
