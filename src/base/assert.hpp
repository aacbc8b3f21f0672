// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Assertions about lepton itself; they stay on in release. Never used for what a peer, a user or
// the system did.
#pragma once

#include <string_view>

namespace lepton {

/// Writes the broken expectation to stderr and aborts the process. `detail` holds the values
/// involved.
[[noreturn]] void assertion_failed(const char* expression,
                                   const char* file,
                                   int line,
                                   std::string_view detail) noexcept;

}  // namespace lepton

/// Aborts with the expression (and a text of values, optional) when `condition` does not hold.
#define LEPTON_ASSERT(condition, ...)  \
    (static_cast<bool>(condition)      \
         ? static_cast<void>(0)        \
         : ::lepton::assertion_failed( \
               #condition, __FILE__, __LINE__, std::string_view{__VA_ARGS__}))
