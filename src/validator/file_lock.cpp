// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lepton::validator {

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Result<FileLock, IoError> FileLock::open(const std::string& path, int flags) {
    const auto fail = [&](std::string_view what) {
        return std::unexpected(IoError{
            fmt::format("{}: cannot {}: {}", path, what, std::generic_category().message(errno))});
    };
    // Without O_NONBLOCK a pipe under this name would hold up the start for ever.
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600);
    if (descriptor < 0) return fail("open it");
    FileLock lock(descriptor);
    struct ::stat status{};
    if (::fstat(descriptor, &status) != 0) return fail("open it");
    if (!S_ISREG(status.st_mode)) {
        return std::unexpected(IoError{path + ": is not a regular file"});
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail("lock it");
        return std::unexpected(IoError{fmt::format(
            "{}: is in use by another process: two nodes must never sign with the same keys",
            path)});
    }
    return lock;
}

}  // namespace lepton::validator
