// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// `lepton node`: reads the files, opens the database, starts every component in order, waits, and
// stops them in reverse. The only place that sees everything. Called once, on the main thread.
#pragma once

#include "node/options.hpp"

namespace lepton::node {

/// Exit code for a wrong flag or file; the others are those of the actor system
/// (actor/exit_reason.hpp) and kExitEnvironment (assembly.hpp).
inline constexpr int kExitConfig = 2;

/// Runs a node until SIGINT, SIGTERM or a failure and returns the process exit code: 0 after a
/// signal, 2 for a wrong flag or file, 74 when the disk, a port or a socket failed, else the actor
/// system's. Whatever is not 0 has one line on stderr that says why.
int run_node(const NodeOptions& options);

}  // namespace lepton::node
