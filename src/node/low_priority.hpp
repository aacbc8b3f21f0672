// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For long work that nobody waits for. Any thread.
#pragma once

namespace lepton::node {

/// Lets the calling thread, and threads that it starts, run when the others of the machine leave
/// time (nice 19).
void run_at_low_priority();

}  // namespace lepton::node
