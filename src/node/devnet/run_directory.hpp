// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Making room for a devnet where another one may have been. Blocking; any thread.
#pragma once

#include "base/result.hpp"

#include <string>

namespace lepton::node {

/// Makes `directory`, or empties it of what an earlier devnet wrote there.
/// Errors: there is something else, which is left alone; it cannot be written
Result<void, IoError> clear_run_directory(const std::string& directory);

}  // namespace lepton::node
