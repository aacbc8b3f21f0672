// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The signing journal's file on a real disk. One thread.
#pragma once

#include "validator/journal_file.hpp"

#include <memory>
#include <string>

namespace lepton::validator {

/// Opens the file at `path`, which is made (mode 0600) when it does not exist, and locks it for the
/// life of the returned object. Symbolic links are refused: the name in the directory is made
/// durable, and each sync checks that it still means this file.
/// Errors: one line with the path; a lock held elsewhere is named as such
Result<std::unique_ptr<JournalFile>, IoError> open_journal_file(const std::string& path);

}  // namespace lepton::validator
