// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Log lines of the form `event key=value`. One process-wide sink, stderr; safe from any thread.
// `info` only for what a peer cannot trigger at will.
#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace lepton::log {

enum class Level { trace, debug, info, warn, error, off };

/// Sets the lowest level that is written. Default: info.
void set_level(Level level);
/// Returns the level that `name` (trace, debug, info, warn, error, off) names.
Result<Level, ConfigError> parse_level(std::string_view name);
bool is_enabled(Level level);
/// Writes one line now.
void write(Level level, std::string_view line);
/// Returns once everything written so far has left the process.
void flush();

template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::trace))
        write(Level::trace, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::debug))
        write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::info))
        write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::warn))
        write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::error))
        write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

/// Returns `text` fit for a log line: quoted, control and non-ASCII bytes as \xNN, at most
/// `size_max` bytes of it. For anything a peer may have chosen.
std::string quoted(std::string_view text, std::size_t size_max = 256);

}  // namespace lepton::log
