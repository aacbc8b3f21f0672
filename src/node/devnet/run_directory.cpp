// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/run_directory.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<void, IoError> clear_run_directory(const std::string& directory) {
    const fs::path run = directory;
    std::error_code error;
    fs::create_directories(run, error);
    if (error)
        return std::unexpected(IoError{fmt::format("{}: {}", run.string(), error.message())});
    if (fs::is_empty(run, error)) return {};
    if (!fs::exists(run / "devnet.json")) {
        return std::unexpected(IoError{fmt::format(
            "{} is not empty and no devnet ran there (no devnet.json): choose another --run-dir",
            run.string())});
    }
    std::ifstream file(run / "devnet.json");
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    boost::system::error_code json_error;
    const auto earlier = boost::json::parse(text, json_error);
    if (json_error || !earlier.is_array()) {
        return std::unexpected(IoError{fmt::format(
            "{}/devnet.json is not what a devnet writes: choose another --run-dir", run.string())});
    }
    for (const auto& entry : earlier.as_array()) {
        const auto* name = entry.is_object() ? entry.as_object().if_contains("name") : nullptr;
        if (name == nullptr || !name->is_string() ||
            name->as_string().find('/') != std::string::npos) {
            continue;
        }
        fs::remove_all(run / std::string(name->as_string()), error);
    }
    fs::remove_all(run / "genesis", error);
    fs::remove(run / "devnet.json", error);
    if (error)
        return std::unexpected(IoError{fmt::format("{}: {}", run.string(), error.message())});
    return {};
}

}  // namespace lepton::node
