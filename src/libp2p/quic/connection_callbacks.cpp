// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How ngtcp2 starts a connection of ours, and what it calls us for. None of these functions calls
// the library's writing, closing or stream functions, or the user.
#include "base/assert.hpp"
#include "libp2p/quic/connection.hpp"
#include "libp2p/quic/endpoint.hpp"
#include "libp2p/quic/native.hpp"
#include "libp2p/quic/tls_context.hpp"

#include <array>

namespace lepton::libp2p {
namespace {

constexpr std::array<std::uint32_t, 1> kVersions{NGTCP2_PROTO_VER_V1};

QuicConnection& connection_of(void* user_data) {
    return *static_cast<QuicConnection*>(user_data);
}

void fill_random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
    static_cast<Random*>(context->native_handle)->fill({out, size});
}

ngtcp2_mem allocator_for(MemoryBudget& memory) {
    return {
        &memory,
        [](std::size_t size, void* user_data) {
            return static_cast<MemoryBudget*>(user_data)->allocate(size);
        },
        [](void* block, void* user_data) { static_cast<MemoryBudget*>(user_data)->release(block); },
        [](std::size_t count, std::size_t size, void* user_data) {
            return static_cast<MemoryBudget*>(user_data)->allocate_zeroed(count, size);
        },
        [](void* block, std::size_t size, void* user_data) {
            return static_cast<MemoryBudget*>(user_data)->reallocate(block, size);
        },
    };
}

ngtcp2_settings make_settings(QuicEndpoint& endpoint) {
    ngtcp2_settings settings;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = to_native(endpoint.now());
    settings.handshake_timeout = static_cast<ngtcp2_duration>(limits::kHandshakeTimeout.count());
    settings.rand_ctx.native_handle = &endpoint.random();
    settings.cc_algo = endpoint.options().congestion_control == CongestionControl::bbr
                           ? NGTCP2_CC_ALGO_BBR
                           : NGTCP2_CC_ALGO_CUBIC;
    settings.preferred_versions = kVersions.data();
    settings.preferred_versionslen = kVersions.size();
    settings.available_versions = kVersions.data();
    settings.available_versionslen = kVersions.size();
    // settings.qlog_write stays empty: its code overflows a buffer with what a peer may send
    // (CVE-2026-40170).
    return settings;
}

ngtcp2_transport_params make_parameters() {
    ngtcp2_transport_params parameters;
    ngtcp2_transport_params_default(&parameters);
    parameters.initial_max_data = limits::kConnectionWindow;
    parameters.initial_max_stream_data_bidi_local = limits::kStreamWindow;
    parameters.initial_max_stream_data_bidi_remote = limits::kStreamWindow;
    parameters.initial_max_streams_bidi = limits::kStreamsMax;
    parameters.initial_max_streams_uni = 0;
    parameters.max_idle_timeout = static_cast<ngtcp2_duration>(limits::kIdleTimeout.count());
    parameters.active_connection_id_limit = limits::kActiveConnectionIdsMax;
    parameters.disable_active_migration = 1;
    return parameters;
}

}  // namespace

/// The library's callbacks. `user_data` is the QuicConnection.
struct ConnectionCallbacks {
    static int recv_crypto_data(ngtcp2_conn* conn,
                                ngtcp2_encryption_level level,
                                std::uint64_t offset,
                                const std::uint8_t* data,
                                std::size_t size,
                                void* user_data) {
        if (offset + size > limits::kCryptoDataSizeMax) {
            connection_of(user_data).is_crypto_data_exceeded_ = true;
            return NGTCP2_ERR_CRYPTO;
        }
        return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, size, user_data);
    }

    static int handshake_completed(ngtcp2_conn* /*conn*/, void* user_data) {
        return connection_of(user_data).on_handshake_completed() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    }

    static int handshake_confirmed(ngtcp2_conn* /*conn*/, void* user_data) {
        connection_of(user_data).on_handshake_confirmed();
        return 0;
    }

    static int stream_open(ngtcp2_conn* /*conn*/, std::int64_t id, void* user_data) {
        connection_of(user_data).on_stream_opened(id);
        return 0;
    }

    static int recv_stream_data(ngtcp2_conn* /*conn*/,
                                std::uint32_t flags,
                                std::int64_t id,
                                std::uint64_t /*offset*/,
                                const std::uint8_t* data,
                                std::size_t size,
                                void* user_data,
                                void* /*stream_user_data*/) {
        QuicConnection& connection = connection_of(user_data);
        connection.count_useful(size);
        if (const auto stream = connection.find_stream(id)) {
            stream->on_received({data, size}, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
        } else {
            connection.return_connection_credit(size);
        }
        return 0;
    }

    static int acked_stream_data_offset(ngtcp2_conn* /*conn*/,
                                        std::int64_t id,
                                        std::uint64_t offset,
                                        std::uint64_t size,
                                        void* user_data,
                                        void* /*stream_user_data*/) {
        QuicConnection& connection = connection_of(user_data);
        connection.count_useful(size);
        if (const auto stream = connection.find_stream(id)) stream->on_acknowledged(offset + size);
        return 0;
    }

    static int stream_close(ngtcp2_conn* /*conn*/,
                            std::uint32_t /*flags*/,
                            std::int64_t id,
                            std::uint64_t /*code*/,
                            void* user_data,
                            void* /*stream_user_data*/) {
        connection_of(user_data).on_stream_closed(id);
        return 0;
    }

    static int stream_reset(ngtcp2_conn* /*conn*/,
                            std::int64_t id,
                            std::uint64_t /*final_size*/,
                            std::uint64_t code,
                            void* user_data,
                            void* /*stream_user_data*/) {
        if (const auto stream = connection_of(user_data).find_stream(id)) {
            stream->on_reset_by_peer(code);
        }
        return 0;
    }

    static int extend_max_stream_data(ngtcp2_conn* /*conn*/,
                                      std::int64_t id,
                                      std::uint64_t /*max_data*/,
                                      void* user_data,
                                      void* /*stream_user_data*/) {
        QuicConnection& connection = connection_of(user_data);
        if (const auto stream = connection.find_stream(id)) {
            stream->set_blocked(false);
            connection.schedule_write(*stream);
        }
        return 0;
    }

    static int get_new_connection_id(ngtcp2_conn* /*conn*/,
                                     ngtcp2_cid* id,
                                     std::uint8_t* token,
                                     std::size_t size,
                                     void* user_data) {
        LEPTON_ASSERT(size == limits::kConnectionIdSize);
        QuicConnection& connection = connection_of(user_data);
        const ConnectionId fresh = connection.endpoint_.add_fresh_id(connection);
        connection.ids_.push_back(fresh);
        *id = to_native(fresh);
        const ResetToken reset_token = connection.endpoint_.reset_token_of(fresh);
        std::copy(reset_token.begin(), reset_token.end(), token);
        return 0;
    }

    static int remove_connection_id(ngtcp2_conn* /*conn*/, const ngtcp2_cid* id, void* user_data) {
        connection_of(user_data).withdraw_id(from_native(*id));
        return 0;
    }

    static int dcid_status(ngtcp2_conn* /*conn*/,
                           ngtcp2_connection_id_status_type type,
                           std::uint64_t /*sequence*/,
                           const ngtcp2_cid* /*id*/,
                           const std::uint8_t* token,
                           void* user_data) {
        if (token == nullptr) return 0;
        ResetToken reset_token;
        std::copy_n(token, reset_token.size(), reset_token.begin());
        connection_of(user_data).on_reset_token(reset_token,
                                                type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE);
        return 0;
    }

    static int recv_stateless_reset(ngtcp2_conn* /*conn*/,
                                    const ngtcp2_pkt_stateless_reset* /*reset*/,
                                    void* user_data) {
        connection_of(user_data).was_reset_statelessly_ = true;
        return 0;
    }

    static ngtcp2_callbacks table() {
        ngtcp2_callbacks table{};
        table.client_initial = ngtcp2_crypto_client_initial_cb;
        table.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
        table.encrypt = ngtcp2_crypto_encrypt_cb;
        table.decrypt = ngtcp2_crypto_decrypt_cb;
        table.hp_mask = ngtcp2_crypto_hp_mask_cb;
        table.recv_retry = ngtcp2_crypto_recv_retry_cb;
        table.update_key = ngtcp2_crypto_update_key_cb;
        table.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
        table.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
        table.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
        table.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
        table.rand = fill_random;
        table.recv_crypto_data = recv_crypto_data;
        table.handshake_completed = handshake_completed;
        table.handshake_confirmed = handshake_confirmed;
        table.stream_open = stream_open;
        table.recv_stream_data = recv_stream_data;
        table.acked_stream_data_offset = acked_stream_data_offset;
        table.stream_close = stream_close;
        table.stream_reset = stream_reset;
        table.extend_max_stream_data = extend_max_stream_data;
        table.get_new_connection_id = get_new_connection_id;
        table.remove_connection_id = remove_connection_id;
        table.dcid_status = dcid_status;
        table.recv_stateless_reset = recv_stateless_reset;
        return table;
    }
};

void QuicConnection::start_native(const IncomingHandshake* incoming) {
    native_->allocator = allocator_for(native_->memory);
    const ngtcp2_callbacks callbacks = ConnectionCallbacks::table();
    ngtcp2_settings settings = make_settings(endpoint_);
    ngtcp2_transport_params parameters = make_parameters();

    const ConnectionId own_id = endpoint_.add_fresh_id(*this);
    ids_.push_back(own_id);
    const ngtcp2_cid own = to_native(own_id);
    const NativeAddress local{endpoint_.local_address()};
    const NativeAddress remote{remote_};
    const ngtcp2_path path{local.addr, remote.addr, nullptr};

    int status = 0;
    if (incoming == nullptr) {
        ConnectionId first_id;
        first_id.size = 16;
        endpoint_.random().fill(MutableByteView{first_id.bytes}.first(first_id.size));
        const ngtcp2_cid first = to_native(first_id);
        status = ngtcp2_conn_client_new(&native_->conn,
                                        &first,
                                        &own,
                                        &path,
                                        NGTCP2_PROTO_VER_V1,
                                        &callbacks,
                                        &settings,
                                        &parameters,
                                        &native_->allocator,
                                        this);
    } else {
        const ngtcp2_pkt_hd& header = incoming->header;
        const ResetToken token = endpoint_.reset_token_of(own_id);
        parameters.stateless_reset_token_present = 1;
        std::copy(token.begin(), token.end(), parameters.stateless_reset_token);
        parameters.original_dcid_present = 1;
        parameters.original_dcid = header.dcid;
        if (incoming->id_before_retry) {
            parameters.original_dcid = to_native(*incoming->id_before_retry);
            parameters.retry_scid_present = 1;
            parameters.retry_scid = header.dcid;
            settings.token = header.token;
            settings.tokenlen = header.tokenlen;
            settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
        }
        // Until it knows a better one, the client sends to the id that it made up.
        const ConnectionId made_up = from_native(header.dcid);
        if (endpoint_.add_id(*this, made_up)) {
            ids_.push_back(made_up);
            original_id_ = made_up;
        }
        status = ngtcp2_conn_server_new(&native_->conn,
                                        &header.scid,
                                        &own,
                                        &path,
                                        header.version,
                                        &callbacks,
                                        &settings,
                                        &parameters,
                                        &native_->allocator,
                                        this);
    }
    LEPTON_ASSERT(status == 0, "out of memory");
    ngtcp2_conn_set_keep_alive_timeout(native_->conn,
                                       static_cast<ngtcp2_duration>(limits::kKeepAlive.count()));
    endpoint_.tls().start_session(*native_, incoming != nullptr);
}

bool QuicConnection::on_handshake_completed() {
    if (!TlsContext::has_agreed_on_libp2p(*native_)) {
        is_protocol_missing_ = true;
        return false;
    }
    // The certificate check has run: without it the library does not come here.
    LEPTON_ASSERT(native_->check.peer.has_value());
    is_handshake_completed_ = true;
    if (!is_outbound_) {
        is_established_ = true;
        endpoint_.on_established(*this);
        if (original_id_) withdraw_id(*std::exchange(original_id_, std::nullopt));
    }
    return true;
}

void QuicConnection::on_handshake_confirmed() {
    if (!is_outbound_ || is_established_) return;
    // Only now is it certain that the listener has accepted this side's certificate.
    is_established_ = true;
    endpoint_.on_established(*this);
}

void QuicConnection::on_stream_opened(std::int64_t id) {
    auto state = std::make_shared<StreamState>(*this, endpoint_.reactor(), id);
    streams_.emplace(id, state);
    new_streams_.push_back(std::move(state));
    endpoint_.mark_dirty(*this);
}

void QuicConnection::on_stream_closed(std::int64_t id) {
    if (ngtcp2_conn_is_local_stream(native_->conn, id) != 0) {
        LEPTON_ASSERT(local_streams_ > 0);
        --local_streams_;
    } else {
        ++withheld_streams_;
    }
    const auto stream = find_stream(id);
    if (!stream) return;
    stream->on_closed();
    if (stream->is_forgotten()) forget_stream(id);
}

void QuicConnection::withdraw_id(const ConnectionId& id) {
    endpoint_.remove_id(id);
    std::erase(ids_, id);
}

void QuicConnection::on_reset_token(const ResetToken& token, bool is_active) {
    if (is_active) {
        if (endpoint_.add_reset_token(*this, token)) reset_tokens_.push_back(token);
    } else if (std::erase(reset_tokens_, token) > 0) {
        endpoint_.remove_reset_token(token);
    }
}

void QuicConnection::count_useful(std::uint64_t size) {
    useful_bytes_ += size;
    datagram_credit_.give(useful_bytes_ / limits::kBytesPerDatagram);
    useful_bytes_ %= limits::kBytesPerDatagram;
}

}  // namespace lepton::libp2p
