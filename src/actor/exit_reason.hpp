// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Why an actor ended, and how the process ends because of it. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace lepton::actor {

/// Exit codes of a process that runs a System.
inline constexpr int kExitClean = 0;
inline constexpr int kExitSupervision = 70;    ///< a component failed and could not be restarted
inline constexpr int kExitFatalOverflow = 71;  ///< a class with Overflow::fatal was full
inline constexpr int kExitDeadline = 72;       ///< a handler is stuck, or stopping took too long

/// How the system ended: the exit code and one line that names the component.
struct Exit {
    int code = kExitClean;
    std::string reason;

    bool operator==(const Exit&) const = default;
};

/// Why one incarnation of an actor ended.
struct ExitReason {
    enum class Kind : std::uint8_t {
        normal,    ///< by its own stop()
        shutdown,  ///< by its supervisor
        failed,    ///< by a throw or fail(); the other fields say where
    };
    Kind kind = Kind::normal;
    std::string component;  ///< name of the actor that failed
    std::string message;    ///< type of the message it handled
    std::string what;

    bool is_failure() const { return kind == Kind::failed; }
    /// Returns `component=<name> message=<type> what="<text>"`, safe for a log line.
    std::string text() const;

    bool operator==(const ExitReason&) const = default;
};

/// Tells a watcher that an incarnation of another actor ended.
struct Down {
    std::string name;
    std::uint64_t id = 0;
    std::uint32_t incarnation = 0;
    ExitReason reason;

    bool operator==(const Down&) const = default;
};

}  // namespace lepton::actor
