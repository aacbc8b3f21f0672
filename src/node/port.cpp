// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lepton::node {

std::string port_error(int type, const std::string& address, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) {
        return address + " is no IPv4 address";
    }
    const int probe = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    // As the servers do: a port that a finished process has left behind is free.
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    std::string error;
    if (probe < 0 || ::bind(probe, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        error = std::strerror(errno);
    }
    if (probe >= 0) ::close(probe);
    return error;
}

}  // namespace lepton::node
