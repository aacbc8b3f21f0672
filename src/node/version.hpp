// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What this program calls itself. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace lepton::node {

/// Returns "lepton/<version><suffix>", as in logs, identify and the metric lean_node_info.
std::string version_text(std::string_view suffix);

}  // namespace lepton::node
