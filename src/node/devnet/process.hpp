// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Child processes of the devnet runner. One thread.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

/// How a process ended.
struct ProcessEnd {
    /// As a shell shows it: the exit code, or 128 + signal.
    int exit_code = 0;
    /// The signal that ended it; 0 when it exited by itself.
    int signal = 0;
};

/// Starts `arguments` (the program first) with stdin closed, stdout and stderr appended to
/// `log_path`, in a process group of its own, so that Ctrl-C in the terminal reaches only the
/// runner. Errors: fork or the log file failed. A program that cannot be executed ends with exit
/// code 127.
Result<pid_t, IoError> start_process(const std::vector<std::string>& arguments,
                                     const std::string& log_path);

/// Returns how the child `pid` ended, empty while it runs. Call until it returns a value.
std::optional<ProcessEnd> poll_process(pid_t pid);

/// Returns whether a process with this id exists (child or not).
bool process_exists(pid_t pid);

/// Returns `arguments` as one line for a POSIX shell.
std::string shell_line(const std::vector<std::string>& arguments);

}  // namespace lepton::node
