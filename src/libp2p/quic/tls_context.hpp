// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The TLS side of every connection: one certificate, one cipher policy, and the rule that both
// sides prove a libp2p identity. One thread.
#pragma once

#include "libp2p/tls/certificate.hpp"

#include <memory>
#include <string>

namespace lepton::libp2p {

struct Native;

class TlsContext {
  public:
    /// Cost: makes a certificate, about 1 ms.
    explicit TlsContext(const Identity& identity);
    ~TlsContext();

    /// Gives `native` its TLS session. Requires native.conn; must come before the first packet is
    /// read or written.
    void start_session(Native& native, bool is_server) const;

    /// Returns whether the finished handshake of `native` agreed on the protocol libp2p.
    static bool has_agreed_on_libp2p(const Native& native);

  private:
    struct Settings;
    std::unique_ptr<Settings> settings_;
};

}  // namespace lepton::libp2p
