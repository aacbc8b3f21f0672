// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The three kinds of error of lepton: a peer or user sent something wrong (Result<T, Rejection> or
// a typed reason), the environment failed (Result<T, IoError>), lepton itself is wrong
// (LEPTON_ASSERT). Any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace lepton {

template <class T, class E>
using Result = std::expected<T, E>;

/// A failure of the environment: disk, socket, file, clock. `what` is one line that names the
/// object (path, address) and what the system said; it reaches the operator as it is.
struct IoError {
    std::string what;

    bool operator==(const IoError&) const = default;
};

/// A wrong file, flag or setting of the operator. `what` is one line: file (and line) or flag, and
/// what was expected.
struct ConfigError {
    std::string what;

    bool operator==(const ConfigError&) const = default;
};

}  // namespace lepton
