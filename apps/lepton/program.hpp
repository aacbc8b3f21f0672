// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The lepton program without its decision about proofs: argument parsing only. Called once, on the
// main thread.
#pragma once

#include "node/options.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace lepton {

/// What differs between a release and a program for test networks.
struct Program {
    node::ProofSystem proofs;
    /// Adds flags to `lepton node` and `lepton check`.
    std::function<void(CLI::App&)> add_node_flags;
    /// See node::NodeOptions.
    bool takes_keys_alone = true;
};

/// A flag of ethlambda whose feature a program does not have.
struct MissingFlag {
    const char* flag;
    const char* what;
    bool takes_value;
};

/// Lets `command` refuse the flag by name, so that nobody believes it works.
void refuse_flag(CLI::App& command, const MissingFlag& missing);

/// Runs the command that `argv` names. Returns the process exit code: 2 for wrong arguments, else
/// that of the command.
int run_program(int argc, char** argv, const Program& program);

}  // namespace lepton
