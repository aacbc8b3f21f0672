// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/name_lock.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace lepton::validator {

NameLock::~NameLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

NameLock::NameLock(NameLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

NameLock& NameLock::operator=(NameLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Result<std::optional<NameLock>, IoError> NameLock::take(std::string_view name) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The zero in front makes it a name without a file.
    LEPTON_ASSERT(name.size() < sizeof address.sun_path - 1);
    std::ranges::copy(name, address.sun_path + 1);
    const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + name.size());
    const auto fail = [&] {
        return std::unexpected(IoError{fmt::format(
            "cannot take the name {}: {}", name, std::generic_category().message(errno))});
    };
    NameLock lock(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (lock.descriptor_ < 0) return fail();
    if (::bind(lock.descriptor_, reinterpret_cast<const ::sockaddr*>(&address), size) != 0) {
        if (errno == EADDRINUSE) return std::nullopt;
        return fail();
    }
    return lock;
}

}  // namespace lepton::validator
