// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "p2p/snappy_frame.hpp"

#include <optional>
#include <tuple>

namespace lepton::fuzz {
namespace {

using namespace p2p;

/// Input: the size that the stream is said to have (three bytes), then the stream.
void run(ByteView input) {
    const std::size_t size = take_number(input, 3);
    const auto outcome = same_in_pieces(input, [&](const auto& pieces) {
        SnappyFrameDecoder decoder(size);
        std::size_t used = 0;
        for (const ByteView piece : pieces) {
            const auto fed = decoder.feed(piece);
            if (!fed) {
                return std::tuple(
                    std::size_t{0}, std::optional(fed.error()), std::optional<Bytes>{});
            }
            used += *fed;
            // What follows the stream is left alone.
            LEPTON_ASSERT(*fed == piece.size() || decoder.is_done());
        }
        return std::tuple(used,
                          std::optional<SnappyFrameError>{},
                          decoder.is_done() ? std::optional(decoder.take()) : std::nullopt);
    });
    const auto& data = std::get<2>(outcome);
    if (data) LEPTON_ASSERT(data->size() == size && std::get<0>(outcome) <= input.size());

    SnappyFrameDecoder decoder(size);
    const Allocated allocated;
    (void)decoder.feed(input);
    // Each chunk of data may be 22 times as large as what it was made of, and moves while the
    // whole grows. One chunk is held, and room is made for one before its bytes prove it right.
    LEPTON_ASSERT(allocated.bytes() <= 100 * input.size() + kSnappyChunkSizeMax + 1024);

    Bytes stream;
    append_snappy_frame(stream, input);
    SnappyFrameDecoder again(input.size());
    LEPTON_ASSERT(input.empty() || again.feed(stream) == stream.size());
    LEPTON_ASSERT(again.is_done() && again.take() == to_bytes(input));
}

Bytes with_size(std::size_t size, ByteView stream) {
    return joined({Bytes{static_cast<std::uint8_t>(size >> 16),
                         static_cast<std::uint8_t>(size >> 8),
                         static_cast<std::uint8_t>(size)},
                   stream});
}

Bytes frame_of(ByteView data) {
    Bytes stream;
    append_snappy_frame(stream, data);
    return stream;
}

std::vector<Bytes> seeds() {
    const Bytes text = bytes_of("some text, some other text");
    const Bytes zeros(3000, 0);
    Bytes padded = frame_of(text);
    append(padded, bytes_of_hex("fe030000010203"));
    return {with_size(text.size(), frame_of(text)),
            with_size(zeros.size(), frame_of(zeros)),
            with_size(text.size() - 1, frame_of(text)),
            with_size(text.size() + 9, padded),
            with_size(0, {}),
            with_size(0xffffff, frame_of(text)),
            with_size(5, bytes_of_hex("ff060000734e61507059000000ff")),
            with_size(5, bytes_of_hex("ff060000734e6150705902010000"))};
}

const Registration kTarget({"snappy_frame", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
