// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// `lepton node` as the test driver of the hive simulator: its HTTP server and nothing else of a
// node. Called once, on the main thread.
#pragma once

#include "node/options.hpp"

namespace lepton::node {

/// Returns whether the environment asks for the driver instead of a node.
bool is_test_driver_asked_for();

/// Serves the driver on the API port of `options` until SIGINT, SIGTERM or a failure and returns
/// the process exit code as run_node does. Reads and writes no file.
int run_test_driver(const NodeOptions& options);

}  // namespace lepton::node
