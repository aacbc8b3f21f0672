// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A peer made of ngtcp2 and GnuTLS alone, without lepton's rules: for tests of what a hostile or
// broken peer can do. One connection; one thread.
#pragma once

#include "libp2p/quic/datagram_socket.hpp"
#include "libp2p/quic/native.hpp"
#include "libp2p/quic/test_peers.hpp"
#include "libp2p/tls/certificate.hpp"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace lepton::libp2p::test {

struct RawOptions {
    /// What it shows; nothing when empty.
    std::vector<OwnCertificate> certificates{};
    /// The protocol it offers; none when empty.
    std::string protocol = "libp2p";
    std::uint32_t version = NGTCP2_PROTO_VER_V1;
    /// May change the content of every packet before it is encrypted; `header` is its first part.
    std::function<void(ByteView header, MutableByteView content)> on_encrypt{};
    /// A listener that sends this much of a stream before the dialler has proven anything.
    std::size_t early_bytes = 0;
    std::uint64_t streams_max = 100;
    std::uint64_t window = 1 << 20;
};

class RawPeer final : public DatagramReceiver {
  public:
    RawPeer(World& in_world, const SocketAddress& address, RawOptions with)
        : world(in_world),
          options(std::move(with)),
          socket(world.network.sockets()(address).value()) {
        socket->start(*this);
        EXPECT_EQ(gnutls_certificate_allocate_credentials(&credentials_), 0);
        if (!options.certificates.empty()) add_certificates();
        // Accepts whatever the other side shows.
        gnutls_certificate_set_verify_function(credentials_, [](gnutls_session_t) { return 0; });
    }
    ~RawPeer() override {
        world.reactor.cancel(timer_);
        native.reset();
        gnutls_certificate_free_credentials(credentials_);
    }
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;

    void dial(const SocketAddress& to) {
        remote = to;
        start(nullptr);
        flush();
    }

    void on_datagram(const Datagram& datagram) override {
        if (ended) return;
        remote = datagram.remote;
        if (!native) {
            ngtcp2_pkt_hd header{};
            if (ngtcp2_accept(&header, datagram.payload.data(), datagram.payload.size()) != 0) {
                return;
            }
            start(&header);
        }
        const NativeAddress local_address{socket->local_address()}, remote_address{remote};
        const ngtcp2_path path{local_address.addr, remote_address.addr, nullptr};
        const ngtcp2_pkt_info info{};
        status = ngtcp2_conn_read_pkt(
            native->conn, &path, &info, datagram.payload.data(), datagram.payload.size(), now());
        if (status != 0) {
            ended = true;
            const ngtcp2_ccerr* error = ngtcp2_conn_get_ccerr(native->conn);
            close_code = error->error_code;
        }
    }
    void on_batch_end() override { flush(); }
    void on_sendable() override {}

    /// Writes what may be written, stream data included.
    void flush() {
        if (!native || ended) return;
        if (early_stream < 0 && options.early_bytes > 0 && ngtcp2_conn_is_server(native->conn)) {
            if (ngtcp2_conn_open_bidi_stream(native->conn, &early_stream, nullptr) != 0) {
                early_stream = -1;
            } else {
                to_send.emplace_back(early_stream, Bytes(options.early_bytes, 0));
            }
        }
        for (;;) {
            std::array<std::uint8_t, 1452> packet;
            ngtcp2_path_storage path;
            ngtcp2_path_storage_zero(&path);
            ngtcp2_pkt_info info{};
            ngtcp2_ssize taken = -1;
            ngtcp2_vec vector{};
            std::int64_t id = -1;
            if (!to_send.empty()) {
                id = to_send.front().first;
                vector = {to_send.front().second.data(), to_send.front().second.size()};
            }
            current() = this;
            const ngtcp2_ssize size = ngtcp2_conn_writev_stream(native->conn,
                                                                &path.path,
                                                                &info,
                                                                packet.data(),
                                                                packet.size(),
                                                                &taken,
                                                                0,
                                                                id,
                                                                &vector,
                                                                id >= 0 ? 1 : 0,
                                                                now());
            if (taken >= 0) {
                sent.push_back(std::move(to_send.front().second));
                to_send.pop_front();
            }
            if (size <= 0) break;
            ++datagrams_sent;
            socket->send(remote, {}, ByteView{packet}.first(static_cast<std::size_t>(size)), 1452);
        }
        ngtcp2_conn_update_pkt_tx_time(native->conn, now());
        set_timer();
    }

    std::int64_t open_stream(Bytes content) {
        std::int64_t id = -1;
        if (ngtcp2_conn_open_bidi_stream(native->conn, &id, nullptr) != 0) return -1;
        to_send.emplace_back(id, std::move(content));
        return id;
    }

    bool is_handshake_completed() const {
        return native && ngtcp2_conn_get_handshake_completed(native->conn) != 0;
    }

    World& world;
    RawOptions options;
    std::unique_ptr<DatagramSocket> socket;
    SocketAddress remote;
    std::unique_ptr<Native> native;
    int status = 0;
    bool ended = false;
    std::uint64_t close_code = 0;
    std::uint64_t datagrams_sent = 0;
    std::int64_t early_stream = -1;
    /// Short-header packets written before the handshake was complete.
    std::uint64_t early_packets = 0;
    std::size_t received_size = 0;
    std::deque<std::pair<std::int64_t, Bytes>> to_send;
    std::vector<Bytes> sent;

  private:
    /// ngtcp2 gives the encryption callback no user data: whose it is, is noted here.
    static RawPeer*& current() {
        static RawPeer* peer = nullptr;
        return peer;
    }

    ngtcp2_tstamp now() const { return to_native(world.reactor.clock().now()); }

    void add_certificates() {
        // As they are: the simpler functions leave out what does not form a chain.
        std::vector<gnutls_pcert_st> chain(options.certificates.size());
        for (std::size_t i = 0; i < chain.size(); ++i) {
            const gnutls_datum_t der = datum(options.certificates[i].certificate_der);
            EXPECT_EQ(gnutls_pcert_import_x509_raw(&chain[i], &der, GNUTLS_X509_FMT_DER, 0), 0);
        }
        gnutls_privkey_t key = nullptr;
        EXPECT_EQ(gnutls_privkey_init(&key), 0);
        const gnutls_datum_t der = datum(options.certificates[0].private_key_der);
        EXPECT_EQ(gnutls_privkey_import_x509_raw(key, &der, GNUTLS_X509_FMT_DER, nullptr, 0), 0);
        // The credentials take over both.
        EXPECT_EQ(gnutls_certificate_set_key(
                      credentials_, nullptr, 0, chain.data(), static_cast<int>(chain.size()), key),
                  0);
    }

    static gnutls_datum_t datum(const Bytes& bytes) {
        return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
    }

    static int encrypt(std::uint8_t* out,
                       const ngtcp2_crypto_aead* aead,
                       const ngtcp2_crypto_aead_ctx* context,
                       const std::uint8_t* content,
                       std::size_t size,
                       const std::uint8_t* nonce,
                       std::size_t nonce_size,
                       const std::uint8_t* header,
                       std::size_t header_size) {
        RawPeer& peer = *current();
        if ((header[0] & 0x80) == 0 && !peer.is_handshake_completed()) ++peer.early_packets;
        Bytes changed(content, content + size);
        if (peer.options.on_encrypt) peer.options.on_encrypt({header, header_size}, changed);
        return ngtcp2_crypto_encrypt_cb(
            out, aead, context, changed.data(), size, nonce, nonce_size, header, header_size);
    }

    void start(const ngtcp2_pkt_hd* header) {
        native = std::make_unique<Native>(world.reactor.clock());
        ngtcp2_callbacks callbacks{};
        callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
        callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
        callbacks.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
        callbacks.encrypt = encrypt;
        callbacks.decrypt = ngtcp2_crypto_decrypt_cb;
        callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
        callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
        callbacks.update_key = ngtcp2_crypto_update_key_cb;
        callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
        callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
        callbacks.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
        callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
        callbacks.rand = [](std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
            static_cast<Random*>(context->native_handle)->fill({out, size});
        };
        callbacks.get_new_connection_id =
            [](ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size, void* user) {
                Random& random = static_cast<RawPeer*>(user)->world.random;
                random.fill({id->data, size});
                id->datalen = size;
                random.fill({token, 16});
                return 0;
            };
        callbacks.recv_stream_data = [](ngtcp2_conn* conn,
                                        std::uint32_t,
                                        std::int64_t id,
                                        std::uint64_t,
                                        const std::uint8_t*,
                                        std::size_t size,
                                        void* user,
                                        void*) {
            static_cast<RawPeer*>(user)->received_size += size;
            ngtcp2_conn_extend_max_stream_offset(conn, id, size);
            ngtcp2_conn_extend_max_offset(conn, size);
            return 0;
        };

        ngtcp2_settings settings;
        ngtcp2_settings_default(&settings);
        settings.initial_ts = now();
        settings.rand_ctx.native_handle = &world.random;
        settings.no_pmtud = 1;
        ngtcp2_transport_params parameters;
        ngtcp2_transport_params_default(&parameters);
        parameters.initial_max_data = options.window;
        parameters.initial_max_stream_data_bidi_local = options.window;
        parameters.initial_max_stream_data_bidi_remote = options.window;
        parameters.initial_max_streams_bidi = options.streams_max;
        parameters.active_connection_id_limit = 4;

        ngtcp2_cid own;
        own.datalen = 8;
        world.random.fill({own.data, own.datalen});
        const NativeAddress local_address{socket->local_address()}, remote_address{remote};
        const ngtcp2_path path{local_address.addr, remote_address.addr, nullptr};
        if (header == nullptr) {
            ngtcp2_cid first;
            first.datalen = 16;
            world.random.fill({first.data, first.datalen});
            EXPECT_EQ(ngtcp2_conn_client_new(&native->conn,
                                             &first,
                                             &own,
                                             &path,
                                             options.version,
                                             &callbacks,
                                             &settings,
                                             &parameters,
                                             nullptr,
                                             this),
                      0);
        } else {
            parameters.original_dcid_present = 1;
            parameters.original_dcid = header->dcid;
            parameters.stateless_reset_token_present = 1;
            world.random.fill(parameters.stateless_reset_token);
            EXPECT_EQ(ngtcp2_conn_server_new(&native->conn,
                                             &header->scid,
                                             &own,
                                             &path,
                                             header->version,
                                             &callbacks,
                                             &settings,
                                             &parameters,
                                             nullptr,
                                             this),
                      0);
        }
        start_tls(header != nullptr);
    }

    void start_tls(bool is_server) {
        EXPECT_EQ(gnutls_init(&native->tls,
                              (is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                                  static_cast<unsigned>(GNUTLS_NO_TICKETS) |
                                  static_cast<unsigned>(GNUTLS_NONBLOCK)),
                  0);
        EXPECT_EQ(
            gnutls_priority_set_direct(
                native->tls, "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE", nullptr),
            0);
        EXPECT_EQ(is_server ? ngtcp2_crypto_gnutls_configure_server_session(native->tls)
                            : ngtcp2_crypto_gnutls_configure_client_session(native->tls),
                  0);
        gnutls_session_set_ptr(native->tls, &native->ref);
        EXPECT_EQ(gnutls_credentials_set(native->tls, GNUTLS_CRD_CERTIFICATE, credentials_), 0);
        if (!options.protocol.empty()) {
            const gnutls_datum_t protocol{reinterpret_cast<unsigned char*>(options.protocol.data()),
                                          static_cast<unsigned>(options.protocol.size())};
            EXPECT_EQ(gnutls_alpn_set_protocols(native->tls, &protocol, 1, 0), 0);
        }
        if (is_server) gnutls_certificate_server_set_request(native->tls, GNUTLS_CERT_REQUEST);
        ngtcp2_conn_set_tls_native_handle(native->conn, native->tls);
    }

    void set_timer() {
        world.reactor.cancel(std::exchange(timer_, 0));
        const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(native->conn);
        if (ended || expiry == UINT64_MAX) return;
        const auto delay = expiry > now() ? expiry - now() : 0;
        timer_ = world.reactor.after(Duration{static_cast<std::int64_t>(delay)}, [this] {
            timer_ = 0;
            status = ngtcp2_conn_handle_expiry(native->conn, now());
            if (status != 0) {
                ended = true;
                return;
            }
            flush();
        });
    }

    gnutls_certificate_credentials_t credentials_ = nullptr;
    TimerId timer_ = 0;
};

}  // namespace lepton::libp2p::test
