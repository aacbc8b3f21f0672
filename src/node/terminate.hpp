// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The last line of a process: why it did not end well.
#pragma once

#include <string_view>

namespace lepton::node {

/// From now on an exception that leaves a thread is written to stderr, with the thread's name,
/// before the process aborts. Any thread, once.
void name_threads_that_throw();

/// Writes `what` to stderr, behind all that was logged, and returns `code`.
int fail(int code, std::string_view what);

}  // namespace lepton::node
