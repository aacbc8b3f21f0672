// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/frame_reader.hpp"
#include "libp2p/varint.hpp"

#include <optional>
#include <tuple>

namespace lepton::fuzz {
namespace {

using namespace libp2p;

/// Large, so that a claim of it would be seen in what is allocated.
constexpr std::size_t kFrameSizeMax = 1 << 20;

void run(ByteView input) {
    const auto outcome = same_in_pieces(input, [](const auto& pieces) {
        FrameReader reader(kFrameSizeMax);
        std::vector<Bytes> frames;
        for (const ByteView piece : pieces) {
            const auto fed =
                reader.feed(piece, [&](ByteView frame) { frames.push_back(to_bytes(frame)); });
            if (!fed) return std::tuple(frames, std::optional(fed.error()), std::size_t{0});
        }
        return std::tuple(frames, std::optional<FrameError>{}, reader.partial_size());
    });

    const auto& frames = std::get<0>(outcome);
    FrameReader reader(kFrameSizeMax);
    const Allocated allocated;
    (void)reader.feed(input, [](ByteView) {});
    LEPTON_ASSERT(allocated.bytes() <= 2 * input.size() + 128);

    Bytes stream;
    for (const Bytes& frame : frames) {
        append_varint(stream, frame.size());
        append(stream, frame);
    }
    LEPTON_ASSERT(stream.size() + std::get<2>(outcome) <= input.size());
    std::size_t count = 0;
    FrameReader again(kFrameSizeMax);
    const auto fed = again.feed(
        stream, [&](ByteView frame) { LEPTON_ASSERT(to_bytes(frame) == frames.at(count++)); });
    LEPTON_ASSERT(fed && count == frames.size() && again.partial_size() == 0);
}

std::vector<Bytes> seeds() {
    return {{3, 1, 2, 3, 0, 1, 9},
            {0x80, 1, 5},
            {0x80, 0x80, 0x40},
            {0x81, 0x80, 0x40},
            Bytes(11, 0x80)};
}

const Registration kTarget({"frame_reader", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
