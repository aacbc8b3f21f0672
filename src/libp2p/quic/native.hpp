// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The ngtcp2 and GnuTLS objects of one connection. Internal: only the .cpp files of quic/ include
// this. One thread.
#pragma once

#include "base/clock.hpp"
#include "libp2p/quic/connection_id.hpp"
#include "libp2p/quic/limits.hpp"
#include "libp2p/quic/memory_budget.hpp"
#include "libp2p/quic/socket_address.hpp"
#include "libp2p/tls/certificate.hpp"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <sys/socket.h>

#include <optional>

namespace lepton::libp2p {

/// What the handshake found out about the peer. Filled by the certificate check of tls_context.cpp.
struct PeerCheck {
    explicit PeerCheck(const Clock& with_clock) : clock(with_clock) {}

    const Clock& clock;
    /// Who must be there; anybody when empty.
    std::optional<PeerId> expected;
    std::optional<VerifiedPeer> peer;
    std::optional<CertificateError> error;
};

struct Native {
    explicit Native(const Clock& clock) : check(clock) {
        ref.get_conn = [](ngtcp2_crypto_conn_ref* r) {
            return static_cast<Native*>(r->user_data)->conn;
        };
        ref.user_data = this;
        ngtcp2_ccerr_default(&close_error);
    }
    ~Native() {
        if (conn != nullptr) ngtcp2_conn_del(conn);
        if (tls != nullptr) gnutls_deinit(tls);
    }
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;

    /// The session's user pointer: the ngtcp2 helper and the certificate check find the rest by it.
    ngtcp2_crypto_conn_ref ref{};
    MemoryBudget memory{limits::kConnectionMemoryMax};
    ngtcp2_mem allocator{};
    ngtcp2_conn* conn = nullptr;
    gnutls_session_t tls = nullptr;
    PeerCheck check;
    /// What the closing packet says.
    ngtcp2_ccerr close_error{};
};

/// A socket address in the form that ngtcp2 borrows.
struct NativeAddress {
    sockaddr_storage storage{};
    ngtcp2_addr addr{};

    explicit NativeAddress(const SocketAddress& address) {
        const unsigned size = address.to_sockaddr(storage);
        ngtcp2_addr_init(&addr, reinterpret_cast<const sockaddr*>(&storage), size);
    }
    NativeAddress(const NativeAddress&) = delete;
    NativeAddress& operator=(const NativeAddress&) = delete;
};

inline ngtcp2_tstamp to_native(Time time) {
    return static_cast<ngtcp2_tstamp>(time.time_since_epoch().count());
}

inline ngtcp2_cid to_native(const ConnectionId& id) {
    ngtcp2_cid cid;
    ngtcp2_cid_init(&cid, id.bytes.data(), id.size);
    return cid;
}

inline ConnectionId from_native(const ngtcp2_cid& cid) {
    return ConnectionId::from({cid.data, cid.datalen});
}

}  // namespace lepton::libp2p
