// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the devnet runner knows of one running node: asked over its HTTP API and read from its log.
// One thread.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::node {

/// One answer of a node.
struct NodeStatus {
    std::uint64_t slot = 0;
    std::uint64_t head_slot = 0;
    /// "0x" and eight digits.
    std::string head_root;
    std::uint64_t justified_slot = 0;
    std::uint64_t finalized_slot = 0;
    std::uint64_t peers = 0;

    bool operator==(const NodeStatus&) const = default;
};

/// Asks the node at 127.0.0.1.
/// Errors: no answer within a second, or an answer that is not what lepton nodes give.
Result<NodeStatus, IoError> ask_node_status(std::uint16_t api_port, std::uint16_t metrics_port);

/// Returns the status that the two bodies tell. Separate from ask_node_status for tests.
/// Errors: names the missing field or metric.
Result<NodeStatus, IoError> parse_node_status(std::string_view fork_choice_json,
                                              std::string_view metrics_text);

/// Returns the last `count` lines of a file, without reading more than its last 64 KiB; empty when
/// it cannot be read.
std::vector<std::string> last_lines(const std::string& path, std::size_t count);

/// Returns the last line of level warn or error among the last lines of a node's log, without its
/// time; empty when there is none.
std::string last_problem(const std::string& log_path);

}  // namespace lepton::node
