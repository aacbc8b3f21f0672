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
            const auto decoder = of_swarm.make_request_decoder();
            std::vector<Bytes> messages;
            for (const ByteView piece : pieces) {
                const auto fed = decoder->feed(piece, messages);
                if (!fed) return std::tuple(messages, std::optional(fed.error()));
            }
            return std::tuple(messages, std::optional<libp2p::DecodeError>{});
        });
        const auto& messages = std::get<0>(outcome);
        LEPTON_ASSERT(messages.size() <= 1 && (messages.empty() || !std::get<1>(outcome)));

        const Allocated allocated;
        std::vector<Bytes> ignored;
        (void)of_swarm.make_request_decoder()->feed(input, ignored);
        // As for snappy_frame.
        LEPTON_ASSERT(allocated.bytes() <= 100 * input.size() + kSnappyChunkSizeMax + 4096);

        for (const Bytes& message : messages) {
            LEPTON_ASSERT(message.size() <= request_size_max(protocol));
            PayloadDecoder again(request_size_max(protocol));
            const Bytes encoded = encode_request(message);
            const auto used = again.feed(encoded);
            // An empty payload is complete with its size.
            LEPTON_ASSERT(used == (message.empty() ? 1 : encoded.size()));
            LEPTON_ASSERT(again.is_done() && again.take() == message);
            switch (protocol) {
                case RequestProtocol::status:
                    is_canonical<Status>(message, kTestSizes);
                    break;
                case RequestProtocol::blocks_by_root:
                    is_canonical<BlocksByRootRequest>(message, kTestSizes);
                    break;
                case RequestProtocol::blocks_by_range:
                    is_canonical<BlocksByRangeRequest>(message, kTestSizes);
                    break;
            }
        }
    }
}

std::vector<Bytes> seeds() {
    const Bytes status = encode_request(ssz::encode(Status{}));
    Bytes longer = status;
    append(longer, status);
    return {status,
            longer,
            encode_request(ssz::encode(BlocksByRootRequest{{root_of(1), root_of(2)}})),
            encode_request(ssz::encode(BlocksByRangeRequest{Slot{3}, 64})),
            {0},
            bytes_of_hex("ffffffffffffffffff01"),
            bytes_of_hex("80808080808080808080"),
            Bytes(status.begin(), status.begin() + 20)};
}

const Registration kTarget({"request_codec", 256, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
