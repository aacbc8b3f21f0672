// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/tls_context.hpp"

#include "base/assert.hpp"
#include "libp2p/quic/native.hpp"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <string_view>

namespace lepton::libp2p {
namespace {

// TLS 1.3 alone; the compatibility mode of TLS over TCP is not allowed in QUIC. The server's order
// of ciphers wins: some clients put ChaCha20 first, which costs nine times as much here. No RSA
// certificates: their keys may be made costly.
constexpr const char* kPriority =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
    "-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-EDDSA-ED25519:"
    "%DISABLE_TLS13_COMPAT_MODE:%SERVER_PRECEDENCE";

constexpr std::string_view kProtocol = "libp2p";

gnutls_datum_t datum(ByteView bytes) {
    return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

/// GnuTLS fails in what is checked with this only when it has no memory.
void require(int status) {
    LEPTON_ASSERT(status >= 0, gnutls_strerror(status));
}

PeerCheck& check_of(gnutls_session_t session) {
    auto* ref = static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session));
    return static_cast<Native*>(ref->user_data)->check;
}

int refuse(PeerCheck& check, CertificateError error) {
    check.error = error;
    return GNUTLS_E_CERTIFICATE_ERROR;
}

/// Runs before GnuTLS parses the peer's Certificate message: whatever the strict reader does not
/// understand never reaches the library's own X.509 code.
int on_certificate_message(gnutls_session_t session,
                           unsigned /*type*/,
                           unsigned /*when*/,
                           unsigned incoming,
                           const gnutls_datum_t* message) {
    if (incoming == 0) return 0;
    PeerCheck& check = check_of(session);
    const auto certificate = only_certificate({message->data, message->size});
    if (!certificate) {
        // GnuTLS itself answers the lack of one, with the alert that names it.
        if (certificate.error() == CertificateError::no_certificate) return 0;
        return refuse(check, certificate.error());
    }
    const auto fields = parse_certificate(*certificate);
    if (!fields) return refuse(check, fields.error());
    return 0;
}

/// Runs after the peer has proven that it owns the certificate's key and before this side finishes
/// the handshake, on both roles.
int on_verify(gnutls_session_t session) {
    PeerCheck& check = check_of(session);
    unsigned count = 0;
    const gnutls_datum_t* list = gnutls_certificate_get_peers(session, &count);
    if (list == nullptr || count == 0) return refuse(check, CertificateError::no_certificate);
    if (count > 1) return refuse(check, CertificateError::more_than_one);
    auto peer = verify_certificate({list[0].data, list[0].size}, check.clock.unix_ms());
    if (!peer) return refuse(check, peer.error());
    if (check.expected && peer->peer_id != *check.expected) {
        return refuse(check, CertificateError::wrong_peer);
    }
    check.peer = std::move(*peer);
    return 0;
}

}  // namespace

struct TlsContext::Settings {
    gnutls_certificate_credentials_t credentials = nullptr;
    gnutls_priority_t priority = nullptr;

    ~Settings() {
        if (priority != nullptr) gnutls_priority_deinit(priority);
        if (credentials != nullptr) gnutls_certificate_free_credentials(credentials);
    }
};

TlsContext::TlsContext(const Identity& identity) : settings_(std::make_unique<Settings>()) {
    const OwnCertificate own = make_certificate(identity);
    require(gnutls_certificate_allocate_credentials(&settings_->credentials));
    const gnutls_datum_t certificate = datum(own.certificate_der);
    const gnutls_datum_t key = datum(own.private_key_der);
    require(gnutls_certificate_set_x509_key_mem2(
        settings_->credentials, &certificate, &key, GNUTLS_X509_FMT_DER, nullptr, 0));
    gnutls_certificate_set_verify_function(settings_->credentials, on_verify);
    require(gnutls_priority_init(&settings_->priority, kPriority, nullptr));
}

TlsContext::~TlsContext() = default;

void TlsContext::start_session(Native& native, bool is_server) const {
    LEPTON_ASSERT(native.conn != nullptr && native.tls == nullptr);
    // No tickets: a resumed session carries no certificate, so no peer id. No early data either.
    const unsigned flags =
        (is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) | static_cast<unsigned>(GNUTLS_NO_TICKETS) |
        static_cast<unsigned>(GNUTLS_NO_AUTO_SEND_TICKET) |
        static_cast<unsigned>(GNUTLS_NO_END_OF_EARLY_DATA) | static_cast<unsigned>(GNUTLS_NONBLOCK);
    require(gnutls_init(&native.tls, flags));
    require(gnutls_priority_set(native.tls, settings_->priority));
    require(is_server ? ngtcp2_crypto_gnutls_configure_server_session(native.tls)
                      : ngtcp2_crypto_gnutls_configure_client_session(native.tls));
    gnutls_session_set_ptr(native.tls, &native.ref);
    require(gnutls_credentials_set(native.tls, GNUTLS_CRD_CERTIFICATE, settings_->credentials));
    const gnutls_datum_t protocol = datum(as_bytes(kProtocol));
    require(gnutls_alpn_set_protocols(native.tls, &protocol, 1, GNUTLS_ALPN_MANDATORY));
    if (is_server) gnutls_certificate_server_set_request(native.tls, GNUTLS_CERT_REQUIRE);
    gnutls_handshake_set_hook_function(
        native.tls, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE, on_certificate_message);
    ngtcp2_conn_set_tls_native_handle(native.conn, native.tls);
}

bool TlsContext::has_agreed_on_libp2p(const Native& native) {
    // GnuTLS refuses another protocol by itself, but lets a client pass that names none.
    gnutls_datum_t selected{};
    return gnutls_alpn_get_selected_protocol(native.tls, &selected) == 0 &&
           as_text({selected.data, selected.size}) == kProtocol;
}

}  // namespace lepton::libp2p
