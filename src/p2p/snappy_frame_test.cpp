// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/snappy_frame.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

Bytes framed(ByteView data) {
    Bytes out;
    append_snappy_frame(out, data);
    return out;
}

Bytes bytes_of(std::initializer_list<ByteView> parts) {
    Bytes out;
    for (const ByteView part : parts) append(out, part);
    return out;
}

const Bytes kIdentifier = framed({});

// Feeds `frame` in pieces of `piece` bytes; the data, or the error.
Result<Bytes, SnappyFrameError> decode(ByteView frame, std::size_t size, std::size_t piece) {
    SnappyFrameDecoder decoder(size);
    while (!frame.empty() && !decoder.is_done()) {
        const ByteView part = frame.first(std::min(piece, frame.size()));
        const auto used = decoder.feed(part);
        if (!used) return std::unexpected(used.error());
        frame = frame.subspan(part.size());
    }
    EXPECT_TRUE(decoder.is_done());
    return decoder.is_done() ? decoder.take() : Bytes{};
}

SnappyFrameError error_of(ByteView frame, std::size_t size = 100) {
    SnappyFrameDecoder decoder(size);
    const auto used = decoder.feed(frame);
    EXPECT_FALSE(used);
    return used ? SnappyFrameError{255} : used.error();
}

TEST(SnappyFrame, round_trip_in_pieces_of_any_size) {
    SeededRandom random(1);
    for (const std::size_t size : {1u, 2u, 4096u, 65535u, 65536u, 65537u, 200000u}) {
        Bytes data(size);
        random.fill(data);
        std::fill(data.begin() + static_cast<std::ptrdiff_t>(size / 2), data.end(), 7);
        const Bytes frame = framed(data);
        for (const std::size_t piece : {1u, 3u, 1000u, 1u << 30}) {
            EXPECT_EQ(decode(frame, size, piece).value(), data) << size << " " << piece;
        }
    }
}

TEST(SnappyFrame, stops_exactly_at_the_declared_length) {
    const Bytes first = framed(as_bytes("first"));
    const Bytes both = bytes_of({first, framed(as_bytes("second"))});
    SnappyFrameDecoder decoder(5);
    EXPECT_EQ(decoder.feed(both).value(), first.size());
    ASSERT_TRUE(decoder.is_done());
    EXPECT_EQ(as_text(decoder.take()), "first");
    SnappyFrameDecoder next(6);
    EXPECT_EQ(next.feed(ByteView{both}.subspan(first.size())).value(), both.size() - first.size());
    EXPECT_EQ(as_text(next.take()), "second");
}

TEST(SnappyFrame, size_zero_takes_nothing) {
    SnappyFrameDecoder decoder(0);
    EXPECT_TRUE(decoder.is_done());
    EXPECT_EQ(decoder.feed(kIdentifier).value(), 0u);
}

TEST(SnappyFrame, incompressible_data_travels_plain) {
    SeededRandom random(3);
    Bytes noise(1000);
    random.fill(noise);
    const Bytes frame = framed(noise);
    EXPECT_EQ(frame.size(), kSnappyIdentifierSize + 8 + 1000);
    EXPECT_EQ(frame[kSnappyIdentifierSize], 0x01);
}

TEST(SnappyFrame, data_that_becomes_a_little_smaller_travels_compressed) {
    SeededRandom random(3);
    Bytes noise(400);
    random.fill(noise);
    std::copy_n(noise.begin(), 30, noise.begin() + 30);
    const Bytes frame = framed(noise);
    EXPECT_LT(frame.size(), kSnappyIdentifierSize + 8 + 400);
    EXPECT_EQ(frame[kSnappyIdentifierSize], 0x00);
}

TEST(SnappyFrame, first_chunk_must_be_the_identifier) {
    EXPECT_EQ(error_of(Bytes(10, 0x00)), SnappyFrameError::bad_identifier);
    EXPECT_EQ(error_of(Bytes{0xff, 0x07, 0x00, 0x00}), SnappyFrameError::bad_identifier);
    Bytes wrong = kIdentifier;
    wrong.back() = 'y';
    EXPECT_EQ(error_of(wrong), SnappyFrameError::bad_identifier);
}

TEST(SnappyFrame, reserved_chunk_types_are_fatal) {
    for (const std::uint8_t type : Bytes{0x02, 0x03, 0x7f}) {
        EXPECT_EQ(error_of(bytes_of({kIdentifier, Bytes{type, 0, 0, 0}})),
                  SnappyFrameError::bad_chunk_type);
    }
}

TEST(SnappyFrame, skippable_chunks_are_skipped_up_to_eight) {
    const Bytes skippable{0x80, 0x03, 0x00, 0x00, 1, 2, 3};
    const Bytes padding{0xfe, 0x00, 0x00, 0x00};
    Bytes frame = kIdentifier;
    for (int i = 0; i < 4; ++i) append(frame, skippable);
    for (int i = 0; i < 3; ++i) append(frame, padding);
    append(frame, framed(as_bytes("data")));  // its identifier, repeated, is the eighth
    EXPECT_EQ(as_text(decode(frame, 4, 5).value()), "data");

    Bytes too_many = kIdentifier;
    for (int i = 0; i < 9; ++i) append(too_many, padding);
    EXPECT_EQ(error_of(too_many), SnappyFrameError::too_many_idle_chunks);
}

TEST(SnappyFrame, empty_data_chunks_cannot_hold_a_reader_for_ever) {
    // A plain chunk without data: its checksum is the masked crc of nothing.
    const Bytes empty{0x01, 0x04, 0x00, 0x00, 0xd8, 0xea, 0x82, 0xa2};
    Bytes frame = kIdentifier;
    for (int i = 0; i < 9; ++i) append(frame, empty);
    EXPECT_EQ(error_of(frame), SnappyFrameError::too_many_idle_chunks);
}

// A published endless loop of another decoder: a compressed chunk of length 4 before the
// identifier.
TEST(SnappyFrame, chunk_without_room_for_data_makes_progress) {
    const Bytes input = from_hex("00040000644e6c717920776f726c64").value();
    ASSERT_EQ(input.size(), 15u);
    EXPECT_EQ(error_of(input), SnappyFrameError::bad_identifier);
    EXPECT_EQ(error_of(bytes_of({kIdentifier, input})), SnappyFrameError::corrupt);
}

TEST(SnappyFrame, chunk_sizes_outside_the_format) {
    EXPECT_EQ(error_of(bytes_of({kIdentifier, Bytes{0x01, 0x03, 0x00, 0x00}})),
              SnappyFrameError::bad_chunk_size);
    EXPECT_EQ(error_of(bytes_of({kIdentifier, Bytes{0x01, 0x05, 0x00, 0x01}})),
              SnappyFrameError::bad_chunk_size);
    EXPECT_EQ(error_of(bytes_of({kIdentifier, Bytes{0x00, 0xff, 0xff, 0xff}})),
              SnappyFrameError::bad_chunk_size);
    EXPECT_EQ(error_of(bytes_of({kIdentifier, Bytes{0x80, 0x01, 0x00, 0x01}})),
              SnappyFrameError::bad_chunk_size);
}

TEST(SnappyFrame, compressed_chunk_that_declares_too_much) {
    // Declares 65537 bytes.
    EXPECT_EQ(
        error_of(bytes_of({kIdentifier, Bytes{0x00, 0x07, 0, 0, 0, 0, 0, 0, 0x81, 0x80, 0x04}}),
                 1'000'000),
        SnappyFrameError::bad_chunk_size);
}

TEST(SnappyFrame, more_data_than_declared) {
    EXPECT_EQ(error_of(framed(Bytes(101)), 100), SnappyFrameError::too_much_data);
    EXPECT_EQ(error_of(framed(Bytes(65537)), 65536 - 1), SnappyFrameError::too_much_data);
}

TEST(SnappyFrame, damaged_data_is_found_by_the_checksum) {
    Bytes frame = framed(as_bytes("payload"));
    frame.back() ^= 1;
    EXPECT_EQ(error_of(frame, 7), SnappyFrameError::bad_checksum);
    frame.back() ^= 1;
    frame[kSnappyIdentifierSize + 4] ^= 1;
    EXPECT_EQ(error_of(frame, 7), SnappyFrameError::bad_checksum);
}

TEST(SnappyFrame, random_damage_never_gives_wrong_data) {
    SeededRandom random(5);
    Bytes data(70000, 3);
    random.fill(MutableByteView{data}.first(500));
    const Bytes frame = framed(data);
    for (int i = 0; i < 2000; ++i) {
        Bytes damaged = frame;
        const std::size_t at = random.below(damaged.size());
        damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (1u << random.below(8)));
        SnappyFrameDecoder decoder(data.size());
        const auto used = decoder.feed(damaged);
        if (used && decoder.is_done()) {
            EXPECT_EQ(decoder.take(), data) << at;
        }
    }
}

}  // namespace
}  // namespace lepton::p2p
