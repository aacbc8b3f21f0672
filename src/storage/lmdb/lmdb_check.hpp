// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Finds out whether the data file is a sound tree before LMDB, which trusts every page, maps it: a
// damaged file is then refused with a sentence instead of a crash. Needs no lock, but nobody may
// write meanwhile. Any thread.
#pragma once

#include <optional>
#include <string>

namespace lepton::storage {

/// Returns what is wrong with the LMDB data file at `path`; nothing when it is sound, empty or not
/// there. Values are not looked at: records carry checksums of their own.
/// Cost: reads the tree pages, and the first page of some large values
std::optional<std::string> check_lmdb_file(const std::string& path);

}  // namespace lepton::storage
