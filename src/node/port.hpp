// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Whether a port can be had. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace lepton::node {

/// Binds the port and lets it go again. Returns why it cannot be had; empty: it can.
/// Input: type: SOCK_DGRAM or SOCK_STREAM; address: IPv4
std::string port_error(int type, const std::string& address, std::uint16_t port);

}  // namespace lepton::node
