// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Disks that fail on order (base/fault.hpp): wrappers of a node's database and signing journal.
// Only in builds with LEPTON_FAULTS. Threads as what is wrapped.
#pragma once

#ifdef LEPTON_FAULTS

#include "storage/backend.hpp"
#include "validator/journal_file.hpp"

#include <memory>

namespace lepton::node {

/// Fault points: disk.storage at each write, disk.storage_read at each view.
std::unique_ptr<storage::Backend> with_faults(std::unique_ptr<storage::Backend> backend);
/// Fault point: disk.journal, at each sync.
std::unique_ptr<validator::JournalFile> with_faults(std::unique_ptr<validator::JournalFile> file);

}  // namespace lepton::node

#endif
