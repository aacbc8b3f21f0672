// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/request_protocols.hpp"

#include <optional>
#include <tuple>

namespace lepton::fuzz {
namespace {

using namespace p2p;

void run(ByteView input) {
    for (const RequestProtocol protocol : kRequestProtocols) {
        const libp2p::RequestProtocol of_swarm = swarm_protocol(protocol);
        const auto outcome = same_in_pieces(input, [&](const auto& pieces) {
            const auto decoder = of_swarm.make_response_decoder();
            std::vector<Bytes> messages;
            for (const ByteView piece : pieces) {
                const auto fed = decoder->feed(piece, messages);
                if (!fed) return std::tuple(messages, std::optional(fed.error()), false);
            }
            return std::tuple(
                messages, std::optional<libp2p::DecodeError>{}, decoder->is_between_messages());
        });

        const Allocated allocated;
        std::vector<Bytes> ignored;
        (void)of_swarm.make_response_decoder()->feed(input, ignored);
        // As for snappy_frame.
        LEPTON_ASSERT(allocated.bytes() <= 100 * input.size() + kSnappyChunkSizeMax + 4096);

        bool is_over = false;
        for (const Bytes& message : std::get<0>(outcome)) {
            LEPTON_ASSERT(!is_over);  // an error chunk is the last
            const ResponseChunk chunk = response_chunk(message);
            is_over = chunk.code != ResponseCode::success;
            LEPTON_ASSERT(chunk.payload.size() <=
                          (is_over ? kErrorTextSizeMax : response_size_max(protocol)));
            const Bytes encoded = is_over ? encode_error_chunk(chunk.code, as_text(chunk.payload))
                                          : encode_response_chunk(chunk.payload);
            ResponseDecoder again(protocol);
            std::vector<ResponseChunk> chunks;
            LEPTON_ASSERT(again.feed(encoded, chunks) && again.finish());
            LEPTON_ASSERT(chunks == std::vector{chunk});
        }
    }
}

std::vector<Bytes> seeds() {
    const Bytes block = encode_response_chunk(ssz::encode(some_block()));
    const Bytes status = encode_response_chunk(ssz::encode(Status{}));
    const Bytes empty = encode_response_chunk({});
    const Bytes error = encode_error_chunk(ResponseCode::resource_unavailable, "not here");
    return {status,
            joined({block, block}),
            joined({empty, empty, status}),
            joined({status, error, Bytes{1, 2, 3}}),
            error,
            {0, 0xff, 0xff, 0xff, 0xff, 0x0f},
            {255, 0},
            joined({Bytes{0, 0}, bytes_of_hex("ff060000734e61507059"), status})};
}

const Registration kTarget({"response_codec", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
