// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Both forms of snappy, in both directions, against libsnappy and against decoders that follow the
// two format descriptions of google/snappy line by line; the checksum against its polynomial.
#include "base/random.hpp"
#include "base/test_seeds.hpp"
#include "p2p/crc32c.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/snappy_frame.hpp"

#include <gtest/gtest.h>
#include <snappy.h>

#include <algorithm>
#include <optional>

namespace lepton::p2p {
namespace {

using test::for_each_seed;

class Draw {
  public:
    explicit Draw(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.below(bound)); }

    /// Runs of noise, of one byte and of what came before.
    Bytes data(std::size_t size_max) {
        Bytes out;
        const std::size_t size = below(size_max + 1);
        while (out.size() < size) {
            const std::size_t run = 1 + below(below(2) == 0 ? 20 : size);
            if (const std::size_t kind = below(3); kind == 0) {
                Bytes noise(run);
                random_.fill(noise);
                append(out, noise);
            } else if (kind == 1 || out.empty()) {
                out.resize(out.size() + run, static_cast<std::uint8_t>(below(256)));
            } else {
                const std::size_t back = 1 + below(out.size());
                for (std::size_t i = 0; i < run; ++i) out.push_back(out[out.size() - back]);
            }
        }
        out.resize(size);
        return out;
    }
    Bytes damaged(Bytes bytes) {
        if (bytes.empty()) return bytes;
        // The first bytes hold what matters most.
        const std::size_t at =
            below(below(2) == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 24));
        switch (below(4)) {
            case 0:
                bytes.resize(at);
                break;
            case 1:
                bytes[at] = static_cast<std::uint8_t>(below(256));
                break;
            case 2:
                bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << below(8));
                break;
            default:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                             static_cast<std::uint8_t>(below(256)));
                break;
        }
        return bytes;
    }

  private:
    SeededRandom random_;
};

// ---- checksum

/// The remainder of the message, bits in the order of the wire, by the polynomial.
std::uint32_t naive_crc32c(ByteView data) {
    std::uint32_t remainder = ~std::uint32_t{0};
    for (const std::uint8_t byte : data) {
        for (int bit = 0; bit < 8; ++bit) {
            const bool is_odd = ((remainder ^ static_cast<std::uint32_t>(byte >> bit)) & 1) != 0;
            remainder = remainder >> 1 ^ (is_odd ? 0x82f63b78U : 0U);
        }
    }
    return ~remainder;
}

std::uint32_t naive_masked_crc32c(ByteView data) {
    const std::uint32_t crc = naive_crc32c(data);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

TEST(SnappyProperty, checksum_is_the_remainder_by_the_polynomial) {
    for_each_seed<Draw>(100, [](Draw& draw) {
        const Bytes data = draw.data(600);
        // At any alignment.
        const ByteView view = ByteView{data}.subspan(draw.below(data.size() + 1));
        ASSERT_EQ(crc32c(view), naive_crc32c(view)) << to_hex(view);
        ASSERT_EQ(crc32c_portable(view), naive_crc32c(view)) << to_hex(view);
        ASSERT_EQ(masked_crc32c(view), naive_masked_crc32c(view)) << to_hex(view);
    });
}

// ---- raw blocks

std::string library_compress(ByteView data) {
    std::string block;
    snappy::Compress(as_text(data).data(), data.size(), &block);
    return block;
}

/// Source: format_description.txt
std::optional<Bytes> naive_block_decode(ByteView block) {
    const auto take = [&](std::size_t count) -> std::optional<std::uint64_t> {
        if (block.size() < count) return std::nullopt;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{block[i]} << (8 * i);
        block = block.subspan(count);
        return value;
    };
    std::uint64_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = take(1);
        if (!byte || shift > 28 || (shift == 28 && *byte > 15)) return std::nullopt;
        size |= (*byte & 0x7f) << shift;
        if (*byte < 0x80) break;
    }
    Bytes out;
    while (!block.empty()) {
        const std::uint64_t tag = *take(1);
        const std::uint64_t upper = tag >> 2;
        std::uint64_t length = upper + 1;
        std::optional<std::uint64_t> offset;
        switch (tag & 3) {
            case 0:
                if (upper >= 60) {
                    const auto more = take(static_cast<std::size_t>(upper - 59));
                    if (!more) return std::nullopt;
                    length = *more + 1;
                }
                if (length > block.size() || out.size() + length > size) return std::nullopt;
                append(out, block.first(static_cast<std::size_t>(length)));
                block = block.subspan(static_cast<std::size_t>(length));
                continue;
            case 1:
                length = 4 + (upper & 7);
                offset = take(1);
                if (offset) offset = *offset | (tag >> 5) << 8;
                break;
            case 2:
                offset = take(2);
                break;
            default:
                offset = take(4);
                break;
        }
        if (!offset || *offset == 0 || *offset > out.size()) return std::nullopt;
        if (out.size() + length > size) return std::nullopt;
        for (; length > 0; --length) out.push_back(out[out.size() - *offset]);
    }
    if (out.size() != size) return std::nullopt;
    return out;
}

TEST(SnappyProperty, a_block_is_what_the_library_and_the_description_say) {
    for_each_seed<Draw>(60, [](Draw& draw) {
        const Bytes data = draw.data(draw.below(10) == 0 ? 200'000 : 3'000);
        const Bytes ours = snappy_block_encode(data);
        std::string by_library;
        ASSERT_TRUE(snappy::Uncompress(as_text(ours).data(), ours.size(), &by_library));
        EXPECT_EQ(by_library, as_text(data));
        EXPECT_EQ(naive_block_decode(ours), data);
        EXPECT_EQ(snappy_block_decode(as_bytes(library_compress(data)), data.size()).value(), data);
    });
}

TEST(SnappyProperty, a_damaged_block_is_refused_exactly_when_the_description_refuses_it) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for_each_seed<Draw>(40, [&](Draw& draw) {
        const Bytes block = snappy_block_encode(draw.data(300));
        for (int i = 0; i < 100; ++i) {
            const Bytes damaged = draw.damaged(block);
            const auto decoded = snappy_block_decode(damaged, 100'000);
            const auto expected = naive_block_decode(damaged);
            ASSERT_EQ(decoded.has_value(), expected.has_value()) << to_hex(damaged);
            if (decoded) {
                ASSERT_EQ(*decoded, *expected) << to_hex(damaged);
            }
            ++(decoded ? accepted : refused);
        }
    });
    EXPECT_GT(accepted, 1000U);
    EXPECT_GT(refused, 1000U);
}

// ---- frames

struct Decoded {
    enum class Outcome : std::uint8_t { done, refused, unfinished } outcome;
    Bytes data;
    /// Bytes up to where the data was complete.
    std::size_t used = 0;

    bool operator==(const Decoded&) const = default;
};
using Outcome = Decoded::Outcome;

/// Source: framing_format.txt; a stream of `size` bytes of data with at most eight idle chunks.
Decoded naive_frame_decode(ByteView frame, std::size_t size) {
    constexpr std::string_view kIdentifier = "sNaPpY";
    const Decoded refused{Outcome::refused, {}, 0};
    Bytes data;
    std::size_t at = 0;
    bool is_first = true;
    int idle = 0;
    while (data.size() < size) {
        if (frame.size() - at < 4) return {Outcome::unfinished, {}, 0};
        const std::uint8_t type = frame[at];
        const std::size_t length = frame[at + 1] + 256U * frame[at + 2] + 65536U * frame[at + 3];
        const bool is_data = type <= 1;
        const std::size_t length_max = type == 0   ? 4 + 32 + 65536 + 65536 / 6
                                       : type == 1 ? 65540
                                                   : 65536;
        if (is_first && type != 0xff) return refused;
        if (type >= 2 && type < 0x80) return refused;
        if (length > length_max || (is_data && length < 4)) return refused;
        if (type == 0xff && length != 6) return refused;
        if (type >= 0x80 && type != 0xff && ++idle > 8) return refused;
        at += 4;
        if (frame.size() - at < length) return {Outcome::unfinished, {}, 0};
        const ByteView body = frame.subspan(at, length);
        at += length;
        if (type == 0xff) {
            if (as_text(body) != kIdentifier) return refused;
            if (!is_first && ++idle > 8) return refused;
            is_first = false;
        }
        if (!is_data) continue;
        Bytes chunk = to_bytes(body.subspan(4));
        if (type == 0) {
            std::string plain;
            if (!snappy::Uncompress(as_text(chunk).data(), chunk.size(), &plain)) return refused;
            chunk = to_bytes(as_bytes(plain));
        }
        std::uint32_t checksum = 0;
        for (std::size_t i = 4; i-- > 0;) checksum = checksum << 8 | body[i];
        if (checksum != naive_masked_crc32c(chunk) || chunk.size() > 65536) return refused;
        if (chunk.empty() && ++idle > 8) return refused;
        append(data, chunk);
        if (data.size() > size) return refused;
    }
    return {Outcome::done, data, at};
}

/// lepton's decoder, fed in pieces of random sizes.
Decoded decode(ByteView frame, std::size_t size, Draw& draw) {
    SnappyFrameDecoder decoder(size);
    std::size_t used = 0;
    while (!decoder.is_done() && used < frame.size()) {
        const std::size_t piece =
            std::min(frame.size() - used, 1 + draw.below(draw.below(2) == 0 ? 9 : 90'000));
        const auto taken = decoder.feed(frame.subspan(used, piece));
        if (!taken) return {Outcome::refused, {}, 0};
        used += *taken;
    }
    if (!decoder.is_done()) return {Outcome::unfinished, {}, 0};
    return {Outcome::done, decoder.take(), used};
}

void append_chunk(Bytes& out, std::uint8_t type, ByteView body) {
    out.push_back(type);
    for (int shift = 0; shift < 24; shift += 8) {
        out.push_back(static_cast<std::uint8_t>(body.size() >> shift));
    }
    append(out, body);
}

/// A frame as another implementation may write it: chunks of any size, compressed or not, with up
/// to eight idle chunks between them.
Bytes foreign_frame(ByteView data, Draw& draw) {
    Bytes out;
    append_chunk(out, 0xff, as_bytes("sNaPpY"));
    int idle = 0;
    while (!data.empty()) {
        if (idle < 8 && draw.below(4) == 0) {
            ++idle;
            switch (draw.below(4)) {
                case 0:
                    append_chunk(out, 0xff, as_bytes("sNaPpY"));
                    break;
                case 1:
                    append_chunk(out, 0xfe, Bytes(draw.below(100)));
                    break;
                case 2:
                    append_chunk(out, static_cast<std::uint8_t>(0x80 + draw.below(127)), Bytes(3));
                    break;
                default:
                    append_chunk(out, 0x01, Bytes{0xd8, 0xea, 0x82, 0xa2});
                    break;
            }
            continue;
        }
        const std::size_t size_max = std::min<std::size_t>(data.size(), 65536);
        const ByteView chunk = data.first(draw.below(3) == 0 ? 1 + draw.below(size_max) : size_max);
        data = data.subspan(chunk.size());
        Bytes body;
        const std::uint32_t checksum = naive_masked_crc32c(chunk);
        for (int shift = 0; shift < 32; shift += 8) {
            body.push_back(static_cast<std::uint8_t>(checksum >> shift));
        }
        const bool is_compressed = draw.below(2) == 0;
        append(body, is_compressed ? as_bytes(library_compress(chunk)) : chunk);
        append_chunk(out, is_compressed ? 0x00 : 0x01, body);
    }
    return out;
}

TEST(SnappyProperty, frames_of_lepton_and_of_others_hold_their_data) {
    for_each_seed<Draw>(40, [](Draw& draw) {
        const Bytes data = draw.data(draw.below(10) == 0 ? 200'000 : 3'000);
        Bytes ours;
        append_snappy_frame(ours, data);
        const std::size_t used = data.empty() ? 0 : ours.size();
        EXPECT_EQ(naive_frame_decode(ours, data.size()), (Decoded{Outcome::done, data, used}));

        const Bytes theirs = foreign_frame(data, draw);
        const Decoded expected = naive_frame_decode(theirs, data.size());
        ASSERT_EQ(expected.data, data);
        EXPECT_EQ(decode(theirs, data.size(), draw), expected);
    });
}

TEST(SnappyProperty, a_damaged_frame_is_refused_exactly_when_the_description_refuses_it) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for_each_seed<Draw>(120, [&](Draw& draw) {
        const Bytes data = draw.data(200);
        const Bytes frame = foreign_frame(data, draw);
        for (int i = 0; i < 60; ++i) {
            const Bytes damaged = draw.damaged(frame);
            // The size stands in front of the frame on the wire: it may be wrong as well.
            const std::size_t size = draw.below(8) == 0 ? draw.below(300) : data.size();
            const Decoded expected = naive_frame_decode(damaged, size);
            const Decoded decoded = decode(damaged, size, draw);
            ASSERT_TRUE(decoded == expected) << size << " " << to_hex(damaged);
            ++(expected.outcome == Outcome::done ? accepted : refused);
        }
    });
    EXPECT_GT(accepted, 1000U);
    EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace lepton::p2p
