// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/frame_reader.hpp"

#include "libp2p/varint.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

Bytes frame(std::size_t size, std::uint8_t fill) {
    Bytes out;
    append_varint(out, size);
    out.insert(out.end(), size, fill);
    return out;
}

TEST(FrameReader, frames_come_whole_whatever_the_reads_are) {
    Bytes wire;
    const std::vector<Bytes> expected = {Bytes(3, 1), Bytes{}, Bytes(300, 2), Bytes(1, 3)};
    for (const Bytes& each : expected) {
        append(wire, frame(each.size(), each.empty() ? std::uint8_t{0} : each[0]));
    }
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        FrameReader reader(300);
        std::vector<Bytes> frames;
        for (std::size_t start = 0; start < wire.size(); start += piece) {
            const auto read = ByteView(wire).subspan(start, std::min(piece, wire.size() - start));
            ASSERT_TRUE(
                reader.feed(read, [&](ByteView each) { frames.push_back(to_bytes(each)); }));
        }
        EXPECT_EQ(frames, expected) << piece;
        EXPECT_EQ(reader.partial_size(), 0u);
    }
}

TEST(FrameReader, a_claimed_length_is_checked_before_anything_is_kept) {
    const auto none = [](ByteView) { FAIL(); };
    FrameReader reader(100);
    Bytes large;
    append_varint(large, 101);
    EXPECT_EQ(reader.feed(large, none), std::unexpected(FrameError::too_large));
    FrameReader split(100);
    EXPECT_TRUE(split.feed(Bytes{0xe5}, none));
    EXPECT_EQ(split.feed(Bytes{0x01}, none), std::unexpected(FrameError::too_large));
    EXPECT_EQ(FrameReader(100).feed(Bytes(11, 0x80), none),
              std::unexpected(FrameError::malformed_length));
    FrameReader drip(100);
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(drip.feed(Bytes{0x80}, none)) << i;
    EXPECT_EQ(drip.feed(Bytes{0x80}, none), std::unexpected(FrameError::malformed_length));
}

TEST(FrameReader, what_is_not_whole_is_known) {
    FrameReader reader(1000);
    const Bytes wire = frame(500, 1);
    ASSERT_TRUE(reader.feed(ByteView(wire).first(300), [](ByteView) { FAIL(); }));
    EXPECT_EQ(reader.partial_size(), 298u) << "without the length";
}

}  // namespace
}  // namespace lepton::libp2p
