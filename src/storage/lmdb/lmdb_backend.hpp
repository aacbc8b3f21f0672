// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The database on disk. Views may be taken and used on any thread, one thread each; one thread
// writes. A view holds up the reuse of disk space, so keep none.
#pragma once

#include "storage/backend.hpp"

#include <memory>
#include <string>

namespace lepton::storage {

/// Returns the database in `directory`, which is made if it does not exist (only its owner may read
/// it). Takes an exclusive lock, which ends with the returned object or the process.
/// Errors: in_use (names the process that has it), damaged, io
/// Cost:   reads the tree pages of the database once
Result<std::unique_ptr<Backend>, OpenError> open_lmdb(const std::string& directory);

}  // namespace lepton::storage
