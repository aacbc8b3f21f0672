// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Secret keys stay in the process.
#pragma once

namespace lepton::node {

/// From now on the process leaves no core file, and no other process of the same user can read its
/// memory or attach to it; the superuser can. Keys and what is computed from them are in many
/// places of a process that signs, so no part of it is fit to be kept. Main thread, first thing.
void leave_no_core_file();

}  // namespace lepton::node
