// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/request_protocols.hpp"

#include "base/assert.hpp"
#include "p2p/limits.hpp"

#include <memory>

namespace lepton::p2p {
namespace {

libp2p::DecodeError error_of(RequestCodecError error) {
    return error == RequestCodecError::too_large ? libp2p::DecodeError::too_large
                                                 : libp2p::DecodeError::malformed;
}

class RequestReader final : public libp2p::MessageDecoder {
  public:
    explicit RequestReader(std::size_t size_max) : payload_(size_max) {}

    Result<void, libp2p::DecodeError> feed(ByteView bytes, std::vector<Bytes>& out) override {
        if (is_done_ || bytes.empty()) return {};
        has_begun_ = true;
        const auto used = payload_.feed(bytes);
        if (!used) return std::unexpected(error_of(used.error()));
        if (!payload_.is_done()) return {};
        is_done_ = true;
        out.push_back(payload_.take());
        return {};
    }

    bool is_between_messages() const override { return is_done_ || !has_begun_; }

  private:
    PayloadDecoder payload_;
    bool has_begun_ = false;
    bool is_done_ = false;
};

class ResponseReader final : public libp2p::MessageDecoder {
  public:
    explicit ResponseReader(RequestProtocol protocol) : chunks_(protocol) {}

    Result<void, libp2p::DecodeError> feed(ByteView bytes, std::vector<Bytes>& out) override {
        std::vector<ResponseChunk> chunks;
        const auto fed = chunks_.feed(bytes, chunks);
        for (ResponseChunk& chunk : chunks) {
            // The code goes to the end: the payload need not move.
            chunk.payload.push_back(static_cast<std::uint8_t>(chunk.code));
            out.push_back(std::move(chunk.payload));
        }
        if (!fed) return std::unexpected(error_of(fed.error()));
        return {};
    }

    bool is_between_messages() const override { return chunks_.finish().has_value(); }

  private:
    ResponseDecoder chunks_;
};

/// Bytes on the wire of a payload of `size`: its varint, the identifier, chunks that did not get
/// smaller, and some that are to be skipped.
std::size_t wire_size_max(std::size_t size) {
    return 10 + kSnappyIdentifierSize + size + size / 6 + 1024;
}

}  // namespace

libp2p::RequestProtocol swarm_protocol(RequestProtocol protocol) {
    libp2p::RequestProtocol made;
    made.id = protocol_id(protocol);
    made.make_request_decoder = [size = request_size_max(protocol)] {
        return std::make_unique<RequestReader>(size);
    };
    made.make_response_decoder = [protocol] { return std::make_unique<ResponseReader>(protocol); };
    made.request_size_max = wire_size_max(request_size_max(protocol));
    switch (protocol) {
        case RequestProtocol::status:
            // Every ten seconds is usual; each connection adds one.
            made.rate = {8, std::chrono::seconds(10)};
            break;
        case RequestProtocol::blocks_by_root:
            // A peer that walks a chain backwards over a fast network asks some hundred times a
            // second.
            made.concurrency_max = kServeRequestsPerPeerMax;
            made.rate = {256, std::chrono::seconds(1)};
            break;
        case RequestProtocol::blocks_by_range:
            // Twice what lepton itself makes of it while it catches up.
            made.rate = {80, std::chrono::seconds(4)};
            break;
    }
    return made;
}

std::vector<libp2p::RequestProtocol> swarm_protocols() {
    std::vector<libp2p::RequestProtocol> protocols;
    for (const RequestProtocol protocol : kRequestProtocols) {
        protocols.push_back(swarm_protocol(protocol));
    }
    return protocols;
}

ResponseChunk response_chunk(Bytes message) {
    LEPTON_ASSERT(!message.empty());
    const ResponseCode code = response_code(message.back());
    message.pop_back();
    return {code, std::move(message)};
}

}  // namespace lepton::p2p
