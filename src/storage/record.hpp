// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How values lie in the database: with a checksum that covers where they belong, so that neither a
// changed byte nor a value under another key is ever taken for data. Pure; any thread.
#pragma once

#include "base/bytes.hpp"
#include "storage/backend.hpp"

#include <optional>

namespace lepton::storage {

/// Bytes of the checksum behind each value: the start of a SHA-256 digest.
inline constexpr std::size_t kChecksumSize = 8;

/// Returns `value` with its checksum.
Bytes seal(Table table, ByteView key, Bytes value);

/// Returns the value in `record`, borrowed; nothing when the checksum is wrong.
std::optional<ByteView> unseal(Table table, ByteView key, ByteView record);

}  // namespace lepton::storage
