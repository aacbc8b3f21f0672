// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The last line of a process that an exception ends: which thread it left, and what it said.
#pragma once

namespace lepton::node {

/// From now on an exception that leaves a thread is written to stderr, with the thread's name,
/// before the process aborts. Any thread, once.
void name_threads_that_throw();

}  // namespace lepton::node
