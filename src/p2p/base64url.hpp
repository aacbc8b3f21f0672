// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Base64 with the URL alphabet and without padding (RFC 4648, section 5): the text form of node
// records. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lepton::p2p {

std::string to_base64url(ByteView bytes);

/// Returns the bytes of `text`; nothing for foreign characters, padding, an impossible length, or
/// bits behind the last byte that are not zero.
std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace lepton::p2p
