// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lepton::node {

Result<pid_t, IoError> start_process(const std::vector<std::string>& arguments,
                                     const std::string& log_path) {
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) {
        return std::unexpected(IoError{fmt::format("{}: {}", log_path, std::strerror(errno))});
    }
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    const pid_t pid = ::fork();
    if (pid == 0) {
        // Only async-signal-safe calls from here on.
        ::setpgid(0, 0);
        const int null = ::open("/dev/null", O_RDONLY);
        if (null >= 0) ::dup2(null, STDIN_FILENO);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    const int fork_error = errno;
    ::close(log);
    if (pid < 0) {
        return std::unexpected(IoError{
            fmt::format("cannot start {}: {}", arguments.front(), std::strerror(fork_error))});
    }
    return pid;
}

std::optional<ProcessEnd> poll_process(pid_t pid) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == 0) return std::nullopt;
    if (ended == pid && WIFSIGNALED(status)) {
        return ProcessEnd{.exit_code = 128 + WTERMSIG(status), .signal = WTERMSIG(status)};
    }
    return ProcessEnd{.exit_code = ended == pid ? WEXITSTATUS(status) : 255, .signal = 0};
}

bool process_exists(pid_t pid) {
    return ::kill(pid, 0) == 0 || errno == EPERM;
}

std::string shell_line(const std::vector<std::string>& arguments) {
    std::string line;
    for (const std::string& argument : arguments) {
        if (!line.empty()) line += ' ';
        const bool is_plain = !argument.empty() &&
                              argument.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_./:=,@+") == std::string::npos;
        if (is_plain) {
            line += argument;
            continue;
        }
        line += '\'';
        for (const char c : argument) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

}  // namespace lepton::node
