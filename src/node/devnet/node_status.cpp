// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/node_status.hpp"

#include "api/http_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace lepton::node {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(1);
constexpr std::size_t kTailSize = 64 * 1024;
/// Above every slot and count; whole numbers are exact below.
constexpr double kMetricMax = 1e15;

/// Returns the value of the sample `name` (labels and all) in Prometheus text.
std::optional<std::uint64_t> metric(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
        const bool at_line_start = at == 0 || text[at - 1] == '\n';
        const std::size_t value_at = at + name.size();
        if (!at_line_start || value_at >= text.size() || text[value_at] != ' ') continue;
        const std::string_view rest =
            text.substr(value_at + 1, text.find('\n', value_at) - value_at - 1);
        double value = 0;
        const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        // Also refuses what is not a number.
        if (parsed.ec != std::errc{} || !(value >= 0 && value < kMetricMax)) return std::nullopt;
        return static_cast<std::uint64_t>(value);
    }
    return std::nullopt;
}

/// Returns the sum of all samples of the family `name`, whatever their labels.
std::uint64_t metric_sum(std::string_view text, std::string_view name) {
    std::uint64_t sum = 0;
    const std::string prefix = fmt::format("{}{{", name);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(prefix)) {
            if (auto value = metric(line, line.substr(0, line.rfind(' ')))) sum += *value;
        }
        at = end + 1;
    }
    return sum + metric(text, name).value_or(0);
}

}  // namespace

Result<NodeStatus, IoError> parse_node_status(std::string_view fork_choice_json,
                                              std::string_view metrics_text) {
    NodeStatus status;
    boost::system::error_code error;
    const auto json = boost::json::parse({fork_choice_json.data(), fork_choice_json.size()}, error);
    if (error) return std::unexpected(IoError{"fork_choice: no JSON: " + error.message()});
    try {
        status.head_root = std::string(json.at("head").as_string()).substr(0, 10);
        status.justified_slot = json.at("justified").at("slot").to_number<std::uint64_t>();
        status.finalized_slot = json.at("finalized").at("slot").to_number<std::uint64_t>();
    } catch (const std::exception& problem) {
        return std::unexpected(IoError{fmt::format("fork_choice: {}", problem.what())});
    }
    const auto slot = metric(metrics_text, "lean_current_slot");
    const auto head_slot = metric(metrics_text, "lean_head_slot");
    if (!slot || !head_slot) {
        return std::unexpected(IoError{"metrics: lean_current_slot or lean_head_slot is missing"});
    }
    status.slot = *slot;
    status.head_slot = *head_slot;
    status.peers = metric_sum(metrics_text, "lean_connected_peers");
    return status;
}

Result<NodeStatus, IoError> ask_node_status(std::uint16_t api_port, std::uint16_t metrics_port) {
    const auto fork_choice = api::http_get("127.0.0.1", api_port, "/lean/v0/fork_choice", kTimeout);
    if (!fork_choice) return std::unexpected(fork_choice.error());
    const auto metrics = api::http_get("127.0.0.1", metrics_port, "/metrics", kTimeout);
    if (!metrics) return std::unexpected(metrics.error());
    return parse_node_status(fork_choice->body, metrics->body);
}

std::vector<std::string> last_lines(const std::string& path, std::size_t count) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return {};
    const auto size = static_cast<std::size_t>(file.tellg());
    const std::size_t tail = std::min(size, kTailSize);
    file.seekg(static_cast<std::streamoff>(size - tail));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
    if (lines.size() > count)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

std::string last_problem(const std::string& log_path) {
    const auto lines = last_lines(log_path, 400);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        for (const std::string_view level : {" warning ", " error "}) {
            const std::size_t at = line->find(level);
            if (at != std::string::npos && at < 32) return line->substr(at + level.size());
        }
    }
    return {};
}

}  // namespace lepton::node
